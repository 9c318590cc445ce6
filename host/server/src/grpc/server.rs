//! HTTP on a listening socket, with what it needs to stay healthy under peers that mean it no good: bounds, and keepalive,
//! which finds dead ones.
//!
//! | who | is stopped by |
//! |---|---|
//! | opens connections and says nothing | `limits.first_request`, `limits.connections_per_address` ([listener](super::listener)) |
//! | keeps connections that it does not use | `limits.idle` ([pulse](super::pulse)) |
//! | sends endless headers, in one frame or many | [`HEADER_BYTES_MAX`]: the connection ends |
//! | opens requests and takes them back | [`RESETS_PENDING_MAX`]: the connection ends |
//! | sends frames that are wrong | [`RESETS_OWN_MAX`]: the connection ends |
//! | opens more requests than it may | `limits.requests`: the stream is refused |
//! | reads no answers | flow control: it is not read either; [`WRITE_STALL_MAX`](crate::limits::WRITE_STALL_MAX) |
//! | holds requests that need no right, or refusals that it does not take | a few places on each connection ([pulse](super::pulse)), and it counts as idle |
//! | says that a message is long that never comes | a bound for each service ([`grpc`](super)): it is refused at once |
//! | is many | `limits.requests_total` ([crowd](super::crowd)), `limits.connections` |
//! | died without a word | keepalive |

use std::{
    future::Future,
    sync::{Arc, atomic::AtomicU64},
};

use tokio_stream::StreamExt as _;
use tonic::{
    service::Routes,
    transport::{Error, Server},
};

use super::{crowd::CrowdLayer, listener::Listener};
use crate::{
    auth::{AuthLayer, Doorkeeper},
    limits::{
        FRAME_BYTES_MAX, HEADER_BYTES_MAX, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, RESETS_OWN_MAX, RESETS_PENDING_MAX,
    },
    metrics::connections::Open,
};

/// What is served, and within what bounds.
pub struct Serving {
    /// The services.
    pub routes: Routes,
    /// Says who may do what.
    pub keeper: Arc<Doorkeeper>,
    /// Counts its connections.
    pub open: Open,
    /// Counts the requests that were too many.
    pub crowded_out: Arc<AtomicU64>,
    /// Whether HTTP/1 is spoken, too: browsers, and what scrapes metrics.
    pub http1: bool,
    /// Most requests at once on one connection.
    pub requests_max: u32,
    /// Most requests at once over all connections.
    pub requests_total_max: u32,
    /// How many of these callers may have who are no operators; none: all.
    pub requests_of_clients_max: Option<u32>,
}

/// Serve until `stop` resolves and every connection is done. A client that keeps a stream open keeps this waiting; the
/// caller bounds it.
///
/// # Errors
///
/// Those of the transport.
pub async fn serve(listener: Listener, serving: Serving, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let Serving { routes, keeper, open, crowded_out, http1, requests_max, .. } = serving;
    let crowd = CrowdLayer::new(serving.requests_total_max, serving.requests_of_clients_max, crowded_out);
    Server::builder()
        .accept_http1(http1)
        .max_concurrent_streams(requests_max)
        .max_frame_size(FRAME_BYTES_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_max_pending_accept_reset_streams(Some(RESETS_PENDING_MAX))
        .http2_max_local_error_reset_streams(Some(RESETS_OWN_MAX))
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .layer(AuthLayer(keeper))
        .layer(crowd)
        .add_routes(routes)
        .serve_with_incoming_shutdown(
            listener.incoming(open.clone()).map(move |new| new.map(|new| open.marked(new))),
            stop,
        )
        .await
}
