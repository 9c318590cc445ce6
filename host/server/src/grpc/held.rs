//! The body of an answer that keeps something until it is sent, or given up.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Status, body::Body};

use super::pulse::{Pulse, Sort};

/// A body that keeps `T`.
pub struct Held<T> {
    inner: Body,
    _held: T,
}

impl<T> Held<T> {
    /// This body, which keeps this.
    #[must_use]
    pub fn new(inner: Body, held: T) -> Self {
        Self { inner, _held: held }
    }
}

/// A refusal on this connection. Its words wait for the peer to take them, so a connection with many such refusals gets no more
/// words: status and headers go out at once, whatever the peer takes.
#[must_use]
pub fn refusal(response: Response<Body>, pulse: Option<&Arc<Pulse>>) -> Response<Body> {
    let Some(pulse) = pulse else { return response };
    if HttpBody::is_end_stream(response.body()) {
        pulse.touch();
        return response;
    }
    match pulse.guest(Sort::Page) {
        Some(guest) => response.map(|inner| Body::new(Held::new(inner, guest))),
        None => response.map(|_| Body::empty()),
    }
}

impl<T: Unpin> HttpBody for Held<T> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{grpc::pulse::Patience, limits::OPEN_PAGES_MAX};

    #[test]
    fn refusals_that_are_not_taken_lose_their_words_past_the_bound_of_their_connection() {
        let pulse = Pulse::new(Patience { first_request: Duration::from_secs(1), idle: Duration::from_secs(1) });
        let refused = || refusal(Response::new(Body::new("words".to_owned())), Some(&pulse));
        let first: Vec<_> = (0..OPEN_PAGES_MAX).map(|_| refused()).collect();
        assert!(first.iter().all(|response| !response.body().is_end_stream()));
        assert!(refused().body().is_end_stream(), "it has status and headers only");
        drop(first);
        assert!(!refused().body().is_end_stream());
    }
}
