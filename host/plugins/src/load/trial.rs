//! Trying a plugin out: one instance, within the kind's limits, thrown away. It shows that every import links, that `handle` has
//! the right type, and that start functions end. Nothing can leave the host meanwhile.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mpy6a_sessions::{Client, Due, Error, Handle, Index, Key, Origin, Outcome, Session, SessionOp, Standing, State};
use wasmtime_wasi_config::WasiConfigVariables;

use super::{LoadError, start};
use crate::{
    barrier::{Barrier, Committing},
    bindings::HandlerPre,
    host::{Host, Outbound, log::LogSink, memory::MemoryAccount, session::SessionSide},
    plugin::PluginSpec,
    run::{drive, new_store},
    sandbox::Sandbox,
    surroundings::Surroundings,
};

/// What one instance cost.
pub(super) struct Tried {
    /// From nothing to an instance that could be called.
    pub(super) took: Duration,
    /// Memories and tables that it began with.
    pub(super) memory_bytes: u64,
}

/// Instantiate once.
pub(super) async fn instantiate(
    sandbox: &Sandbox,
    pre: &HandlerPre<Host>,
    spec: &PluginSpec,
    settings: &Arc<WasiConfigVariables>,
) -> Result<Tried, LoadError> {
    let begun = Instant::now();
    let session = nobody();
    let handle = Handle { id: session.id, key: Key(0) };
    let host = Host::new(
        SessionSide::new(sandbox.limits, &session, handle, Arc::new(NoBarrier)),
        Outbound::Denied("the plugin is being tried out: nothing leaves the host"),
        // Its lines name session 0-0, which there is none of.
        LogSink::new(session.id, 0, 0, spec.limits.log_bytes),
        MemoryAccount::new(spec.limits.memory_bytes),
        Arc::clone(settings),
        Surroundings::default(),
    );
    let mut store = new_store(sandbox, host, &spec.limits);
    let instantiating = async {
        pre.instantiate_async(&mut store).await?;
        Ok(Outcome::Returned)
    };
    match drive(sandbox, spec.limits.time, instantiating).await.outcome() {
        Outcome::Returned => Ok(Tried { took: begun.elapsed(), memory_bytes: store.data().memory.peak() }),
        // No trap and no limit: linking failed, and the message says where.
        Outcome::ContractBroken(why) => Err(LoadError::Contract(why)),
        outcome if start::is_too_early(outcome.cause()) => Err(LoadError::StartCallsHost(outcome)),
        outcome => Err(LoadError::Start(outcome)),
    }
}

/// A barrier that nothing passes.
struct NoBarrier;

impl Barrier for NoBarrier {
    fn commit(&self, _: Handle, _: Vec<SessionOp>) -> Committing<'_> {
        Box::pin(async { Err(Error::ShuttingDown) })
    }
}

/// A session that there is none of. A plugin that is tried out never gets a handle to it.
fn nobody() -> Session {
    let index = Index::default();
    Session {
        id: index,
        kind: 0,
        change_id: index,
        fence: index,
        client: Client { key: Key(0), lease_ms: 0, standing: Standing::GaveUp, last: None },
        state: State::Repeating { key: Key(0), due: Due { at_ms: 0, stored: index }, since_ms: 0 },
        created_ms: 0,
        stored_ms: 0,
        repeats: 0,
        records: 0,
        bytes: 0,
        attempts: 0,
        traceparent: None,
        origin: Origin::default(),
    }
}
