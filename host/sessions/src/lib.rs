//! The state machine of mpy6a.
//!
//! Everything durable passes one door: an operation becomes an [`op::Op`], the [writer](writer) thread lets the pure
//! [`rules`] decide it, commits a whole batch of decisions in one go, and only then answers. [`start`] begins all that over a
//! [store](store::Store); [`Sessions`] speaks to it.
//!
//! | module | job |
//! |---|---|
//! | [`ids`], [`caller`], [`session`], [`attempt`], [`op`], [`error`] | the words: values without behaviour |
//! | [`limits`], [`policy`] | the bounds, and what the config says |
//! | [`rules`] | what an operation does: pure functions |
//! | [`store`] | rows: a trait, its conformance suite, and [`store::redb`], the only place that names redb |
//! | [`writer`] | the thread between the two; leases and the schedule of repeats |
//! | [`clock`] | time and chance, asked for nowhere else |
//! | [`observer`] | who watches the writer, for metrics |
//! | [`pipeline`] | many operations of one client under way at once |
//! | [`draft`] | the operations of a run before they are committed |
//!
//! What is absent: the wire, Wasm, and the config's format. Nothing here names tonic or wasmtime.

pub mod attempt;
pub mod caller;
pub mod clock;
pub mod draft;
pub mod error;
mod handle;
pub mod ids;
pub mod limits;
pub mod observer;
pub mod op;
pub mod pipeline;
pub mod policy;
pub mod rules;
pub mod session;
pub mod store;
pub mod writer;

pub use attempt::{Attempt, Outcome, Report, UNFINISHED};
pub use caller::{Access, Caller, ClientId, NamedClient, OpenedBy, Origin, RequestName};
pub use clock::Environment;
pub use draft::Draft;
pub use error::{Error, Refusal};
pub use handle::{Sessions, StartError, Started, start};
pub use ids::{Handle, Index, Key};
pub use limits::Limits;
pub use op::{AdminOp, AdminRequest, New, Operation, SessionOp};
pub use pipeline::Pipeline;
pub use policy::{Backoff, KindPolicy, Kinds};
pub use rules::{Ended, Opened};
pub use session::{Answered, Applied, Client, Due, Line, Session, Standing, State, StateName};
pub use writer::{Claimed, Claims, Counts, Ending, Inspected, Listed, Overview, Page, Part, QueueLoad, Remembered};
