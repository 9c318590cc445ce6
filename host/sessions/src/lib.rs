//! The state machine of mpy6a.
//!
//! Everything durable passes one door: an operation becomes an [`op::Op`], the writer thread lets the pure [`rules`] decide
//! it, commits a whole batch of decisions in one go, and only then answers. The rules know neither the store nor the
//! clock; only [`store::redb`] names redb; nothing here names tonic or wasmtime.

pub mod attempt;
pub mod draft;
pub mod error;
pub mod ids;
pub mod limits;
pub mod op;
pub mod policy;
pub mod rules;
pub mod session;

pub use attempt::{Attempt, Outcome, Report};
pub use draft::Draft;
pub use error::{Error, Refusal};
pub use ids::{Handle, Index, Key};
pub use limits::Limits;
pub use op::{New, SessionOp};
pub use policy::{Backoff, KindPolicy, Kinds};
pub use session::{Applied, Due, Session, State, StateName};
