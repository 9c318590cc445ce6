//! A connection to a host, and what its sessions share.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tonic::{Status, transport::Channel};

use crate::{
    builder::{Builder, Options},
    call::{RootCause, Tries, Way, later, truba},
    error::Error,
    identity::Identity,
    index::Index,
    lease::{Epoch, Registry, Renewals},
    limits::OPERATION_TIMEOUT_MIN,
    line::Line,
    opening::Opening,
    outage::Outage,
    room::Room,
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
    /// Of which each session has another.
    pub way: Way,
    /// What the client calls itself, and its count of requests.
    pub identity: Arc<Identity>,
    /// The sessions whose leases are kept.
    pub registry: Arc<Registry>,
    /// Whether the host answers.
    pub outage: Arc<Outage>,
    /// Room for operations.
    pub room: Room,
    options: Options,
    renewals: Renewals,
}

impl Client {
    /// A client of the host at this URL, such as `http://127.0.0.1:7340`, or `https://truba.example.org:7340` over TLS. It
    /// connects when it is first used, and again whenever the connection broke.
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

    /// Open a session of a kind that the host's config names: short for [`Client::session`] and [`Opening::open`].
    ///
    /// Called again it opens another session. If it fails with [`Error::maybe_applied`], one may be left behind, without
    /// records, for its repeat handler. To resume instead, keep the [`Opening`] of [`Client::session`].
    ///
    /// # Errors
    ///
    /// As [`Opening::open`].
    pub async fn new_session(&self, kind: u32) -> Result<Session, Error> {
        self.session(kind).open().await
    }

    /// Prepare a session: its first record, its traceparent, a request id of one's own.
    pub fn session(&self, kind: u32) -> Opening {
        Opening::new(self.clone(), kind)
    }

    pub(crate) fn new(host: String, channel: Channel, bearer: Bearer, options: Options) -> Self {
        let (truba, epoch) = (truba(channel, bearer), Epoch(Instant::now()));
        let (registry, outage) = (Arc::new(Registry::new(epoch)), Arc::new(Outage::new(host, epoch)));
        let identity = Arc::new(Identity::new());
        let line = options.streamed.then(|| Arc::new(Line::new(truba.clone(), identity.clone(), registry.clone())));
        let way = Way::new(truba, line, identity.clone());
        let renewals = Renewals::begin(registry.clone(), outage.clone(), way.another(), options.try_timeout);
        let room = Room::new(options.operations_max, options.operation_bytes_max);
        Self { shared: Arc::new(Shared { way, identity, registry, outage, room, options, renewals }) }
    }
}

impl Shared {
    /// Whether sessions are left to their leases when the stream breaks.
    pub fn outlives_stream(&self) -> bool {
        self.options.outlives_stream
    }

    /// Whether the runtime has ended on which the client was made: its connection and its renewals went with it.
    pub fn runtime_ended(&self) -> bool {
        self.renewals.have_ended()
    }

    /// The tries of a call that begins now, under a lease of this length.
    pub fn tries(&self, now: Instant, lease: Duration, resumed: Option<Instant>) -> Tries {
        let timeout = self.options.operation_timeout.unwrap_or(lease.max(OPERATION_TIMEOUT_MIN));
        Tries::new(later(now, timeout), self.options.try_timeout, resumed).fail_fast(self.options.fail_fast)
    }

    /// The error of a call to a host to which no connection can be made.
    pub fn unreachable(&self, status: Status, maybe_applied: bool) -> Error {
        Error::Unreachable { host: self.outage.host.clone(), maybe_applied, source: RootCause::new(status).into() }
    }

    /// The error of a call for which there was no room in this client. `session`: none where it was to be opened.
    pub fn full(&self, session: Option<Index>, maybe_applied: bool) -> Error {
        let (tries, elapsed) = (0, Duration::ZERO);
        if !self.outage.is_on() && !maybe_applied {
            return Error::Overloaded { tries, elapsed };
        }
        let words = "as many operations as this client may hold wait for the host already (Builder::waiting_max)";
        self.unavailable(session, tries, elapsed, maybe_applied, Status::resource_exhausted(words))
    }

    /// The error of a call that had no answer. `session`: none where it was to be opened.
    pub fn unavailable(
        &self,
        session: Option<Index>,
        tries: u32,
        elapsed: Duration,
        maybe_applied: bool,
        status: Status,
    ) -> Error {
        let (host, source) = (self.outage.host.clone(), RootCause::new(status).into());
        Error::Unavailable { session, host, tries, elapsed, maybe_applied, source }
    }
}
