//! The body of a request that is looked at again until it has come whole.
//!
//! Headers are enough to be let in, and what follows them may take its time: a request whose right is withdrawn meanwhile is refused,
//! and its place is free again. One that had come whole by then is answered: it was asked by somebody who had the right, and half
//! an answer would leave open what was done.

use std::{
    future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Request;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Status, body::Body};

use super::{lasting::Pass, refusal::Denied};

/// Whether the body of a request has come whole, or nobody waits for it.
#[derive(Clone, Debug, Default)]
pub struct Whole(Arc<AtomicBool>);

impl Whole {
    /// The same request, whose body tells.
    pub fn of(request: Request<Body>) -> (Self, Request<Body>) {
        let whole = Self::default();
        if request.body().is_end_stream() {
            whole.set();
            return (whole, request);
        }
        let arriving = |inner| Body::new(Arriving { inner, whole: whole.clone() });
        let request = request.map(arriving);
        (whole, request)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Wait until the right is withdrawn, if the request has not come whole by then: for ever otherwise.
    pub async fn withdrawn_before(&self, pass: &mut Pass) -> Denied {
        while !self.0.load(Ordering::Relaxed) {
            pass.reason_to_look().await;
            if self.0.load(Ordering::Relaxed) {
                break;
            }
            if let Err(why) = pass.look() {
                return why;
            }
        }
        future::pending().await
    }
}

struct Arriving {
    inner: Body,
    whole: Whole,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) || self.inner.is_end_stream() {
            self.whole.set();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.whole.set();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{path::Path, pin::pin};

    use super::*;
    use crate::{
        auth::{access::Doorkeeper, credential::Credential, table::Right},
        config::Config,
    };

    /// A pass that is withdrawn.
    fn withdrawn() -> Pass {
        let config = |text: &str| Config::parse(text, Path::new("/")).unwrap();
        let keeper = Arc::new(Doorkeeper::new(&config("")));
        let (by, credential, right) = (keeper.now(), Credential::None, Right::Read);
        let admitted = by.admit(&credential, right).unwrap();
        keeper
            .follow(&config(&format!("[[access]]\nname = \"x\"\nread = true\ntoken = \"sha256:{}\"", "0".repeat(64))));
        let (path, who, lasts, is_grpc, pulse) = ("/x".to_owned(), "somebody".to_owned(), false, true, None);
        Pass { keeper, by, credential, right, lasts, admitted, path, who, is_grpc, pulse }
    }

    /// What a look at a request with a withdrawn pass shows.
    fn looked_at(whole: &Whole) -> Poll<Denied> {
        let mut pass = withdrawn();
        pin!(whole.withdrawn_before(&mut pass)).poll(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[tokio::test]
    async fn a_request_is_refused_until_it_has_come_whole() {
        let (whole, request) = Whole::of(Request::new(Body::new("message".to_owned())));
        assert_eq!(looked_at(&whole), Poll::Ready(Denied::Missing));
        let mut body = request.into_body();
        let frame = future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "message");
        assert_eq!(looked_at(&whole), Poll::Pending, "that was all of it");
    }

    #[tokio::test]
    async fn a_request_without_a_body_and_one_whose_body_nobody_wants_are_whole() {
        let (whole, _request) = Whole::of(Request::new(Body::empty()));
        assert_eq!(looked_at(&whole), Poll::Pending);
        let (whole, request) = Whole::of(Request::new(Body::new("message".to_owned())));
        drop(request);
        assert_eq!(looked_at(&whole), Poll::Pending);
    }
}
