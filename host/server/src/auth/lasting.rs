//! The body of an answer that may go on for long: it ends when what let it in is withdrawn.
//!
//! After each reload, and when the credentials run out, whoever opened it is looked at again: they go on with the rights
//! that they have by then, or the stream ends with the refusal that a new request would get. To the services it is as if
//! the client had gone: sessions opened on the stream are stored, and repeated.
//!
//! A task of its own looks: the body of a client that takes no answers is not polled, and such a client must not keep its stream
//! by that.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, body::Body};

use super::{
    access::{Access, Admitted, Doorkeeper},
    credential::Credential,
    refusal::Denied,
    table::Right,
};
use crate::{grpc::pulse::Pulse, limits::EXPIRY_LOOK_MAX, time::now_ms};

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
    /// Whether its answer may go on for long.
    pub lasts: bool,
    /// Who was let in: an identity of this request's own.
    pub admitted: Admitted,
    /// For the log.
    pub path: String,
    /// For the log.
    pub who: String,
    /// Whether it is answered by gRPC.
    pub is_grpc: bool,
    /// Its connection's.
    pub pulse: Option<Arc<Pulse>>,
}

impl Pass {
    /// Wait until there is reason to look again.
    pub(super) fn reason_to_look(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let replaced = self.by.replaced();
        let Some(until_ms) = self.admitted.until_ms else { return Box::pin(replaced) };
        // In steps: the wall clock may be set meanwhile.
        let left = Duration::from_millis(until_ms.saturating_sub(now_ms())).min(EXPIRY_LOOK_MAX);
        Box::pin(async move {
            let _ = tokio::time::timeout(left, replaced).await;
        })
    }

    /// What is answered where it is withdrawn before there is an answer.
    pub(super) fn refusal(&self, why: Denied) -> Response<Body> {
        why.response(self.is_grpc)
    }

    /// Its connection is a stranger's from now on, unless others use it. To be told when the request is gone, which is in use till then.
    pub(super) fn turn_away(&self, why: Denied) {
        if why.is_of_a_stranger() {
            self.pulse.iter().for_each(|pulse| pulse.turn_away());
        }
    }

    /// Look again.
    pub(super) fn look(&mut self) -> Result<(), Denied> {
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
    shared: Arc<Shared>,
    /// Resolves once it is withdrawn.
    told: Pin<Box<WaitForCancellationFutureOwned>>,
    is_grpc: bool,
    is_over: bool,
    looks: AbortHandle,
}

/// What the body and the task that looks share.
struct Shared {
    /// None once it is withdrawn: then nothing of it is kept.
    inner: Mutex<Option<Body>>,
    withdrawn: OnceLock<Denied>,
    tells: CancellationToken,
}

impl Shared {
    /// Look whenever there is reason to, until it is withdrawn.
    async fn look(self: Arc<Self>, mut pass: Pass) {
        let why = loop {
            pass.reason_to_look().await;
            if let Err(why) = pass.look() {
                break why;
            }
        };
        let _ = self.withdrawn.set(why);
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(inner);
        pass.turn_away(why);
        self.tells.cancel();
    }

    fn of_inner<T>(&self, ask: impl FnOnce(&mut Body) -> T) -> Option<T> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(ask)
    }
}

impl Lasting {
    /// This body, for as long as the pass is good. Needs a tokio runtime.
    #[must_use]
    pub fn new(inner: Body, pass: Pass) -> Self {
        let is_grpc = pass.is_grpc;
        let (inner, tells) = (Mutex::new(Some(inner)), CancellationToken::new());
        let told = Box::pin(tells.clone().cancelled_owned());
        let shared = Arc::new(Shared { inner, withdrawn: OnceLock::new(), tells });
        let looks = tokio::spawn(Arc::clone(&shared).look(pass)).abort_handle();
        Self { shared, told, is_grpc, is_over: false, looks }
    }

    /// End, with the refusal.
    fn end(&mut self) -> Option<Result<Frame<Bytes>, Status>> {
        self.is_over = true;
        let why = self.shared.withdrawn.get().filter(|_| self.is_grpc)?;
        let mut trailers = HeaderMap::new();
        let status = why.status();
        Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers)))
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        self.looks.abort();
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
        if this.told.as_mut().poll(context).is_ready() {
            return Poll::Ready(this.end());
        }
        // None: it is being withdrawn, and the next poll is told so.
        this.shared.of_inner(|inner| Pin::new(inner).poll_frame(context)).unwrap_or(Poll::Pending)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.shared.of_inner(|inner| inner.is_end_stream()).unwrap_or(false)
    }

    fn size_hint(&self) -> SizeHint {
        self.shared.of_inner(|inner| inner.size_hint()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::sync::oneshot;

    use super::*;
    use crate::config::Config;

    /// A body that says nothing, and tells when it is dropped.
    struct Silent(#[allow(dead_code, reason = "what is dropped is told")] oneshot::Sender<()>);

    impl HttpBody for Silent {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn what_is_withdrawn_is_let_go_though_its_body_is_not_polled() {
        let config = |text: &str| Config::parse(text, std::path::Path::new("/")).unwrap();
        let keeper = Arc::new(Doorkeeper::new(&config("")));
        let (by, credential, right) = (keeper.now(), Credential::None, Right::Open);
        let admitted = by.admit(&credential, right).unwrap();
        let (path, who) = ("/x".to_owned(), "somebody".to_owned());
        let (keeper_of_it, lasts, is_grpc, pulse) = (Arc::clone(&keeper), true, true, None);
        let pass = Pass { keeper: keeper_of_it, by, credential, right, lasts, admitted, path, who, is_grpc, pulse };
        let (sender, dropped) = oneshot::channel();
        let mut body = Lasting::new(Body::new(Silent(sender)), pass);
        keeper
            .follow(&config(&format!("[[access]]\nname = \"x\"\nread = true\ntoken = \"sha256:{}\"", "0".repeat(64))));
        assert!(dropped.await.is_err(), "the body is let go");
        let mut next = async || std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        let trailers = next().await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(Status::from_header_map(&trailers).unwrap().code(), tonic::Code::Unauthenticated);
        assert!(next().await.is_none());
    }
}
