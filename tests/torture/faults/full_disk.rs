//! A disk that is full to the last byte while clients write.

use std::{sync::atomic::Ordering, time::Duration};

use crate::{harness::until_within, stage::Stage};

/// The exit code of a host whose store failed, and of one whose store could not be opened.
const STORE_FAILED: Option<i32> = Some(7);
const NOT_OPENED: Option<i32> = Some(5);
/// How long clients may take to write a disk full.
const FILLED_WITHIN: Duration = Duration::from_secs(60);
/// The longest record on a disk of its own, in bytes: first to fill it, then to leave room.
pub const RECORD_MAX_FILLING: u32 = 200_000;
const RECORD_MAX: u32 = 200;

/// Once: the host says what is wrong, ends, and serves again when there is room.
pub async fn strike(stage: &mut Stage) {
    // What was written has to be finished on what is left of the disk.
    let Some(disk) = stage.disk.as_ref().filter(|_| stage.counts.disks_full == 0) else { return };
    disk.fill();
    let exit = until_within(FILLED_WITHIN, "the host meets a full disk", async || stage.host.ended()).await;
    assert_eq!(exit.code, STORE_FAILED, "the disk was full: {exit:?}");
    assert!(exit.text.contains("the store failed") && exit.text.contains("free space"), "no remedy: {exit:?}");
    stage.counts.disks_full += 1;
    // Without room it may find enough to serve, until the next write; if not, it says so.
    match stage.try_launch().await {
        Ok(()) => stage.host.kill(),
        Err(exit) => assert!([STORE_FAILED, NOT_OPENED].contains(&exit.code), "the disk is full: {exit:?}"),
    }
    if let Some(disk) = &stage.disk {
        disk.empty();
    }
    stage.field.record_max.store(RECORD_MAX, Ordering::Relaxed);
    stage.launch().await;
}
