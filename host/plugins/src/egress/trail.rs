//! Following requests that leave: for traces.

use std::sync::Arc;

use http::{Request, StatusCode};

use super::{Body, Exchange, SendError, Transport};

/// Follows the requests of one run.
pub trait Trail: Send + Sync {
    /// A request is about to leave, checked and granted. It may be given a header that names what follows it.
    fn leaves(&self, request: &mut Request<Body>) -> Box<dyn Leg>;
}

/// One request on its way. Dropped without [`Leg::ended`]: the run ended before it did.
pub trait Leg: Send {
    /// The head of a response came, or there is none.
    fn ended(self: Box<Self>, how: Result<StatusCode, &SendError>);
}

/// A transport whose requests are followed.
pub(crate) struct Followed {
    pub(crate) inner: Arc<dyn Transport>,
    pub(crate) trail: Arc<dyn Trail>,
}

impl Transport for Followed {
    fn begin(&self, mut request: Request<Body>) -> Exchange<'_> {
        let leg = self.trail.leaves(&mut request);
        let exchange = self.inner.begin(request);
        Box::pin(async move {
            let result = exchange.await;
            leg.ended(result.as_ref().map(http::Response::status));
            result
        })
    }
}
