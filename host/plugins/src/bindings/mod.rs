//! What a guest may call, and what it must have: the world of `wit/handler.wit` bound to [`Host`], and the WASI beside it.
//!
//! | file | import |
//! |---|---|
//! | [`session`] | `mpy6a:handler/types`: the session |
//! | [`http`] | `mpy6a:handler/http` |
//! | [`log`] | `mpy6a:handler/log` |
//! | [`settings`] | `wasi:config/store` |
//! | [`wasi`] | WASI 0.2 without files, sockets or environment |
//! | [`wasi_http`] | `wasi:http/outgoing-handler` and its types |
//!
//! One linker serves every plugin. What a plugin is not granted is refused when it is loaded, by the name of the import.

mod http;
mod log;
mod session;
mod settings;
mod wasi;
mod wasi_http;

use wasmtime::{
    Engine,
    component::{HasSelf, Linker},
};

use crate::host::Host;

#[allow(missing_docs)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "mpy6a:handler/handler",
        imports: {
            // The only import that waits.
            "mpy6a:handler/http.send": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: { "mpy6a:handler/types.session": crate::host::SessionHandle },
    });
}

use self::generated::mpy6a::handler;
pub(crate) use self::generated::{
    HandlerPre,
    mpy6a::handler::types::{Failure, RepeatData},
};

/// A linker with every import that a plugin may be granted.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    handler::types::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    handler::http::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    handler::log::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    settings::add_to_linker(&mut linker)?;
    wasi::add_to_linker(&mut linker)?;
    wasi_http::add_to_linker(&mut linker)?;
    Ok(linker)
}
