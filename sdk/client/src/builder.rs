//! Options of a client, and making it.

use std::time::Duration;

use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::runtime::Handle;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt as _;

use crate::{
    call::Sniffed,
    client::Client,
    error::Error,
    limits::{
        CONNECT_TIMEOUT, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, OPERATION_BYTES_MAX, OPERATIONS_MAX, TRY_TIMEOUT,
    },
    secure::Secure,
};

/// Options of a client. Made by [`Client::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `connect`"]
pub struct Builder {
    target: Target,
    options: Options,
    secure: Secure,
    connect_timeout: Duration,
}

#[derive(Clone, Debug)]
enum Target {
    Url(String),
    Channel(Channel),
}

/// What the rest of the crate needs to know of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// How long an operation is tried; none: as long as its session's lease, at least ten seconds.
    pub operation_timeout: Option<Duration>,
    /// How long one try waits for its answer.
    pub try_timeout: Duration,
    /// Whether operations share one stream.
    pub streamed: bool,
    /// Whether sessions are left to their leases when the stream breaks.
    pub outlives_stream: bool,
    /// Whether to give up as soon as there is no connection.
    pub fail_fast: bool,
    /// How many operations may be under way or wait for the host.
    pub operations_max: usize,
    /// How many bytes their records may have together.
    pub operation_bytes_max: usize,
}

impl Builder {
    pub(crate) fn new(url: String) -> Self {
        Self::with(Target::Url(url))
    }

    pub(crate) fn over(channel: Channel) -> Self {
        Self::with(Target::Channel(channel))
    }

    fn with(target: Target) -> Self {
        let options = Options {
            operation_timeout: None,
            try_timeout: TRY_TIMEOUT,
            streamed: true,
            outlives_stream: true,
            fail_fast: false,
            operations_max: OPERATIONS_MAX,
            operation_bytes_max: OPERATION_BYTES_MAX,
        };
        Self { target, options, secure: Secure::default(), connect_timeout: CONNECT_TIMEOUT }
    }

    /// How long an operation is tried before it fails as unavailable. Without this: as long as the session's lease, but
    /// at least ten seconds, so that a host which is restarted is not noticed.
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.options.operation_timeout = Some(timeout);
        self
    }

    /// How long one try waits for its answer before the next begins. Three seconds without this.
    pub fn try_timeout(mut self, timeout: Duration) -> Self {
        self.options.try_timeout = timeout;
        self
    }

    /// Do not wait for a host that is away: an operation that finds no connection to it fails at once, as
    /// [`Error::Unavailable`]. Without this it is tried for as long as [`Builder::operation_timeout`] says. What was sent and is
    /// not answered is tried again in any case.
    pub fn fail_fast(mut self) -> Self {
        self.options.fail_fast = true;
        self
    }

    /// How many operations may be under way or wait for the host at a time, and how many bytes their records may have
    /// together; 65,536 and 64 MiB without this. So a client whose host is away takes no more memory than that, and some 2 KiB
    /// for each operation.
    ///
    /// While the host answers, as many again, with as many bytes again, wait for their turn, and further ones fail as
    /// [`Error::Overloaded`]. While it is away, nothing waits for a turn: what finds no room, and what waits when it falls
    /// silent, fails at once as [`Error::Unavailable`].
    pub fn waiting_max(mut self, operations: usize, record_bytes: usize) -> Self {
        self.options.operations_max = operations;
        self.options.operation_bytes_max = record_bytes;
        self
    }

    /// Make a call of its own for each operation, instead of sending all over one stream: for proxies that cannot pass a
    /// stream on. It costs several times the work.
    pub fn unary(mut self) -> Self {
        self.options.streamed = false;
        self
    }

    /// Have sessions stored as soon as the connection breaks, not only when their leases end: if this process dies its work
    /// goes on sooner, after the kind's delay.
    ///
    /// The price: a connection can break without the process dying, and the host may know it first. Then it may take a
    /// session although the lease still runs by [`Session::check_lease`](crate::Session::check_lease), unless the client is
    /// back within the kind's delay: it takes up to four seconds to see that a connection is dead. Only for kinds whose
    /// delay is longer, or whose work may overlap with its repeat.
    pub fn hand_over_when_cut(mut self) -> Self {
        self.options.outlives_stream = false;
        self
    }

    /// How long the making of a connection may take. Two seconds without this.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Show this token with every request: what `mpy6a token new` printed. It is sent over TLS, or within this machine, only.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.secure.token = Some(token.into());
        self
    }

    /// Trust hosts whose certificate this authority has signed, and no others. PEM. Without this: the authorities that browsers
    /// know.
    pub fn ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.secure.ca = Some(pem.into());
        self
    }

    /// Show this client certificate, with its chain, and its key. PEM.
    pub fn certificate(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.secure.certificate = Some((certificate.into(), key.into()));
        self
    }

    /// The name that the host's certificate has, where it is not the one in the URL.
    pub fn host_name(mut self, name: impl Into<String>) -> Self {
        self.secure.host_name = Some(name.into());
        self
    }

    /// Send the token over `http://` beyond this machine all the same: something else encrypts it.
    pub fn plain_text(mut self) -> Self {
        self.secure.plain_text = true;
        self
    }

    /// Make the client. It connects when it is first used, and again whenever the connection broke.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`]: the URL is not of the form `http://host:port` or `https://host:port`, a certificate cannot be used, a
    /// token is none or would be sent in plain text, or there is no tokio runtime here, on which leases could be renewed.
    pub fn connect(self) -> Result<Client, Error> {
        if Handle::try_current().is_err() {
            let remedy = "call it inside a tokio runtime, on which it renews leases for as long as the client lives";
            return Err(Error::Setup(remedy.to_owned()));
        }
        let (host, channel, bearer) = match self.target {
            Target::Channel(channel) => ("the host".to_owned(), channel, self.secure.bearer(None)?),
            Target::Url(url) => {
                let endpoint = endpoint(&url, self.connect_timeout)?;
                let bearer = self.secure.bearer(Some(endpoint.uri()))?;
                let host = endpoint.uri().to_string().trim_end_matches('/').to_owned();
                (host, channel(&self.secure.endpoint(endpoint)?), bearer)
            }
        };
        Ok(Client::new(host, channel, bearer, self.options))
    }
}

/// A channel that connects when it is first used. Without TLS the first bytes of the other side are looked at; TLS looks itself.
fn channel(endpoint: &Endpoint) -> Channel {
    if endpoint.uri().scheme_str() == Some("https") {
        return endpoint.connect_lazy();
    }
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    endpoint.connect_with_connector_lazy(tcp.map_response(|io| TokioIo::new(Sniffed::new(io.into_inner()))))
}

/// One connection, watched: a host that died without a word is noticed after [`KEEPALIVE_INTERVAL`] and
/// [`KEEPALIVE_TIMEOUT`], used or not.
fn endpoint(url: &str, connect_timeout: Duration) -> Result<Endpoint, Error> {
    let wrong = |why: &str| Error::Setup(format!("{url:?} {why}: write it like http://127.0.0.1:7340"));
    let uri: http::Uri = url.parse().map_err(|_| wrong("is not a URL"))?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        _ => return Err(wrong("does not begin with http:// or https://")),
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        let remedy = "the URL has a name or a password in it: show a token with Builder::token instead";
        return Err(Error::Setup(remedy.to_owned()));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(wrong("has a path, and a host has none"));
    }
    Ok(Endpoint::from(uri)
        .user_agent(concat!("mpy6a-client/", env!("CARGO_PKG_VERSION")))
        .map_err(|error| Error::Setup(error.to_string()))?
        .connect_timeout(connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn refused(url: &str) -> String {
        match Builder::new(url.to_owned()).connect() {
            Err(Error::Setup(words)) => words,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[tokio::test]
    async fn connecting_asks_nothing_of_the_network() {
        // Nothing listens on port 1.
        Builder::new("http://127.0.0.1:1".to_owned()).connect().unwrap();
    }

    #[tokio::test]
    async fn a_url_that_cannot_work_is_refused_with_one_that_can() {
        for url in ["", "127.0.0.1:7340", "ftp://127.0.0.1", "http://", "https://", "http://a b"] {
            assert!(refused(url).contains("http://127.0.0.1:7340"), "{url}: {}", refused(url));
        }
    }

    #[tokio::test]
    async fn a_part_of_a_url_that_would_be_ignored_is_refused() {
        for url in ["http://127.0.0.1:1/truba", "https://127.0.0.1:1/?a=b", "http://127.0.0.1:1//"] {
            assert!(refused(url).contains("has a path"), "{url}: {}", refused(url));
        }
        let told = refused("http://me:secret@127.0.0.1:1");
        assert!(told.contains("Builder::token") && !told.contains("secret"), "{told}");
        Builder::new("http://127.0.0.1:1/".to_owned()).connect().unwrap();
    }

    #[test]
    fn without_a_runtime_it_says_so_and_does_not_panic() {
        assert!(refused("http://127.0.0.1:7340").contains("tokio runtime"));
    }
}
