//! HTTP out of the sandbox.
//!
//! Parts, in the order in which a request meets them: [`rule`] (is this scheme, host and port granted?), `request` (is it well
//! formed, and what does the host add?), `connect` (resolve, check the `address`, connect to exactly that address), `client`
//! (send, bound the answer, say what went wrong), [`transport`] (the seam between the last two and everything before), [`trail`]
//! (who follows what leaves).
//!
//! Invariants:
//!
//! * What is checked is what is used: a URL is parsed once, and the request is built from the parsed form; an address is
//!   resolved once, and the connection goes to the address that was checked. No name can be rebound in between.
//! * Redirects are not followed: the guest asks again, and is checked again.
//! * Connections are a plugin's own. Another version or another kind, with other rules, never gets them.
//! * Nothing here reads the environment: no proxies.

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod connect;
pub(crate) mod request;
pub mod rule;
pub mod trail;
pub mod transport;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore};

use self::{
    client::Network,
    connect::{Connector, InTime},
};
pub(crate) use self::{client::chain, connect::SystemResolver};
pub use self::{
    client::read,
    connect::{Resolve, Resolving},
    request::{Asked, Refused},
    rule::{HttpRule, RuleError},
    trail::{Leg, Trail},
    transport::{Exchange, SendError, Transport},
};
use crate::{
    limits::{HEAD_BYTES_MAX, HEADERS_MAX, IDLE_PER_TARGET_MAX, IDLE_TIMEOUT},
    plugin::Grants,
};

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request or a response: whole, or streamed.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// What all plugins share on their way out: how names are resolved, and whom TLS trusts.
pub(crate) struct Outside {
    resolver: Arc<dyn Resolve>,
    tls: ClientConfig,
}

impl Outside {
    pub(crate) fn new(resolver: Arc<dyn Resolve>) -> Result<Self, rustls::Error> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { resolver, tls })
    }
}

/// One plugin's way out.
pub(crate) struct Egress {
    /// What is granted.
    grants: Grants,
    transport: Arc<dyn Transport>,
    response_bytes_max: u64,
}

impl Egress {
    /// To the network.
    pub(crate) fn new(outside: &Outside, grants: &Grants, response_bytes_max: u64) -> Self {
        let connector = Connector { rules: grants.http.as_slice().into(), resolver: Arc::clone(&outside.resolver) };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(outside.tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_TARGET_MAX)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .http1_max_headers(HEADERS_MAX)
            .build(InTime(connector));
        Self::over(Arc::new(Network(client)), grants, response_bytes_max)
    }

    /// Over another transport.
    pub(crate) fn over(transport: Arc<dyn Transport>, grants: &Grants, response_bytes_max: u64) -> Self {
        Self { grants: grants.clone(), transport, response_bytes_max }
    }

    /// The same way, with every request followed.
    pub(crate) fn followed(&self, trail: Arc<dyn Trail>) -> Self {
        let inner = Arc::clone(&self.transport);
        let transport = Arc::new(trail::Followed { inner, trail });
        Self { grants: self.grants.clone(), transport, response_bytes_max: self.response_bytes_max }
    }

    /// Who carries its requests out.
    pub(crate) fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport)
    }

    /// The longest body of a response, in bytes.
    pub(crate) fn response_bytes_max(&self) -> u64 {
        self.response_bytes_max
    }
}
