//! The program's command lines, and ports for it.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::{self, Command},
    sync::atomic::{AtomicU16, Ordering},
};

use super::LOOK;

/// The program.
pub fn serve() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mpy6a"))
}

/// The program, with no file longer than this: writing on fails, as on a full disk.
pub fn squeezed(bytes_max: u64) -> Command {
    let mut command = Command::new("sh");
    // The shell counts in 512 bytes. Without the trap the system would end the host by a signal instead of failing the
    // write.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes_max / 512);
    command.args(["-c", &script, env!("CARGO_BIN_EXE_mpy6a")]);
    command
}

/// The program, which may have so many files open and not one more.
pub fn with_files(max: u64) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {max}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_mpy6a")]);
    command
}

/// Where a host listens.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub clients: u16,
    pub operators: u16,
}

impl Ports {
    pub fn free() -> Self {
        Self { clients: free_port(), operators: free_port() }
    }
}

/// A port of loopback that nobody listens at.
///
/// From below the range that systems take the ports of outgoing connections from: a host that was killed finds it free
/// again.
pub fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test runs at the same time begin at different places.
    let begin = process::id().wrapping_mul(97) % u32::from(COUNT);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + u16::try_from((begin + u32::from(step)) % u32::from(COUNT)).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
        std::thread::sleep(LOOK / 10);
    }
}
