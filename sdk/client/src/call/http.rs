//! What lies between gRPC and the connection: whether a request's message was sent, and whether its answer is gRPC's.
//!
//! A proxy that refuses a request, or has no host behind it, answers with a page. gRPC makes of it a code that a host could
//! have sent, or complains about the page's first byte.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Status, body::Body, codegen::StdError};
use tower::Service;

use super::Sent;

/// The service beneath, with a look at requests and answers.
#[derive(Clone, Debug)]
pub(crate) struct Http<S>(pub S);

impl<S, B> Service<Request<Body>> for Http<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<StdError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = StdError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, StdError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StdError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let request = match request.extensions_mut().remove::<Sent>() {
            Some(sent) => request.map(|body| Body::new(Marked { body, sent })),
            None => request,
        };
        let answer = self.0.call(request);
        Box::pin(async move {
            let answer = answer.await.map_err(Into::into)?;
            match NotGrpc::of(&answer) {
                Some(other) => Err(other.into()),
                None => Ok(answer),
            }
        })
    }
}

/// The body of a request, which marks that it was sent.
struct Marked {
    body: Body,
    sent: Sent,
}

impl HttpBody for Marked {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if !this.sent.mark() {
            return Poll::Ready(Some(Err(Status::cancelled("withdrawn before it was sent"))));
        }
        Pin::new(&mut this.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer that is not gRPC's.
#[derive(Debug)]
pub(super) struct NotGrpc {
    status: StatusCode,
    content_type: String,
}

impl NotGrpc {
    /// This answer, unless it is gRPC's.
    fn of<B>(answer: &Response<B>) -> Option<Self> {
        let content_type = answer.headers().get(CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
        if content_type.starts_with(b"application/grpc") {
            return None;
        }
        Some(Self { status: answer.status(), content_type: String::from_utf8_lossy(content_type).into_owned() })
    }

    /// Whether another try would be answered likewise. A gateway without a host behind it may have one again.
    pub fn is_lasting(&self) -> bool {
        let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
        !(self.status.is_server_error() || passes.contains(&self.status))
    }
}

impl fmt::Display for NotGrpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, content_type } = self;
        let kind = if content_type.is_empty() { "no content type" } else { content_type };
        write!(
            f,
            "answered with HTTP {status} ({kind}), which is not gRPC: a proxy, or no mpy6a host, is at this address"
        )
    }
}

impl std::error::Error for NotGrpc {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn judged(status: u16, content_type: Option<&str>) -> Option<bool> {
        let mut answer = Response::builder().status(status);
        if let Some(content_type) = content_type {
            answer = answer.header(CONTENT_TYPE, content_type);
        }
        NotGrpc::of(&answer.body(Body::empty()).unwrap()).map(|other| other.is_lasting())
    }

    #[test]
    fn pages_are_told_from_answers_and_lasting_refusals_from_passing_ones() {
        for grpc in ["application/grpc", "application/grpc+proto"] {
            assert_eq!(judged(200, Some(grpc)), None);
        }
        for lasting in [200, 301, 401, 403, 404, 413, 415] {
            assert_eq!(judged(lasting, Some("text/html")), Some(true), "{lasting}");
            assert_eq!(judged(lasting, None), Some(true), "{lasting}");
        }
        for passing in [408, 429, 500, 502, 503, 504] {
            assert_eq!(judged(passing, Some("text/html")), Some(false), "{passing}");
        }
    }
}
