//! What answers in the peer's place: a proxy with a page or a code of its own, or the host's gate.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response, header::CONTENT_TYPE};
use tonic::{Status, body::Body};
use tower::Service;

use super::Peer;

/// What stands before the peer.
#[derive(Clone, Debug)]
pub enum Before {
    /// Answers with a status of HTTP, and a page or no word.
    Page { status: u16, html: bool },
    /// Answers with a status of gRPC.
    Status(Status),
}

impl Before {
    fn answer(&self) -> Response<Body> {
        match self {
            Self::Status(status) => status.clone().into_http(),
            Self::Page { status, html: true } => {
                let page = http_body_util::Full::new("<html>no</html>".into());
                let answer = Response::builder().status(*status).header(CONTENT_TYPE, "text/html");
                answer.body(Body::new(page)).unwrap()
            }
            Self::Page { status, html: false } => Response::builder().status(*status).body(Body::empty()).unwrap(),
        }
    }
}

/// The peer's service, unless something stands before it.
#[derive(Clone)]
pub struct Guarded<S> {
    pub inner: S,
    pub peer: Peer,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let before = self.peer.book().before.as_ref().map(Before::answer);
        match before {
            Some(answer) => Box::pin(async move { Ok(answer) }),
            None => Box::pin(self.inner.call(request)),
        }
    }
}
