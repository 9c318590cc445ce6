//! The operation log: what a host finds in its files, and the commits in them.
//!
//! Input: a byte that picks between the two. For files: a byte for how many commits are appended, a byte for each one's
//! length, then edits of three bytes each: where (two bytes, a share of the file), and how (zeros over a sector, or a byte
//! flipped). For commits: the body of a frame.
//!
//! * A commit that is found is the one that was appended; none is found behind one that is missing.
//! * Flipped bits alone never make a commit disappear: it is there, or the log is refused.
//! * Whatever body decodes is encoded to the same.

use std::{
    io,
    sync::{Arc, Mutex},
};

use mpy6a_sessions::store::{
    ChangeSet, StoreError,
    disk::{File, Folder},
    log::{Log, Salt, Survey},
    logged::body,
};

use crate::{Parsed, Target, input::Input, memory::Bound, words};

/// The target.
pub const TARGET: Target = Target { name: "log_segment", input_bytes_max: 512, run, seeds, words: &[] };

/// A list is given room for at most a megabyte before its first element is read, by serde.
const MEMORY: Bound = Bound { factor: 256, base: 2 << 20 };

/// Length of the only file, in bytes.
const FILE_BYTES: usize = 64 << 10;
const SECTOR_BYTES: usize = 512;
/// Most commits: with at most two pages each they fit into the file.
const COMMITS_MAX: u8 = 6;

fn run(bytes: &[u8]) -> Parsed {
    let mut input = Input::new(bytes);
    if input.byte().is_multiple_of(2) { files(&mut input) } else { commit(input.rest()) }
}

fn files(input: &mut Input<'_>) -> Parsed {
    let bodies: Vec<Vec<u8>> =
        (1..=input.byte() % COMMITS_MAX + 1).map(|fill| vec![fill; usize::from(input.byte()) * 24]).collect();
    let salt = Salt([7; 16]);
    let disk = Arc::new(Disk::default());
    let folder = Arc::clone(&disk) as Arc<dyn Folder>;
    let nothing = Survey::new(&folder, &salt, 0).expect("an empty folder");
    let mut log = Log::begin(Arc::clone(&folder), &salt, nothing, 0, FILE_BYTES, 1).expect("a log");
    for body in &bodies {
        log.append(body).expect("room");
    }
    let lost = edit(&disk, input.rest());

    let survey = Survey::new(&folder, &salt, 0);
    if let Err(error) = &survey {
        words::check(&error.to_string());
        assert!(matches!(error, StoreError::Damaged(_) | StoreError::Foreign(_)), "{error}");
        return Parsed::Refused;
    }
    let survey = survey.expect("it is one");
    let found: Vec<_> = survey.frames().map(|number| survey.body(number).expect("it was found").1).collect();
    assert_eq!(found, bodies[..found.len()]);
    assert!(lost || found.len() == bodies.len(), "{} of {} commits are gone", bodies.len() - found.len(), bodies.len());
    Parsed::Accepted
}

/// Harm the file. Answers whether sectors were lost, and not only bits flipped.
fn edit(disk: &Disk, edits: &[u8]) -> bool {
    let mut file = disk.file.lock().unwrap();
    let mut lost = false;
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) * FILE_BYTES / (1 << 16);
        if edit[2] == 0 {
            let sector = at / SECTOR_BYTES * SECTOR_BYTES;
            file[sector..sector + SECTOR_BYTES].fill(0);
            lost = true;
        } else {
            file[at] ^= edit[2];
        }
    }
    lost
}

fn commit(bytes: &[u8]) -> Parsed {
    let decoded = MEMORY.hold(bytes.len(), || body::decode(bytes));
    match &decoded {
        Ok(changes) => {
            let (encoded, again) =
                (encoded(changes), body::decode(&encoded(changes)).expect("what is encoded decodes"));
            assert_eq!(encoded, self::encoded(&again));
        }
        Err(error) => words::check(&error.to_string()),
    }
    Parsed::of(&decoded)
}

fn encoded(changes: &ChangeSet) -> Vec<u8> {
    let mut bytes = Vec::new();
    body::encode(changes, &mut bytes).expect("what decodes is encoded");
    bytes
}

fn seeds() -> Vec<Vec<u8>> {
    let commit = [vec![1], encoded(&ChangeSet::default())].concat();
    vec![vec![0, 2, 1, 200, 3], vec![0, 2, 1, 200, 3, 0, 0x50, 0], commit]
}

/// One file in memory.
#[derive(Debug, Default)]
struct Disk {
    file: Arc<Mutex<Vec<u8>>>,
}

impl Folder for Disk {
    fn names(&self) -> io::Result<Vec<String>> {
        let there = !self.file.lock().unwrap().is_empty();
        Ok(there.then(|| "00000001.log".to_owned()).into_iter().collect())
    }

    fn open(&self, _: &str) -> io::Result<Box<dyn File>> {
        Ok(Box::new(Memory(Arc::clone(&self.file))))
    }

    fn create(&self, name: &str, head: &[u8], bytes: u64) -> io::Result<Box<dyn File>> {
        let mut file = self.file.lock().unwrap();
        file.resize(usize::try_from(bytes).unwrap(), 0);
        file[..head.len()].copy_from_slice(head);
        drop(file);
        self.open(name)
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl File for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.0.lock().unwrap()[from..from + out.len()]);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        self.0.lock().unwrap()[from..from + data.len()].copy_from_slice(data);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
