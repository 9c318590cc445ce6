//! Who asks: what came with a request beside its message, handed on to service `Admin`, which sees the same caller as over gRPC.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{Extensions, HeaderMap, request::Parts};
use tonic::{Request, metadata::MetadataMap};

/// The headers, and what the layers in front learnt: the address, and who it is.
pub struct Caller {
    headers: HeaderMap,
    extensions: Extensions,
}

impl Caller {
    /// A call of service `Admin`.
    pub fn asks<T>(&self, message: T) -> Request<T> {
        Request::from_parts(MetadataMap::from_headers(self.headers.clone()), self.extensions.clone(), message)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self { headers: parts.headers.clone(), extensions: parts.extensions.clone() })
    }
}
