//! Sending, and telling what went wrong in the words of the contract: above all, whether anything may have been sent.

use std::{error::Error, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{Client, Error as LegacyError};
use tokio::time::timeout;

use super::{
    Body, BoxError, Egress, Exchange, SendError, Transport,
    connect::{ConnectError, Connector, InTime},
};

/// The network, as one plugin may use it.
pub(super) struct Network(pub(super) Client<InTime<HttpsConnector<Connector>>, Body>);

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
        let body = read(body, max).await?;
        Ok(Response::from_parts(head, body))
    }

    /// Send a request and read the head of the response.
    pub(crate) async fn begin(&self, request: Request<Body>) -> Result<Response<Body>, SendError> {
        self.transport.begin(request).await
    }
}

impl Transport for Network {
    /// A connection from the pool that turns out dead before anything was written to it is replaced by a fresh one; nothing
    /// that may have been sent is sent again.
    fn begin(&self, request: Request<Body>) -> Exchange<'_> {
        let sending = self.0.request(request);
        Box::pin(async move {
            let response = sending.await.map_err(|error| why(&error))?;
            Ok(response.map(|body| body.map_err(BoxError::from).boxed_unsync()))
        })
    }
}

/// Read a body of at most so many bytes.
///
/// # Errors
///
/// [`SendError::TooLarge`], or [`SendError::Broken`] where it ends early.
pub async fn read(mut body: Body, max: u64) -> Result<Bytes, SendError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| SendError::Broken(chain(&*error)))?;
        // Trailers are of no use to a handler.
        let Ok(data) = frame.into_data() else { continue };
        if (bytes.len() + data.len()) as u64 > max {
            return Err(SendError::TooLarge(max));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// What a failed request means.
fn why(error: &LegacyError) -> SendError {
    if !error.is_connect() {
        return SendError::Broken(chain(error));
    }
    match find::<ConnectError>(error) {
        Some(ConnectError::Denied(why)) => SendError::Denied(why.clone()),
        Some(ConnectError::Failed(why)) => SendError::Unreachable(why.clone()),
        // The rest of connecting: TLS.
        None => SendError::Unreachable(chain(error)),
    }
}

/// The error of this type among an error and its sources.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    sources(error).find_map(|source| source.downcast_ref())
}

/// An error and its sources on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = sources(error).map(ToString::to_string).collect();
    // Wrappers often repeat what they wrap.
    texts.dedup();
    texts.join(": ")
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}
