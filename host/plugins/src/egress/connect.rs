//! From a target to a connection: resolve, check each address, connect to one that passed.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tower::Service;
use url::{Host, Url};

use super::{
    BoxError,
    rule::{HttpRule, parts},
};
use crate::limits::CONNECT_TIMEOUT;

/// A name's addresses, to come.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// How names are resolved.
pub trait Resolve: Send + Sync {
    /// The addresses of a name, best first.
    ///
    /// # Errors
    ///
    /// The name has none, or nobody could be asked.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// As the system does: `/etc/hosts`, then DNS.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// No connection could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// It was not allowed.
    #[error("{0}")]
    Denied(String),
    /// It did not work out.
    #[error("{0}")]
    Failed(String),
}

/// The connector of one plugin.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(super) rules: Arc<[HttpRule]>,
    pub(super) resolver: Arc<dyn Resolve>,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&target).await })
    }
}

/// A connector that has [`CONNECT_TIMEOUT`] for all of it: name, TCP and, where it wraps that, TLS.
#[derive(Clone)]
pub(crate) struct InTime<C>(pub(super) C);

impl<C> Service<Uri> for InTime<C>
where
    C: Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = timeout(CONNECT_TIMEOUT, self.0.call(target));
        Box::pin(async move {
            let late = || ConnectError::Failed(format!("no connection within {} s", CONNECT_TIMEOUT.as_secs()));
            connecting.await.map_err(|_| late())?.map_err(Into::into)
        })
    }
}

impl Connector {
    async fn connect(&self, target: &Uri) -> Result<TokioIo<TcpStream>, ConnectError> {
        let addresses = self.permitted(target).await?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // A request is one small write and then a wait: nothing to batch. Refused only by a socket that is
                    // broken, which the first write will tell.
                    let _ = stream.set_nodelay(true);
                    return Ok(TokioIo::new(stream));
                }
                Err(error) => last = Some(format!("{address}: {error}")),
            }
        }
        Err(ConnectError::Failed(last.unwrap_or_else(|| "the name has no address".to_owned())))
    }

    /// The addresses of a target that a rule admits; an error where there is none.
    async fn permitted(&self, target: &Uri) -> Result<Vec<SocketAddr>, ConnectError> {
        // The pool asks for a target without a path; as a URL it is read the way the rules were.
        let url = Url::parse(&target.to_string()).map_err(|error| ConnectError::Denied(error.to_string()))?;
        let (https, host, port) = parts(&url).map_err(|why| ConnectError::Denied(why.to_owned()))?;
        let rules: Vec<&HttpRule> = self.rules.iter().filter(|rule| rule.names(https, &host, port)).collect();
        if rules.is_empty() {
            return Err(ConnectError::Denied(format!("the allow-list does not name {url}")));
        }
        let addresses = match &host {
            Host::Ipv4(address) => vec![IpAddr::from(*address)],
            Host::Ipv6(address) => vec![IpAddr::from(*address)],
            Host::Domain(name) => self
                .resolver
                .resolve(name)
                .await
                .map_err(|error| ConnectError::Failed(format!("the name `{name}` does not resolve: {error}")))?,
        };
        let mut denied = None;
        let mut permitted = Vec::new();
        for address in addresses {
            let mut answers = rules.iter().map(|rule| rule.admits(address));
            match answers.find(Result::is_ok) {
                Some(_) => permitted.push(SocketAddr::new(address.to_canonical(), port)),
                None => denied = rules.iter().find_map(|rule| rule.admits(address).err()).or(denied),
            }
        }
        match denied {
            Some(why) if permitted.is_empty() => Err(ConnectError::Denied(format!("`{host}` is {why}"))),
            _ => Ok(permitted),
        }
    }
}
