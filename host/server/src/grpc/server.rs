//! HTTP/2 on a listening socket, with what it needs to stay healthy: bounds, and keepalive, which finds dead peers.

use std::future::Future;

use tokio_stream::StreamExt as _;
use tonic::{
    service::Routes,
    transport::{Error, Server},
};
use tower::util::MapResponseLayer;

use super::{listener::Listener, oversize};
use crate::{
    config::Fixed,
    limits::{KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT},
    metrics::connections::Open,
};

/// Serve until `stop` resolves and every connection is done. A client that keeps a stream open keeps this waiting; the
/// caller bounds it.
///
/// `open` counts its connections. Browsers and what scrapes metrics speak HTTP/1: `http1` lets them.
///
/// # Errors
///
/// Those of the transport.
pub async fn serve(
    listener: Listener,
    routes: Routes,
    http1: bool,
    open: Open,
    fixed: &Fixed,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let record_bytes_max = fixed.limits.record_bytes_max;
    Server::builder()
        .accept_http1(http1)
        .max_concurrent_streams(fixed.requests_max)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .layer(MapResponseLayer::new(move |response| oversize::renamed(response, record_bytes_max)))
        .add_routes(routes)
        .serve_with_incoming_shutdown(listener.incoming().map(move |new| new.map(|new| open.marked(new))), stop)
        .await
}
