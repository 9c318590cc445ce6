//! Core modules that share pages of their memory with the WASI adapter, and do not know.
//!
//! The adapter that makes a component of a module of WASI preview 1 keeps its stack and its state in two pages at the end of the
//! module's memory. An allocator that takes all memory up to its end for its own writes over them: nothing traps, some MiB of heap
//! later. Go's does; the SDK for Go moves its heap past those pages (sdk/go/internal/heap), where sdk/go/cmd/build has made room
//! for what the runtime takes before.

use memchr::memmem;

use super::{LoadError, survey::Module};

/// In a module that was linked with the package: the name of its init function, in the table that Go keeps of all functions.
const PACKAGE: &[u8] = b"mpy6a/internal/heap.";

/// What lies between the data of a module that sdk/go/cmd/build wrote and the end of its memory, in bytes, at least: a MiB from
/// Go's linker, and 5 MiB or more from that command. Variables that begin as zero make it more.
const ROOM_BYTES: u64 = 6 << 20;

/// A page of linear memory, in bytes.
const PAGE_BYTES: u64 = 64 << 10;

/// Check that the module's heap keeps off the adapter's pages.
pub(super) fn check_module(file: &[u8], module: &Module) -> Result<(), LoadError> {
    if !module.is_go || !module.is_preview1 {
        return Ok(());
    }
    let begins_with: u64 = module.memories.iter().map(|memory| memory.initial.saturating_mul(PAGE_BYTES)).sum();
    let has_room = begins_with.saturating_sub(module.data_end) >= ROOM_BYTES;
    match has_room && memmem::find(file, PACKAGE).is_some() {
        true => Ok(()),
        false => Err(LoadError::PlainGo),
    }
}
