//! The worked example: create a user in service A, index it in service B, and survive anything.
//!
//! | part | what it is |
//! |---|---|
//! | [`user`] | a user, and what a service accepts as one |
//! | [`service`] | what services A and B share: the faults, the fences, SQLite, the HTTP loop |
//! | [`service_a`], [`service_b`] | A keeps users; B indexes and searches them. Each is a program of its own |
//! | [`calls`] | A and B as their callers see them |
//! | [`client`] | creating one user, step by step: the part to read first |
//! | [`demo`] | a thousand users at once, with failing services, dying clients and a killed host; then the check |
//!
//! The other half of [`client`], which finishes what a client left, is the repeat handler in `handler/`: it runs as
//! WebAssembly inside the host.

pub mod calls;
pub mod client;
pub mod demo;
pub mod service;
pub mod service_a;
pub mod service_b;
pub mod user;

/// The project's README: its examples compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
