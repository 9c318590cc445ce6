//! `wasi:config/store`: the settings that the config gives to the kind.

use wasmtime::component::Linker;
use wasmtime_wasi_config::WasiConfig;

use crate::host::Host;

pub(super) fn add_to_linker(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    wasmtime_wasi_config::add_to_linker(linker, |host: &mut Host| {
        host.surroundings.settings_asked();
        WasiConfig::from(&*host.settings)
    })
}
