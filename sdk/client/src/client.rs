//! A connection to a host, and what its sessions share.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tonic::{service::interceptor::InterceptedService, transport::Channel};

use crate::{
    builder::{Builder, Options},
    call::{Tries, Truba, Way},
    error::Error,
    lease::{Epoch, Registry, Renewals},
    limits::OPERATION_TIMEOUT_MIN,
    line::Line,
    opening::Opening,
    secure::Bearer,
    session::Session,
};

/// A client of one host. Clones share its connection and the task that renews the leases of its sessions.
///
/// That task runs on the tokio runtime that the client was made on, for as long as a clone or a session lives.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

/// What a client and its sessions share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// To be cloned for each session.
    pub way: Way,
    /// The sessions whose leases are kept.
    pub registry: Arc<Registry>,
    options: Options,
    _renewals: Renewals,
}

impl Client {
    /// A client of the host at this URL, such as `http://127.0.0.1:7340`, or `https://truba.example.org:7340` over TLS. It connects when it is first used, and again
    /// whenever the connection broke.
    ///
    /// # Errors
    ///
    /// As [`Builder::connect`].
    pub fn connect(url: impl Into<String>) -> Result<Self, Error> {
        Self::builder(url).connect()
    }

    /// A client with options.
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder::new(url.into())
    }

    /// A client over a channel of one's own: over a Unix socket, for instance. Set an HTTP/2 keepalive and a
    /// connect timeout on it, or a host that dies without a word goes unnoticed.
    pub fn over(channel: Channel) -> Builder {
        Builder::over(channel)
    }

    /// Open a session of a kind that the host's config names. [`Client::session`] also takes its first record.
    ///
    /// # Errors
    ///
    /// As [`Opening::open`].
    pub async fn new_session(&self, kind: u32) -> Result<Session, Error> {
        self.session(kind).open().await
    }

    /// Prepare a session: its first record, its traceparent.
    pub fn session(&self, kind: u32) -> Opening<'_> {
        Opening::new(self, kind)
    }

    pub(crate) fn new(channel: Channel, bearer: Bearer, options: Options) -> Self {
        let truba = Truba::new(InterceptedService::new(channel, bearer));
        let registry = Arc::new(Registry::new(Epoch(Instant::now())));
        let line = options.streamed.then(|| Arc::new(Line::new(truba.clone(), registry.clone())));
        let way = Way::new(truba, line);
        let renewals = Renewals::begin(registry.clone(), way.clone(), options.try_timeout);
        Self { shared: Arc::new(Shared { way, registry, options, _renewals: renewals }) }
    }
}

impl Shared {
    /// Whether sessions are left to their leases when the stream breaks.
    pub fn outlives_stream(&self) -> bool {
        self.options.outlives_stream
    }

    /// The tries of a call that begins now, under a lease of this length.
    pub fn tries(&self, now: Instant, lease: Duration, resumed: Option<Instant>) -> Tries {
        let timeout = self.options.operation_timeout.unwrap_or(lease.max(OPERATION_TIMEOUT_MIN));
        Tries::new(now + timeout, self.options.try_timeout, resumed)
    }
}
