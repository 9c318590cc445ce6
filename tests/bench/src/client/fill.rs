//! Many sessions, as fast as the real API takes them: opened, or opened and stored.

use bytes::Bytes;
use mpy6a_proto::v1::{Handle, NewRequest, RenewRequest, StoreRequest};
use tokio::task::JoinSet;

use crate::{Outcome, host::Host, load::RECORD_BYTES};

/// How many callers fill at once: past this the host commits no larger batches.
const CALLERS: usize = 256;
/// How many sessions one `Renew` may name, by the protocol.
const RENEW_MAX: usize = 10_000;

/// What to open.
#[derive(Clone)]
pub struct Fill {
    pub kind: u32,
    pub record: Bytes,
    pub sessions: usize,
    /// Store each for so many seconds; none: leave them to their leases.
    pub store_s: Option<u32>,
}

/// Open them all. Answers their handles.
pub async fn fill(host: &Host, fill: &Fill) -> Outcome<Vec<Option<Handle>>> {
    let client = host.client().await?;
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (mut client, fill) = (client.clone(), fill.clone());
        // The first callers take what does not divide evenly.
        let sessions = fill.sessions / CALLERS + usize::from(caller < fill.sessions % CALLERS);
        callers.spawn(async move {
            let mut handles = Vec::with_capacity(sessions);
            for _ in 0..sessions {
                let new = NewRequest { kind: fill.kind, record: Some(fill.record.clone()), ..NewRequest::default() };
                let handle = client.new_session(new).await?.into_inner().handle;
                if let Some(timeout_s) = fill.store_s {
                    client
                        .store(StoreRequest { handle, number: 1, timeout_s: Some(timeout_s), ..Default::default() })
                        .await?;
                }
                handles.push(handle);
            }
            Outcome::Ok(handles)
        });
    }
    let mut handles = Vec::with_capacity(fill.sessions);
    while let Some(ended) = callers.join_next().await {
        handles.extend(ended??);
    }
    Ok(handles)
}

/// Store all these, for so many seconds each.
pub async fn store(host: &Host, handles: &[Option<Handle>], timeout_s: u32) -> Outcome<()> {
    let client = host.client().await?;
    let mut callers = JoinSet::new();
    for some in handles.chunks(handles.len().div_ceil(CALLERS).max(1)) {
        let (mut client, some) = (client.clone(), some.to_vec());
        callers.spawn(async move {
            for handle in some {
                client
                    .store(StoreRequest { handle, number: 1, timeout_s: Some(timeout_s), ..Default::default() })
                    .await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(())
}

/// Begin the leases of all these anew, as much at once as can be.
pub async fn renew(host: &Host, handles: &[Option<Handle>]) -> Outcome<()> {
    let mut client = host.client().await?;
    for some in handles.chunks(RENEW_MAX) {
        let handles = some.iter().flatten().copied().collect();
        client.renew(RenewRequest { handles, ..Default::default() }).await?;
    }
    Ok(())
}

/// A record of ordinary size that asks the guest `misbehave` to delete the session: one operation, as little as a handler can do.
pub fn deleting() -> Bytes {
    let mut record = b"delete ".to_vec();
    record.resize(RECORD_BYTES, b'7');
    Bytes::from(record)
}
