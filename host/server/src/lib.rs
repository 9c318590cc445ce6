//! mpy6a, a durable log of intents: the host.
//!
//! The state machine is `mpy6a-sessions`, the sandbox `mpy6a-plugins`. This crate puts them together behind gRPC:
//!
//! | module | job |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`config`] | TOML in, a checked config out |
//! | [`host`] | starting, health, stopping: the order of things |
//! | [`grpc`] | the services that clients and operators call |
//! | [`error`] | the one place that maps errors to the wire |
//! | [`repeats`] | runs the handlers of claimed sessions |
//! | [`reload`] | puts changed configs and plugins into service while the host runs |
//! | [`telemetry`] | the log |
//! | [`time`] | now, for people |
//! | [`version`] | which program this is, for people |
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

pub mod cli;
pub mod config;
pub mod error;
pub mod grpc;
pub mod host;
pub mod limits;
pub mod reload;
pub mod repeats;
pub mod telemetry;
pub mod time;
pub mod version;
