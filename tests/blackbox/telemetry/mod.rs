//! Metrics, dashboard, alerts and traces say what is.
//!
//! | file | what is in it |
//! |---|---|
//! | [`metrics`] | what `/metrics` says, held against `docs/metrics.md` |
//! | [`dashboard`] | every expression of the dashboard finds something |
//! | [`alerts`] | every alert fires in the situation made for it, and nowhere else |
//! | [`traces`] | one trace joins client, commit, repeat and the service that the handler calls |
//! | [`prometheus`] | a real Prometheus over these hosts |
//! | [`reader`] | a reader of the log that stops reading |
//! | [`pages`] | HTTP by hand |
//! | [`situations`] | what may ail a host |
//! | [`slow`] | a host whose disk syncs slowly, or not at all |
//! | [`collector`] | takes traces |
//!
//! Prometheus is Debian's: run `.ci/prometheus` first.

mod alerts;
mod collector;
mod dashboard;
pub mod metrics;
mod pages;
mod prometheus;
mod reader;
mod situations;
mod slow;
mod traces;
