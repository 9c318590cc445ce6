//! Outbound HTTP, where the kind's config grants it.
//!
//! ```
//! # use mpy6a_handler::{Failure, http};
//! # use std::time::Duration;
//! # #[derive(serde::Serialize, serde::Deserialize)] struct User { id: u64 }
//! # fn f(user: User) -> Result<(), Failure> {
//! let found: User = http::get("http://users.internal/users")
//!     .query("nick", "ёж & co")
//!     .step("find")
//!     .timeout(Duration::from_secs(2))
//!     .send()?
//!     .expect_success()?
//!     .json()?;
//! http::put(format!("http://index.internal/index/{}", found.id)).json(&user).step("index").send()?.expect_success()?;
//! # Ok(()) }
//! ```
//!
//! Name a *step* in every request that has an effect, and in every look-up that the handler decides by. The request
//! then carries `Idempotency-Key: <session id>/<step>`, the same in every repeat, and `Mpy6a-Fence: <fence>`, which
//! grows with every change of hands: a service that keeps them carries out nothing twice, and nothing late.
//!
//! `send` waits for the whole response. Redirects are the handler's to follow. Which errors and statuses become
//! [`Failure::Retry`](crate::Failure::Retry) and which [`Failure::Permanent`](crate::Failure::Permanent) is in the
//! README under "HTTP".

mod error;
mod request;
mod response;

pub use error::{Cause, Error};
pub use request::Request;
pub use response::Response;

/// A GET request to an absolute `http` or `https` URL.
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// A POST request to an absolute `http` or `https` URL.
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url)
}

/// A PUT request to an absolute `http` or `https` URL.
pub fn put(url: impl Into<String>) -> Request {
    Request::new("PUT", url)
}

/// A PATCH request to an absolute `http` or `https` URL.
pub fn patch(url: impl Into<String>) -> Request {
    Request::new("PATCH", url)
}

/// A DELETE request to an absolute `http` or `https` URL.
pub fn delete(url: impl Into<String>) -> Request {
    Request::new("DELETE", url)
}

/// A request with another method, in capitals.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    Request::new(method, url)
}
