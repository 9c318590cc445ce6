//! Modules of WASI preview 1, as Go, C and others make them: they load with all that the adapter imports, and find nothing.

use std::time::{Duration, Instant};

use mpy6a_sessions::Outcome;

use crate::rig::Rig;

/// A handler that imports what a C library does, with this body.
fn preview1(body: &str) -> String {
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 2)
          (global $free (mut i32) (i32.const 65536))
          (data (i32.const 1000) "to stdout\nto ")
          ;; The list of what to write: address and length.
          (data (i32.const 1100) "\e8\03\00\00\0d\00\00\00")
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
            (global.set $free (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
          (func (export "handle") (param i32) (result i32) {body} (i32.const 2048)))"#
    )
}

#[tokio::test]
async fn stdout_and_stderr_become_log_lines() {
    let end = Rig::new()
        .run(&preview1(
            "(drop (call $fd_write (i32.const 1) (i32.const 1100) (i32.const 1) (i32.const 1200)))
             (drop (call $fd_write (i32.const 2) (i32.const 1100) (i32.const 1) (i32.const 1200)))",
        ))
        .await;
    assert_eq!(end.report.outcome, Outcome::Returned);
    assert_eq!(end.report.log_tail, "INFO to stdout\nWARN to stdout\nINFO to \nWARN to \n");
}

#[tokio::test]
async fn there_are_no_folders_variables_or_arguments() {
    let end = Rig::new()
        .run(&preview1(
            ";; EBADF: no folder is open.
             (if (i32.ne (call $prestat (i32.const 3) (i32.const 1200)) (i32.const 8)) (then unreachable))
             (drop (call $environ (i32.const 1200) (i32.const 1204)))
             (if (i32.load (i32.const 1200)) (then unreachable))
             (drop (call $args (i32.const 1200) (i32.const 1204)))
             (if (i32.load (i32.const 1200)) (then unreachable))",
        ))
        .await;
    assert_eq!(end.report.outcome, Outcome::Returned);
}

#[tokio::test]
async fn sleeping_past_the_deadline_ends_the_run_in_time() {
    // One subscription: a relative clock, a thousand seconds.
    let sleep = "(i32.store8 (i32.const 1208) (i32.const 0))
                 (i32.store (i32.const 1216) (i32.const 1))
                 (i64.store (i32.const 1224) (i64.const 1000000000000))
                 (drop (call $poll (i32.const 1200) (i32.const 1300) (i32.const 1) (i32.const 1400)))";
    let rig = Rig::new().limits(|limits| limits.time = Duration::from_millis(200));
    let plugin = rig.load(&preview1(sleep)).await.unwrap();
    let begun = Instant::now();
    let end = rig.run_loaded(&plugin).await;
    assert_eq!(end.report.outcome, Outcome::TimedOut);
    assert!(begun.elapsed() < Duration::from_secs(100), "long before the guest would have woken");
}

#[tokio::test]
async fn exiting_is_not_returning() {
    let end = Rig::new().run(&preview1("(call $exit (i32.const 0))")).await;
    assert!(matches!(&end.report.outcome, Outcome::Trapped(why) if why.contains("exited")), "{:?}", end.report.outcome);
}

#[tokio::test]
async fn random_bytes_are_bounded() {
    let end = Rig::new()
        .limits(|limits| limits.memory_bytes = 32 << 20)
        .run(&preview1(
            "(drop (memory.grow (i32.const 300)))
             (drop (call $random (i32.const 65536) (i32.const 16)))
             (drop (call $random (i32.const 65536) (i32.const 16000000)))",
        ))
        .await;
    assert!(!end.report.outcome.is_returned(), "{:?}", end.report.outcome);
}
