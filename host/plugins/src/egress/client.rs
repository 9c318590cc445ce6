//! Sending, and telling what went wrong in the words of the contract: above all, whether anything may have been sent.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

use super::{Body, Egress, connect::ConnectError};

/// There is no response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SendError {
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

impl Egress {
    /// Send a request and read the whole response.
    pub(crate) async fn send(
        &self,
        request: Request<Body>,
        time: Option<Duration>,
    ) -> Result<Response<Bytes>, SendError> {
        let exchange = self.exchange(request);
        match time {
            Some(time) => timeout(time, exchange).await.unwrap_or(Err(SendError::Timeout)),
            None => exchange.await,
        }
    }

    async fn exchange(&self, request: Request<Body>) -> Result<Response<Bytes>, SendError> {
        let (head, body) = self.begin(request).await?.into_parts();
        let max = self.response_bytes_max;
        // What announces itself as too long is not read at all.
        if body.size_hint().lower() > max {
            return Err(SendError::TooLarge(max));
        }
        let body = Limited::new(body, usize::try_from(max).unwrap_or(usize::MAX));
        match body.collect().await {
            Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(SendError::TooLarge(max)),
            Err(error) => Err(SendError::Broken(chain(&*error))),
        }
    }

    /// Send a request and read the head of the response.
    ///
    /// A connection from the pool that turns out dead before anything was written to it is replaced by a fresh one; nothing
    /// that may have been sent is sent again.
    pub(crate) async fn begin(&self, request: Request<Body>) -> Result<Response<Incoming>, SendError> {
        self.client.request(request).await.map_err(|error| {
            if !error.is_connect() {
                return SendError::Broken(chain(&error));
            }
            match find::<ConnectError>(&error) {
                Some(ConnectError::Denied(why)) => SendError::Denied(why.clone()),
                Some(ConnectError::Failed(why)) => SendError::Unreachable(why.clone()),
                // The rest of connecting: TLS.
                None => SendError::Unreachable(chain(&error)),
            }
        })
    }
}

/// The error of this type among an error and its sources.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    sources(error).find_map(|source| source.downcast_ref())
}

/// An error and its sources on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = sources(error).map(ToString::to_string).collect();
    // Wrappers often repeat what they wrap.
    texts.dedup();
    texts.join(": ")
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}
