//! A bound on the requests that are under way at once, over all connections. One more is refused at once, before anything of
//! it is read, with the advice when to try again: a queue would only make everybody wait.
//!
//! It also tells the [pulse](super::pulse) of each connection of its requests. A request is under way until its answer is sent
//! to the end; a stream for as long as it is open. Health checks always pass: a busy host is not an ill one.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

use super::{connection::Peer, pulse::Beat};
use crate::{
    auth::{refusal::is_grpc, table::rule_of},
    error::build,
    limits::CROWD_RETRY,
};

/// What passes however many there are.
const ALWAYS: &str = "/grpc.health.v1.Health/Check";

/// Puts the bound in front of a service.
#[derive(Clone, Debug)]
pub struct CrowdLayer {
    free: Arc<Semaphore>,
    refused: Arc<AtomicU64>,
}

impl CrowdLayer {
    /// At most so many requests; those refused are counted.
    #[must_use]
    pub fn new(requests_max: u32, refused: Arc<AtomicU64>) -> Self {
        Self { free: Arc::new(Semaphore::new(requests_max as usize)), refused }
    }
}

/// A service with the bound in front.
#[derive(Clone, Debug)]
pub struct Bounded<S> {
    inner: S,
    free: Arc<Semaphore>,
    refused: Arc<AtomicU64>,
}

impl<S> Layer<S> for CrowdLayer {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded { inner, free: Arc::clone(&self.free), refused: Arc::clone(&self.refused) }
    }
}

/// What a request under way takes.
struct Taken {
    _place: Option<OwnedSemaphorePermit>,
    _beat: Option<Beat>,
}

type Answer<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

impl<S> Service<Request<Body>> for Bounded<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let place = Arc::clone(&self.free).try_acquire_owned().ok();
        if place.is_none() && request.uri().path() != ALWAYS {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Box::pin(std::future::ready(Ok(refusal(is_grpc(request.headers())))));
        }
        let is_brief = !rule_of(request.uri().path()).lasts;
        let beat = request.extensions().get::<Peer>().map(|peer| peer.pulse.beat(is_brief));
        let taken = Taken { _place: place, _beat: beat };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            Ok(response.map(|inner| Body::new(Counted { inner, _taken: taken })))
        })
    }
}

fn refusal(is_grpc: bool) -> Response<Body> {
    let words = "the host has limits.requests_total requests under way: try again later, or send less at once";
    if is_grpc {
        return build(Code::ResourceExhausted, "OVERLOADED", Vec::new(), Some(CROWD_RETRY), words).into_http();
    }
    let mut response = Response::new(Body::new(format!("{words}\n")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// A body that keeps what its request takes.
struct Counted {
    inner: Body,
    _taken: Taken,
}

impl HttpBody for Counted {
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
    #![allow(clippy::unwrap_used)]
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    fn request(path: &str) -> Request<Body> {
        Request::builder().uri(path).header("content-type", "application/grpc").body(Body::default()).unwrap()
    }

    #[tokio::test]
    async fn one_more_is_refused_with_advice_until_an_answer_has_gone_out_whole() {
        let inner = service_fn(|_: Request<Body>| async { Ok::<_, Status>(Response::new(Body::new("x".to_owned()))) });
        let count = Arc::new(AtomicU64::new(0));
        let service = CrowdLayer::new(1, Arc::clone(&count)).layer(inner);
        let first = service.clone().oneshot(request("/x")).await.unwrap();
        let refused = service.clone().oneshot(request("/x")).await.unwrap();
        let status = Status::from_header_map(refused.headers()).unwrap();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let retry = tonic_types::StatusExt::get_details_retry_info(&status).unwrap();
        assert_eq!(retry.retry_delay, Some(CROWD_RETRY));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        let health = service.clone().oneshot(request(ALWAYS)).await.unwrap();
        assert!(health.headers().get("grpc-status").is_none(), "health passes");
        drop(first);
        let again = service.oneshot(request("/x")).await.unwrap();
        assert!(again.headers().get("grpc-status").is_none());
    }
}
