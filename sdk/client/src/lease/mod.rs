//! Leases: how long a session is surely still ours, and keeping it so.
//!
//! * [`clock`]: the state machine, over values. Read this first.
//! * [`watch`]: one session's lease, shared between the session, the renewals and whoever waits for its end.
//! * [`registry`]: the sessions of a client that are open, and when the next is to be renewed.
//! * [`renewals`]: the one task of a client that renews them, many with each request.

mod clock;
mod registry;
mod renewals;
mod watch;

pub(crate) use self::{
    clock::{Epoch, State, Word},
    registry::Registry,
    renewals::Renewals,
    watch::Watch,
};
