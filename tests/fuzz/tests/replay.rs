//! Every target over its seeds, its corpus and its past findings: what fuzzing found once is tried with every `cargo test`,
//! on any machine, without a fuzzer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use mpy6a_fuzz::{Parsed, TARGETS, Target};

/// Most bytes of corpus and findings in the repository, and of files. `.ci/fuzz` keeps what reaches new code only.
const CORPUS_BYTES_MAX: u64 = 512 << 10;
const CORPUS_FILES_MAX: usize = 1000;

/// A file of the corpus, or a finding.
fn files(folder: &str, target: &Target) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target.name);
    // Not every target has findings.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Run one target over everything that there is for it.
fn replay(name: &str) {
    let target = Target::named(name).expect("a target of this name");
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty());
    for (number, seed) in seeds.iter().enumerate() {
        assert!(seed.len() <= target.input_bytes_max, "seed {number} of {name} is longer than inputs are");
        assert_eq!(
            (target.run)(seed),
            Parsed::Accepted,
            "seed {number} of {name}: {:?}",
            String::from_utf8_lossy(seed)
        );
    }
    let corpus = files("corpus", target);
    assert!(!corpus.is_empty(), "there is no corpus for {name}: run `make fuzz TARGET={name} KEEP=1`");
    for file in corpus.into_iter().chain(files("findings", target)) {
        println!("{}", file.display()); // Shown if it fails.
        (target.run)(&fs::read(&file).unwrap());
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_target_is_replayed() {
            assert_eq!(TARGETS.iter().map(|target| target.name).collect::<Vec<_>>(), [$(stringify!($name)),*]);
        }
    };
}

replays!(config egress ids log_segment manifest plugin recording replies requests rows scenario);

#[test]
fn the_corpus_stays_small() {
    let files: Vec<_> =
        TARGETS.iter().flat_map(|target| [files("corpus", target), files("findings", target)]).flatten().collect();
    let bytes: u64 = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(files.len() <= CORPUS_FILES_MAX && bytes <= CORPUS_BYTES_MAX, "{} files, {bytes} bytes", files.len());
}
