//! mpy6a, a durable log of intents: the host.
//!
//! The state machine is `mpy6a-sessions`, the sandbox `mpy6a-plugins`. This crate puts them together behind gRPC:
//!
//! | module | job |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`config`] | TOML in, a checked config out |
//! | [`host`] | starting, health, stopping: the order of things |
//! | [`auth`] | who may do what: one check for everything that is asked |
//! | [`tls`] | certificates: ours, and those of whoever connects |
//! | [`grpc`] | the services that clients and operators call |
//! | [`console`] | the web page for operators, and what it asks |
//! | [`json`] | kinds and sessions as JSON, for the command line and the console |
//! | [`error`] | the one place that maps errors to the wire |
//! | [`repeats`] | runs the handlers of claimed sessions |
//! | [`recordings`] | keeps attempts, to be replayed |
//! | [`reload`] | puts changed configs and plugins into service while the host runs |
//! | [`metrics`] | what is counted and measured, for Prometheus |
//! | [`traces`] | what became of one piece of work across programs, for OpenTelemetry |
//! | [`telemetry`] | the log |
//! | [`time`] | now, for people |
//! | [`version`] | which program this is, for people |
//! | [`log_rate`] | a bound on log lines about what strangers do |
//! | [`limits`] | every bound that no config changes |
//!
//! ```text
//! gRPC request --> grpc ------+
//!                             v                      +--> reply
//!                         Sessions (one door) -------+
//!                             ^                      +--> claims --> repeats --> plugin's handler --+
//!                             |                                                                      |
//!                             +-------- barrier, finish <--------------------------------------------+
//! ```
//!
//! This is the only crate that names tonic's server. It keeps nothing durable itself and decides nothing about
//! sessions.

pub mod auth;
pub mod cli;
pub mod config;
pub mod console;
pub mod error;
pub mod grpc;
pub mod host;
pub mod json;
pub mod limits;
pub mod log_rate;
pub mod metrics;
pub mod recordings;
pub mod reload;
pub mod repeats;
pub mod telemetry;
pub mod time;
pub mod tls;
pub mod traces;
pub mod version;
