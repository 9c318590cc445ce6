//! What the disk itself costs: the floor under every acknowledged operation.

use std::{fs::File, io::Write as _, time::Instant};

/// The median time of an append and its fdatasync, in microseconds.
pub fn fdatasync_us() -> u128 {
    let folder = tempfile::tempdir_in(".").unwrap();
    let mut file = File::create(folder.path().join("log")).unwrap();
    let mut times: Vec<_> = (0..500)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 300]).unwrap();
            file.sync_data().unwrap();
            start.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
