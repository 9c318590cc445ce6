//! Where a call goes: to the component's imports on Wasm, to a [`stage`](crate::testing) elsewhere.
//!
//! Both sides have the same items: `Session` with its operations, `send`, `log`, `setting` and `settings`.

#[cfg(target_arch = "wasm32")]
pub mod wasm;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::{Session, log, send, setting, settings};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod stage;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use stage::{Session, log, send, setting, settings};
