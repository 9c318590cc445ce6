//! The disk as the folder of the log.

use std::{fmt, io, sync::Arc};

use mpy6a_sessions::store::disk::{File, Folder};

use super::Disk;

/// All files of the disk whose names begin like this, in one life of the process.
#[derive(Clone)]
pub struct LogFolder {
    disk: Arc<Disk>,
    life: u64,
    prefix: String,
}

impl LogFolder {
    pub fn new(disk: Arc<Disk>, life: u64, name: &str) -> Self {
        Self { disk, life, prefix: format!("{name}/") }
    }

    fn file(&self, name: &str) -> Box<dyn File> {
        Box::new(LogFile { disk: Arc::clone(&self.disk), life: self.life, name: self.path(name) })
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

impl fmt::Debug for LogFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in life {}", self.prefix, self.life)
    }
}

impl Folder for LogFolder {
    fn names(&self) -> io::Result<Vec<String>> {
        let names = self.disk.names(self.life)?;
        Ok(names.iter().filter_map(|name| name.strip_prefix(&self.prefix)).map(str::to_owned).collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.disk.open(self.life, &self.path(name))?;
        Ok(self.file(name))
    }

    fn create(&self, name: &str, head: &[u8], bytes: u64) -> io::Result<Box<dyn File>> {
        self.disk.create(self.life, &self.path(name), head, bytes)?;
        Ok(self.file(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(self.life, &self.path(name))
    }
}

struct LogFile {
    disk: Arc<Disk>,
    life: u64,
    name: String,
}

impl fmt::Debug for LogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in life {}", self.name, self.life)
    }
}

impl File for LogFile {
    fn len(&self) -> io::Result<u64> {
        self.disk.len(self.life, &self.name)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.read(self.life, &self.name, offset, out)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.write(self.life, &self.name, offset, data)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync(self.life, &self.name)
    }
}
