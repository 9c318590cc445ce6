//! The rules: what an operation does to a session, or why not.
//!
//! ```text
//!             New              lease ended, or Store         due, a worker is free
//!  (nothing) -----> ACTIVE ---------------------------> STORED --------------------> REPEATING
//!                    | ^ Append, Replace, Resume          ^                           | | |
//!                    | +--                                +--- not finished: backoff--+ | |
//!                    +--> gone (Delete)                        gone (handler deleted) <-+ |
//!                                                                    PARKED <-------------+ out of repeats
//! ```
//!
//! [`decide`] is a pure function: it looks at one session, one operation and its stamp, and knows neither store nor clock.
//! One file for each operator: [`client`] for clients and their leases, [`run`] for runs of a handler, [`admin`]
//! for people.
//!
//! Invariants, held by every decision (`tests/rules.rs` draws random histories against them):
//!
//! * a refusal changes nothing;
//! * `change_id` becomes the stamp's index, and `fence` only when the session changes hands;
//! * `records` and `bytes` say what the record rows hold, and stay within the limits;
//! * a client that does not [hold](crate::Standing::Holds) its session changes nothing; a run whose key is not the state's, neither.

mod admin;
mod change;
mod client;
mod run;
mod size;

pub use change::{Change, Decision, Ended, Opened, RecordsChange, Reply};
pub use client::{answer_gone, check_new};
pub use size::{Size, check_timeout};

use crate::{
    error::Refusal,
    limits::Limits,
    op::{Op, Stamp},
    session::Session,
};

/// Decide one operation over the session that it names; `None` where there is no such session.
///
/// # Errors
///
/// The refusal that its sender gets. Nothing changes then.
pub fn decide(limits: &Limits, session: Option<&Session>, op: &Op, stamp: &Stamp) -> Result<Decision, Refusal> {
    let found = |id| session.ok_or(Refusal::SessionNotFound(id));
    match op {
        Op::New { new, key, caller } => client::open(limits, new, *key, caller.access, stamp),
        Op::Client { handle, number, fingerprint, op, .. } => {
            client::operate(limits, found(handle.id)?, handle.key, (*number, *fingerprint), op, stamp)
        }
        Op::Resume(handle) => client::resume(found(handle.id)?, handle.key, stamp),
        Op::LeaseEnded(id) => Ok(client::lease_ended(found(*id)?, stamp)),
        Op::Claim { id, key } => Ok(run::claim(found(*id)?, *key, stamp)),
        Op::Barrier { handle, ops } => run::barrier(limits, found(handle.id)?, handle.key, ops, stamp),
        Op::Finish { handle, ops, report } => run::finish(limits, found(handle.id)?, handle.key, ops, report, stamp),
        Op::Admin(request) => admin::administer(found(request.id)?, request, stamp),
        Op::HostDied(id) => Ok(run::host_died(found(*id)?, stamp)),
    }
}
