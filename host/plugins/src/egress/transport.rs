//! The last step of a request: somebody carries it out.

use std::{future::Future, pin::Pin};

use http::{Request, Response};

use super::Body;

/// Carries out requests that were checked: the network, or a stand-in for it.
pub trait Transport: Send + Sync {
    /// Send a request and give the head of the response, with a body to be read.
    ///
    /// # Errors
    ///
    /// [`SendError`]: there is no response.
    fn begin(&self, request: Request<Body>) -> Exchange<'_>;
}

/// A response, to come.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Response<Body>, SendError>> + Send + 'a>>;

/// There is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The address is one that was not meant. Nothing was sent.
    Denied(String),
    /// No connection could be made. Nothing was sent.
    Unreachable(String),
    /// The time was up. Perhaps something was sent.
    Timeout,
    /// The connection broke. Perhaps something was sent.
    Broken(String),
    /// The response is longer than this many bytes.
    TooLarge(u64),
}
