//! The body of an answer that may go on for long: it ends when what let it in is withdrawn.
//!
//! After each reload, and when the credentials run out, whoever opened it is looked at again: they go on with the rights
//! that they have by then, or the stream ends with the refusal that a new request would get. To the services it is as if
//! the client had gone: sessions opened on the stream are stored, and repeated.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Status, body::Body};

use super::{
    access::{Access, Admitted, Doorkeeper},
    credential::Credential,
    refusal::Denied,
    table::Right,
};
use crate::{limits::EXPIRY_LOOK_MAX, time::now_ms};

/// A pass that is looked at again.
pub struct Pass {
    /// Lets in whom the config in service names.
    pub keeper: Arc<Doorkeeper>,
    /// The table that let this one in.
    pub by: Arc<Access>,
    /// What the request showed.
    pub credential: Credential,
    /// What it needs.
    pub right: Right,
    /// Who was let in: an identity of this request's own.
    pub admitted: Admitted,
    /// For the log.
    pub path: String,
    /// For the log.
    pub who: String,
    /// Whether it is answered by gRPC.
    pub is_grpc: bool,
}

impl Pass {
    /// Wait until there is reason to look again.
    fn reason_to_look(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let replaced = self.by.replaced();
        let Some(until_ms) = self.admitted.until_ms else { return Box::pin(replaced) };
        // In steps: the wall clock may be set meanwhile.
        let left = Duration::from_millis(until_ms.saturating_sub(now_ms())).min(EXPIRY_LOOK_MAX);
        Box::pin(async move {
            let _ = tokio::time::timeout(left, replaced).await;
        })
    }

    /// Look again.
    fn look(&mut self) -> Result<(), Denied> {
        self.by = self.keeper.now();
        match self.by.admit(&self.credential, self.right) {
            Ok(admitted) => {
                self.admitted.identity.follow(admitted.identity.granted());
                self.admitted.until_ms = admitted.until_ms;
                Ok(())
            }
            Err((why, _)) => {
                self.keeper.denials.note(why, &self.who, &self.path);
                Err(why)
            }
        }
    }
}

/// The body.
pub struct Lasting {
    inner: Body,
    pass: Pass,
    reason: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_over: bool,
}

impl Lasting {
    /// This body, for as long as the pass is good.
    #[must_use]
    pub fn new(inner: Body, pass: Pass) -> Self {
        let reason = pass.reason_to_look();
        Self { inner, pass, reason, is_over: false }
    }

    /// End, with this refusal.
    fn end(&mut self, why: Denied) -> Option<Result<Frame<Bytes>, Status>> {
        self.is_over = true;
        self.inner = Body::empty();
        if !self.pass.is_grpc {
            return None;
        }
        let mut trailers = HeaderMap::new();
        let status = why.status();
        Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers)))
    }
}

impl HttpBody for Lasting {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Ready(None);
        }
        while this.reason.as_mut().poll(context).is_ready() {
            match this.pass.look() {
                Ok(()) => this.reason = this.pass.reason_to_look(),
                Err(why) => return Poll::Ready(this.end(why)),
            }
        }
        Pin::new(&mut this.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
