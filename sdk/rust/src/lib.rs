//! Write a repeat handler for mpy6a in Rust.
//!
//! A service records in a session what it is about to do. When it fails half-way, the session stays, and mpy6a calls
//! the *repeat handler* of that kind of work with everything recorded. The handler finishes the work or undoes it:
//!
//! ```
//! use mpy6a_handler::{Failure, Repeat, http, info, settings};
//!
//! #[derive(serde::Deserialize)]
//! struct Order { number: u64 }
//!
//! fn handle(repeat: Repeat) -> Result<(), Failure> {
//!     let order: Order = repeat.record(0)?;
//!     let url = format!("{}/orders/{}/cancel", settings::require("shop")?, order.number);
//!     http::post(url).step("cancel").send()?.expect_success()?;
//!     info!("cancelled order {}", order.number);
//!     repeat.delete()?;
//!     Ok(())
//! }
//!
//! mpy6a_handler::export!(handle);
//! ```
//!
//! # Parts
//!
//! * [`export!`] makes a function the component's export `handle`, as `wit/handler.wit` describes it.
//! * [`Repeat`] is what the function gets: the records, the session's operations, and what the host knows.
//! * [`Failure`] is how it says that it failed: try again, or give up until a person has looked.
//! * [`http`], [`settings`], [`log`] and the macros [`info!`] and its like are what it may do outside.
//! * [`testing`] runs a handler natively, without a host (not there on Wasm).
//!
//! # Invariants
//!
//! * Only `host` knows where a call goes: to the component's imports on `wasm32`, to [`testing`] elsewhere. All the
//!   rest is plain Rust and is tested natively.
//! * The types of this crate are its own. What `wit-bindgen` generates stays inside `host`, so that a minor version
//!   of the contract, which only adds, breaks no handler's source.
//! * Nothing here panics. A handler that does traps, and the host throws away what the run had not committed.

mod failure;
mod host;
pub mod http;
pub mod log;
mod records;
mod repeat;
mod session;
pub mod settings;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use failure::{Failure, OrFail};
pub use repeat::Repeat;
pub use session::SessionError;

/// What [`export!`] needs to reach. No part of the API.
#[doc(hidden)]
#[cfg(target_arch = "wasm32")]
pub use host::wasm as __wasm;

/// Make a function of the type `fn(Repeat) -> Result<(), Failure>` the handler of this component.
///
/// Call it once in a crate whose `crate-type` is `cdylib`. On other targets than `wasm32` it only checks the type, so
/// that the crate's tests build natively.
#[macro_export]
macro_rules! export {
    ($handle:path) => {
        const _: fn($crate::Repeat) -> ::core::result::Result<(), $crate::Failure> = $handle;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;

            impl $crate::__wasm::Guest for Exported {
                fn handle(data: $crate::__wasm::RepeatData) -> ::core::result::Result<(), $crate::__wasm::Failure> {
                    $crate::__wasm::run(data, $handle)
                }
            }

    $crate::__wasm::export_handler!(Exported with_types_in $crate::__wasm::bindings);
        };
    };
}
