//! gRPC: the services, and the two servers around them: one for clients, one for operators.
//!
//! | file | its job |
//! |---|---|
//! | [`truba`] | what clients call |
//! | [`operate`] | its stream: many operations under way at once |
//! | [`admin`] | what operators of the host call |
//! | [`convert`] | between messages and the state machine's values |
//! | [`gate`] | turns requests away during shutdown |
//! | [`listener`], [`addresses`], [`handshake`] | the socket, with bounds on connections, and TLS |
//! | [`connection`], [`pulse`] | one connection; whether it is of use |
//! | [`crowd`] | a bound on requests at once, over all connections |
//! | [`held`] | what an answer keeps until it is sent |
//! | [`server`] | HTTP on a socket, with its bounds |
//! | [`oversize`] | says of a message that is too long what is, in its service's words |
//!
//! Health and reflection are the standard services. Errors are mapped in [`crate::error`] and nowhere else.

pub mod addresses;
pub mod admin;
pub mod caller;
pub mod connection;
pub mod convert;
pub mod crowd;
pub mod gate;
pub mod handshake;
pub mod held;
pub mod listener;
pub mod operate;
pub mod oversize;
pub mod pulse;
pub mod server;
pub mod truba;

use std::sync::Arc;

use http::{HeaderMap, Response, StatusCode};
use mpy6a_proto::v1::{admin_server::AdminServer, truba_server::TrubaServer};
use mpy6a_sessions::{Sessions, limits::RENEW_MAX};
use tonic::{
    Status,
    body::Body,
    service::{LayerExt as _, Routes},
};
use tonic_health::pb::health_server::{Health, HealthServer};
use tower::util::MapResponseLayer;

use self::{admin::AdminService, gate::Gate, truba::TrubaService};
use crate::{
    auth::refusal::{is_grpc, page},
    config::Fixed,
    console,
    limits::{
        ADMIN_MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN, MESSAGE_SLACK_BYTES, OPEN_MESSAGE_BYTES_MAX,
        REFLECTION_MESSAGE_BYTES_MAX, RENEW_HANDLE_BYTES,
    },
    metrics::{self, Metrics, scrape::Scrape},
    recordings::Recordings,
    reload::{Bell, Board, Certificates},
    traces::Traces,
};

/// What the services stand on.
#[derive(Clone)]
pub struct Services {
    /// The state machine.
    pub sessions: Sessions,
    /// What is in service.
    pub board: Arc<Board>,
    /// Shut when the host is to stop.
    pub gate: Gate,
    /// Has the config and every plugin read again.
    pub bell: Bell,
    /// The certificates of both listeners.
    pub certificates: Certificates,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What is traced.
    pub traces: Traces,
    /// Attempts to be replayed.
    pub recordings: Recordings,
}

impl Services {
    /// What clients may call.
    #[must_use]
    pub fn for_clients(&self, health: &HealthServer<impl Health>, fixed: &Fixed) -> Routes {
        standard(self.truba(fixed), health).into_axum_router().fallback(no_route).into()
    }

    /// What operators may call: what clients may, for scripts that mend something, service `Admin`, the console, and the metrics.
    #[must_use]
    pub fn for_operators(&self, health: &HealthServer<impl Health>, fixed: &Fixed) -> Routes {
        let (sessions, board, bell) = (self.sessions.clone(), Arc::clone(&self.board), self.bell.clone());
        let admin = AdminService::new(sessions, board, bell, self.recordings.clone());
        let service = AdminServer::new(admin.clone()).max_decoding_message_size(ADMIN_MESSAGE_BYTES_MAX);
        let renamed = MapResponseLayer::new(oversize::renamed_for_operators);
        let services = self.truba(fixed).add_service(renamed.named_layer(service));
        let counted = (Arc::clone(&self.metrics), self.traces.clone(), self.recordings.clone());
        let in_service = (Arc::clone(&self.board), self.certificates.clone());
        let scrape = Scrape::new(counted, self.sessions.clone(), in_service, fixed);
        let pages = console::routes(admin).merge(metrics::routes(scrape));
        standard(services, health).into_axum_router().merge(pages).fallback(no_route).into()
    }

    fn truba(&self, fixed: &Fixed) -> Routes {
        let record_bytes_max = fixed.limits.record_bytes_max;
        let keeper = Arc::clone(&self.board.keeper);
        let (metrics, traces) = (Arc::clone(&self.metrics), self.traces.clone());
        let service = TrubaService::new(self.sessions.clone(), self.gate.clone(), keeper, metrics, traces);
        let service = TrubaServer::new(service).max_decoding_message_size(message_bytes_max(record_bytes_max));
        let renamed = MapResponseLayer::new(move |response| oversize::renamed(response, record_bytes_max));
        Routes::new(renamed.named_layer(service))
    }
}

/// A path that is none, for callers who may know that.
async fn no_route(headers: HeaderMap) -> Response<Body> {
    if is_grpc(&headers) {
        return Status::unimplemented("this listener has no such service: see its reflection for those it has")
            .into_http();
    }
    page(StatusCode::NOT_FOUND, "the host has no such page here: operators have / and /metrics; all else is gRPC")
}

/// With health and reflection.
fn standard(routes: Routes, health: &HealthServer<impl Health>) -> Routes {
    // The descriptors are built in: a failure here is seen by this module's test, not by a user.
    let mut routes = routes.add_service(health.clone().max_decoding_message_size(OPEN_MESSAGE_BYTES_MAX));
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(mpy6a_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    if let Ok(v1) = reflection().build_v1() {
        routes = routes.add_service(v1.max_decoding_message_size(REFLECTION_MESSAGE_BYTES_MAX));
    }
    if let Ok(v1alpha) = reflection().build_v1alpha() {
        routes = routes.add_service(v1alpha.max_decoding_message_size(REFLECTION_MESSAGE_BYTES_MAX));
    }
    routes
}

/// The longest message to accept: one record with what stands around it, one full `Renew`, or what any host accepts.
fn message_bytes_max(record_bytes_max: u64) -> usize {
    let record = usize::try_from(record_bytes_max).unwrap_or(usize::MAX);
    record.saturating_add(MESSAGE_SLACK_BYTES).max(RENEW_MAX * RENEW_HANDLE_BYTES).max(MESSAGE_BYTES_MIN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use mpy6a_proto::v1;
    use prost::Message as _;

    use super::*;
    use crate::limits::TARGETS_MAX;

    #[test]
    fn the_largest_messages_fit() {
        let index = v1::Index { term: u64::MAX, index: u64::MAX };
        let handle = v1::Handle { id: Some(index), key: u64::MAX };
        let renew = v1::RenewRequest { handles: vec![handle; RENEW_MAX], ..Default::default() };
        assert!(renew.encoded_len() <= message_bytes_max(0));
        let record = bytes::Bytes::from(vec![0; 1 << 20]);
        let new = v1::NewRequest {
            kind: u32::MAX,
            record: Some(record),
            request_id: "r".repeat(mpy6a_sessions::limits::REQUEST_ID_BYTES_MAX),
            traceparent: "t".repeat(mpy6a_sessions::limits::TRACEPARENT_BYTES_MAX),
            outlives_stream: true,
            ..Default::default()
        };
        assert!(new.encoded_len() <= message_bytes_max(1 << 20));
        let target = v1::Target { id: Some(index), unchanged_since: Some(index) };
        let act = |count| v1::ActOnSessionsRequest { action: i32::MAX, targets: vec![target; count], force: true };
        assert!(act(TARGETS_MAX + 100).encoded_len() <= ADMIN_MESSAGE_BYTES_MAX);
    }

    #[test]
    fn reflection_can_be_built_from_the_descriptors() {
        let builder = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(mpy6a_proto::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        assert!(builder().build_v1().is_ok());
        assert!(builder().build_v1alpha().is_ok());
    }
}
