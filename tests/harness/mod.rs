//! What a test of the real binary needs, in few words. The black-box tests, the conformance suite and the torture
//! share it.
//!
//! ```ignore
//! let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
//! let session = host.left(1, &["trap"]).await;
//! assert_eq!(host.parked(session).await.attempts[0].outcome, "trapped");
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | [`config`] | a config, put together key by key |
//! | [`guests`] | the handlers: built ones, hand-written ones |
//! | [`host`], [`log`], [`program`] | the process: start, kill, restart; its log; its command line |
//! | [`wire`], [`refused`] | raw gRPC: every call, every refusal |
//! | [`caller`], [`pki`] | somebody with a token or a certificate; who signs certificates |
//! | [`streamed`] | a raw `Operate` stream |
//! | [`look`] | what becomes of a session or a kind, and waiting for it |
//! | [`worker`] | a client at full speed that remembers what it was promised |
//! | [`effects`] | an HTTP server that remembers what it was asked |
//! | [`proxy`] | a wire that can be cut |

mod caller;
mod config;
mod effects;
mod guests;
mod host;
mod log;
mod look;
mod pki;
mod program;
mod proxy;
mod refused;
pub mod streamed;
mod wire;
mod worker;

use std::time::{Duration, Instant};

pub use self::{
    caller::Caller,
    config::{Config, Kind},
    effects::{Effects, Seen, plain},
    guests::{GuestFile, built, handler, module, tagged, wat},
    host::{Exit, Host},
    look::{newer, shown},
    pki::{Authority, Pair},
    program::{Ports, serve, squeezed, with_files},
    proxy::Proxy,
    refused::Refused,
    streamed::Streamed,
    wire::Wire,
    worker::Worker,
};

/// How long to wait for a condition before the test fails: far more than a loaded machine takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait between two looks.
pub const LOOK: Duration = Duration::from_millis(10);

/// Look again and again until there is something to see.
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, look).await
}

/// The same, for what may take longer than most.
pub async fn until_within<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < patience, "waited {patience:?} in vain until {what}");
        tokio::time::sleep(LOOK).await;
    }
}
