//! Behaviours that take more than they may have. None of them returns by itself, but for `log`.

use std::hint::black_box;

use mpy6a_handler::{Failure, info};
use wasip2::clocks::monotonic_clock;

/// One line of [`log`], its end included, in bytes.
const LINE_BYTES: usize = 1024;
/// What [`allocate`] takes at a time, in bytes.
const BLOCK_BYTES: usize = 1 << 20;

pub fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

#[allow(clippy::panic)]
pub fn panic() -> ! {
    panic!("asked to panic")
}

pub fn compute() -> ! {
    let mut steps = 0_u64;
    loop {
        steps = black_box(steps).wrapping_add(1);
    }
}

/// Only the call stack grows: nothing here needs memory of its own, and the sum keeps it from becoming a loop.
#[inline(never)]
pub fn recurse(depth: u64) -> u64 {
    if depth == u64::MAX {
        return 0;
    }
    recurse(depth.wrapping_mul(3)).rotate_left(1) ^ depth
}

pub fn allocate() -> ! {
    let mut blocks = Vec::new();
    loop {
        blocks.push(black_box(vec![1_u8; BLOCK_BYTES]));
    }
}

pub fn keep_pollables() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(monotonic_clock::subscribe_duration(u64::MAX));
    }
}

/// Lines of [`LINE_BYTES`], of which the first `bytes` bytes are written.
pub fn log(bytes: &str) -> Result<(), Failure> {
    let bytes: usize = bytes.parse()?;
    let line = "x".repeat(LINE_BYTES - 1);
    for start in (0..bytes).step_by(LINE_BYTES) {
        info!("{}", &line[..line.len().min(bytes - start)]);
    }
    Ok(())
}
