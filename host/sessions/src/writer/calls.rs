//! One operation or renewal of a client, whether it came by itself or in a turn.

use super::{
    Now,
    batch::{Batch, Outcome},
    timers::Timers,
};
use crate::{
    clock::Environment,
    error::Refusal,
    ids::Handle,
    op::Op,
    rules::Reply,
    store::{Store, StoreError},
};

/// Apply one operation. If it is a client's, it is a sign of life.
pub fn apply<S: Store>(
    batch: &mut Batch<'_, S>,
    timers: &mut Timers,
    environment: &mut Environment,
    op: &Op,
    now: Now,
) -> Outcome {
    let result = batch.apply(op, environment.draw())?;
    // An answer that was given before is a sign of life all the same.
    let alive = match (op, &result) {
        (Op::Client { handle, .. }, Ok(_)) => Some(*handle),
        (Op::New { .. }, Ok(Reply::Opened(opened))) => Some(opened.handle),
        _ => None,
    };
    if let Some(handle) = alive {
        timers.leases.renew(handle, now.monotonic);
    }
    Ok(result)
}

/// Renew one lease: in memory if it still runs, else by the rules. Its length in milliseconds.
pub fn renew<S: Store>(
    batch: &mut Batch<'_, S>,
    timers: &mut Timers,
    environment: &mut Environment,
    handle: Handle,
    now: Now,
) -> Result<Result<u64, Refusal>, StoreError> {
    // What this very batch did to the session, the leases do not know yet.
    let in_memory = (!batch.touches(handle.id)).then(|| timers.leases.renew(handle, now.monotonic)).flatten();
    if let Some(lease) = in_memory {
        return Ok(Ok(u64::try_from(lease.as_millis()).unwrap_or(u64::MAX)));
    }
    let resumed = batch.apply(&Op::Resume(handle), environment.draw())?;
    let lease_ms = batch.session(handle.id)?.map_or(0, |session| session.client.lease_ms);
    Ok(resumed.map(|_| lease_ms))
}
