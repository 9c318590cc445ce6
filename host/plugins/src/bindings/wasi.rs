//! WASI 0.2, as far as it leads nowhere: clocks, random numbers, streams, and standard output that ends in the log.
//!
//! Files, sockets and the environment are linked too, and empty: no folder is open, every socket is denied, no variable and no
//! argument is set. Toolchains import them whether or not a handler uses them (the preview 1 adapter does, and with it Go, C
//! and Python), so refusing them would refuse those languages. The context behind it is made in [`crate::host`].

use wasmtime::component::Linker;

use crate::host::Host;

pub(super) fn add_to_linker(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}
