//! A bound on the requests that are under way at once, over all connections. One more is refused at once, before anything of
//! it is read, with the advice when to try again: a queue would only make everybody wait.
//!
//! It stands behind the check of [`auth`](crate::auth): only who was let in takes a place. A request is under way until its answer
//! is sent to the end; a stream for as long as it is open. The [pulse](super::pulse) of each connection is told of its requests.
//!
//! Requests that need no right (health checks, the console's page) take no place here, so a busy host is not an ill one and a
//! stranger keeps nobody out: each connection has a few places of its own for them.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tonic::{Code, body::Body};
use tower::{Layer, Service};

use super::{
    connection::Peer,
    held::{self, Held},
    pulse::{Beat, Pulse, Sort},
};
use crate::{
    auth::{
        Identity,
        refusal::{is_grpc, page},
        table::{Right, Rule, rule_of},
    },
    error::build,
    limits::CROWD_RETRY,
};

/// Puts the bound in front of a service.
#[derive(Clone, Debug)]
pub struct CrowdLayer {
    places: Places,
    refused: Arc<AtomicU64>,
}

/// The places of a listener.
#[derive(Clone, Debug)]
struct Places {
    free: Arc<Semaphore>,
    /// Of those, the ones that callers may take who may not look at everything; none: all of them.
    clients: Option<Arc<Semaphore>>,
}

impl CrowdLayer {
    /// At most so many requests; those refused are counted. `of_clients_max`: how many of them callers may have who are no operators,
    /// where operators are to be served before all others.
    #[must_use]
    pub fn new(requests_max: u32, of_clients_max: Option<u32>, refused: Arc<AtomicU64>) -> Self {
        let places = |max: u32| Arc::new(Semaphore::new(max as usize));
        Self { places: Places { free: places(requests_max), clients: of_clients_max.map(places) }, refused }
    }
}

impl Places {
    /// A place for a request of this caller.
    fn take(&self, identity: Option<&Identity>) -> Result<[Option<OwnedSemaphorePermit>; 2], TryAcquireError> {
        let is_operator = || identity.is_some_and(|identity| identity.has(Right::Read));
        let of_clients = self.clients.as_ref().filter(|_| !is_operator());
        let of_clients = of_clients.map(|places| Arc::clone(places).try_acquire_owned()).transpose()?;
        Ok([Some(Arc::clone(&self.free).try_acquire_owned()?), of_clients])
    }
}

/// A service with the bound in front.
#[derive(Clone, Debug)]
pub struct Bounded<S> {
    inner: S,
    places: Places,
    refused: Arc<AtomicU64>,
}

impl<S> Layer<S> for CrowdLayer {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded { inner, places: self.places.clone(), refused: Arc::clone(&self.refused) }
    }
}

/// What a request under way takes, of a caller that was let in.
struct Taken {
    _places: [Option<OwnedSemaphorePermit>; 2],
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
        let path = request.uri().path();
        let pulse = request.extensions().get::<Peer>().map(|peer| Arc::clone(&peer.pulse));
        if is_of_a_service(path) && !is_grpc(request.headers()) {
            return refused(page(StatusCode::UNSUPPORTED_MEDIA_TYPE, NO_GRPC), pulse.as_ref());
        }
        let rule = rule_of(path);
        if rule.right == Right::Anyone {
            return self.for_anyone(request, rule, pulse.as_ref());
        }
        let Ok(places) = self.places.take(request.extensions().get()) else {
            // Who is let in and finds no place is no stranger. Whoever finds one is known by its beat.
            pulse.iter().for_each(|pulse| pulse.let_in());
            self.refused.fetch_add(1, Ordering::Relaxed);
            return refused(refusal(is_grpc(request.headers()), CROWDED), pulse.as_ref());
        };
        let taken = Taken { _places: places, _beat: pulse.map(|pulse| pulse.beat(!rule.lasts)) };
        self.answer(request, taken)
    }
}

impl<S> Bounded<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    /// A request that needs no right: its connection has few places for such.
    fn for_anyone(&mut self, request: Request<Body>, rule: Rule, pulse: Option<&Arc<Pulse>>) -> Answer<S::Error> {
        let sort = match (is_of_a_service(rule.path), rule.lasts) {
            (true, true) => Sort::Stream,
            (true, false) => Sort::Call,
            (false, _) => Sort::Page,
        };
        let guest = pulse.map(|pulse| pulse.guest(sort));
        if matches!(guest, Some(None)) {
            return refused(refusal(is_grpc(request.headers()), CROWDED_CONNECTION), pulse);
        }
        self.answer(request, guest)
    }

    /// The answer, which keeps what its request takes until it is sent.
    fn answer<T: Send + Unpin + 'static>(&mut self, request: Request<Body>, taken: T) -> Answer<S::Error> {
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            Ok(response.map(|inner| Body::new(Held::new(inner, taken))))
        })
    }
}

/// The answer to a request that is not served.
fn refused<E: Send + 'static>(response: Response<Body>, pulse: Option<&Arc<Pulse>>) -> Answer<E> {
    Box::pin(std::future::ready(Ok(held::refusal(response, pulse))))
}

/// Said past the bound over all connections.
const CROWDED: &str = "the host has limits.requests_total requests under way, or here as many as it serves beside its operators': \
                       try again later, or send less at once";

/// Said past the bound of one connection on what needs no right.
const CROWDED_CONNECTION: &str = "this connection has as many requests under way as it may have without a right to anything: end some, \
                                  or use another connection";

/// Said to what asks for a method by something else than gRPC.
const NO_GRPC: &str = "this is a method of a gRPC service: call it by gRPC, with content-type: application/grpc";

/// Whether a path is that of a method of gRPC, `/package.Service/Method`.
fn is_of_a_service(path: &str) -> bool {
    path.get(1..).and_then(|path| path.split_once('/')).is_some_and(|(service, _)| service.contains('.'))
}

fn refusal(is_grpc: bool, words: &'static str) -> Response<Body> {
    if is_grpc {
        return build(Code::ResourceExhausted, "OVERLOADED", Vec::new(), Some(CROWD_RETRY), words).into_http();
    }
    page(StatusCode::SERVICE_UNAVAILABLE, words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{convert::Infallible, time::Duration};

    use tonic::Status;
    use tower::{ServiceExt as _, service_fn};

    use super::*;
    use crate::grpc::pulse::Patience;

    fn request(path: &str) -> Request<Body> {
        Request::builder().uri(path).header("content-type", "application/grpc").body(Body::default()).unwrap()
    }

    #[tokio::test]
    async fn one_more_is_refused_with_advice_until_an_answer_has_gone_out_whole() {
        let inner =
            service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::new("x".to_owned()))) });
        let count = Arc::new(AtomicU64::new(0));
        let service = CrowdLayer::new(1, None, Arc::clone(&count)).layer(inner);
        let first = service.clone().oneshot(request("/x")).await.unwrap();
        let refused = service.clone().oneshot(request("/x")).await.unwrap();
        let status = Status::from_header_map(refused.headers()).unwrap();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let retry = tonic_types::StatusExt::get_details_retry_info(&status).unwrap();
        assert_eq!(retry.retry_delay, Some(CROWD_RETRY));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        for open in ["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/console/main.js"] {
            let answer = service.clone().oneshot(request(open)).await.unwrap();
            assert!(answer.headers().get("grpc-status").is_none(), "{open} needs no place");
        }
        drop(first);
        let again = service.oneshot(request("/x")).await.unwrap();
        assert!(again.headers().get("grpc-status").is_none());
    }
    #[tokio::test]
    async fn clients_leave_places_to_operators_where_these_come_first() {
        let inner =
            service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::new("x".to_owned()))) });
        let service = CrowdLayer::new(3, Some(1), Arc::default()).layer(inner);
        let ask = async |read| {
            let open = crate::auth::identity::Kinds::Every;
            let granted = crate::auth::identity::Granted { name: None, open, read, administer: false };
            let mut request = request("/x");
            request.extensions_mut().insert(Identity::new(Arc::new(granted)));
            let answer = service.clone().oneshot(request).await.unwrap();
            answer.headers().get("grpc-status").is_none().then_some(answer)
        };
        let client = ask(false).await;
        assert!(client.is_some() && ask(false).await.is_none(), "that is their share");
        let operators = [ask(true).await, ask(true).await];
        assert!(operators.iter().all(Option::is_some) && ask(true).await.is_none());
        drop(client);
        assert!(ask(false).await.is_some());
    }

    #[test]
    fn methods_are_told_from_pages() {
        for path in ["/mpy6a.v1.Truba/New", "/grpc.health.v1.Health/Check", "/a.B/"] {
            assert!(is_of_a_service(path), "{path}");
        }
        for path in ["", "/", "/metrics", "/favicon.ico", "/console/main.js", "/api/sessions/3.4", "*"] {
            assert!(!is_of_a_service(path), "{path}");
        }
    }

    #[tokio::test]
    async fn what_needs_no_right_takes_no_place_and_a_connection_has_few_of_it() {
        let inner =
            service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::new("x".to_owned()))) });
        let service = CrowdLayer::new(1, None, Arc::default()).layer(inner);
        let patience = Patience { first_request: Duration::from_secs(9), idle: Duration::from_secs(9) };
        let address = "127.0.0.1:5".parse().unwrap();
        let peer = Peer { address, certificate: None, is_encrypted: false, pulse: Pulse::new(patience) };
        let ask = async |path| {
            let mut request = request(path);
            request.extensions_mut().insert(peer.clone());
            service.clone().oneshot(request).await.unwrap()
        };
        let mut watches = Vec::new();
        for _ in 0..crate::limits::OPEN_STREAMS_MAX {
            watches.push(ask("/grpc.health.v1.Health/Watch").await);
            assert!(watches.last().unwrap().headers().get("grpc-status").is_none());
        }
        let refused = ask("/grpc.health.v1.Health/Watch").await;
        assert_eq!(Status::from_header_map(refused.headers()).unwrap().code(), Code::ResourceExhausted);
        for path in ["/grpc.health.v1.Health/Check", "/x"] {
            assert!(ask(path).await.headers().get("grpc-status").is_none(), "{path} has other places");
        }
        watches.pop();
        assert!(ask("/grpc.health.v1.Health/Watch").await.headers().get("grpc-status").is_none());
    }
}
