//! WASI 0.2, as far as it leads nowhere: clocks, random numbers, streams, and standard output that ends in the log.
//!
//! Files and the environment are linked too, and empty: no folder is open, no variable and no argument is set. Toolchains import
//! them whether or not a handler uses them (the preview 1 adapter does, and with it Go and C), so refusing them would refuse
//! those languages. Sockets lie in the linker only because wasmtime's WASI comes as a whole: a plugin that imports them is
//! refused when it is loaded, and were it not, every socket would be denied. The context behind it is made in [`crate::host`].

use wasmtime::component::Linker;

use crate::host::Host;

pub(super) fn add_to_linker(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}
