//! The host's side of one run: the data of its store.
//!
//! Parts: the [`session`] that it may touch, its [`log`], the account of its memory ([`memory`]), its standard streams
//! ([`stdio`]), and the host resources it holds. What only some guests use, the WASI context, is made when first asked for, so
//! that a small handler does not pay for it.

pub(crate) mod log;
pub(crate) mod memory;
pub(crate) mod session;
pub(crate) mod stdio;

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::WasiConfigVariables;
use wasmtime_wasi_http::WasiHttpCtx;

use self::{
    log::LogSink,
    memory::MemoryAccount,
    session::SessionSide,
    stdio::{LogStream, Stream},
};
use crate::{
    egress::Egress,
    limits::{HEAD_BYTES_MAX, HOST_RESOURCES_MAX, RANDOM_BYTES_MAX},
    surroundings::Surroundings,
};

/// The type behind the guest's `session` handle. There is one session in a run, so it holds nothing.
pub struct SessionHandle;

/// What a run may reach over HTTP.
#[derive(Clone)]
pub(crate) enum Outbound {
    /// The targets that its kind's config names.
    Granted(Arc<Egress>),
    /// Nothing, for this reason.
    Denied(&'static str),
}

/// The data of a run's store.
pub(crate) struct Host {
    pub(crate) session: SessionSide,
    pub(crate) outbound: Outbound,
    pub(crate) log: LogSink,
    pub(crate) memory: MemoryAccount,
    pub(crate) settings: Arc<WasiConfigVariables>,
    pub(crate) surroundings: Surroundings,
    pub(crate) table: ResourceTable,
    pub(crate) wasi_http: WasiHttpCtx,
    wasi: Option<WasiCtx>,
}

impl Host {
    pub(crate) fn new(
        session: SessionSide,
        outbound: Outbound,
        log: LogSink,
        memory: MemoryAccount,
        settings: Arc<WasiConfigVariables>,
        surroundings: Surroundings,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HOST_RESOURCES_MAX);
        let mut wasi_http = WasiHttpCtx::new();
        wasi_http.set_field_size_limit(HEAD_BYTES_MAX);
        Self { session, outbound, log, memory, settings, surroundings, table, wasi_http, wasi: None }
    }
}

/// Clocks and random numbers as the surroundings have them; stdout and stderr into the log; no arguments, variables, folders or sockets.
fn wasi_context(log: &LogSink, surroundings: &Surroundings) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    surroundings.equip(&mut wasi);
    wasi.stdout(LogStream::new(log.clone(), Stream::Stdout))
        .stderr(LogStream::new(log.clone(), Stream::Stderr))
        .max_random_size(RANDOM_BYTES_MAX)
        .build()
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self { wasi, table, log, surroundings, .. } = self;
        WasiCtxView { ctx: wasi.get_or_insert_with(|| wasi_context(log, surroundings)), table }
    }
}
