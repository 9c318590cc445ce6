//! The disk as redb's storage.

use std::{fmt, io, sync::Arc};

use redb::StorageBackend;

use super::Disk;

/// One file of the disk, open in one life of the process.
pub struct Backend {
    disk: Arc<Disk>,
    life: u64,
    name: String,
}

impl Backend {
    pub fn new(disk: Arc<Disk>, life: u64, name: &str) -> Self {
        Self { disk, life, name: name.to_owned() }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in life {}", self.name, self.life)
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.disk.len(self.life, &self.name)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(self.life, &self.name, offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.set_len(self.life, &self.name, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.sync(self.life, &self.name)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.write(self.life, &self.name, offset, data)
    }
}
