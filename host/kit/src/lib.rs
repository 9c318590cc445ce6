//! What the author of a handler needs, offline: start a project, build it, check it, run it, crash it everywhere.
//!
//! | module | job |
//! |---|---|
//! | [`project`] | a project: made from a template, built into a component |
//! | [`check`] | what a plugin file is, needs and costs, and why it would not load |
//! | [`offline`] | a handler's life without a host: real sandbox, real rules, virtual time |
//! | [`outside`] | the world that it acts on: answers, facts, effects |
//! | [`scenario`] | files of situations, and what is to come of them |
//! | [`crash`] | the host dies at every call in turn |
//! | [`replay`] | a run that a host recorded, run again |
//! | [`cost`] | what loading and running takes, in real time |
//!
//! Nothing here listens, dials or keeps a session: a handler that is tried out here reaches nobody.

pub mod check;
pub mod cost;
pub mod crash;
pub mod offline;
pub mod outside;
pub mod project;
pub mod replay;
pub mod scenario;
