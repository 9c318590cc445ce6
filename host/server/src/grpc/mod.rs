//! gRPC: the services, and the server around them.
//!
//! | file | its job |
//! |---|---|
//! | [`truba`] | what clients call |
//! | [`operate`] | its stream: many operations under way at once |
//! | [`admin`] | what operators of the host call |
//! | [`convert`] | between messages and the state machine's values |
//! | [`gate`] | turns requests away during shutdown |
//! | [`listener`], [`connection`] | the socket, with a bound on connections |
//! | [`oversize`] | gives a message that is too long the error of a record that is |
//!
//! Health and reflection are the standard services. Errors are mapped in [`crate::error`] and nowhere else.

pub mod admin;
pub mod connection;
pub mod convert;
pub mod gate;
pub mod listener;
pub mod operate;
pub mod oversize;
pub mod truba;

use std::{future::Future, sync::Arc};

use mpy6a_proto::v1::{admin_server::AdminServer, truba_server::TrubaServer};
use mpy6a_sessions::{Sessions, limits::RENEW_MAX};
use tonic::transport::{Error, Server};
use tonic_health::pb::health_server::{Health, HealthServer};
use tower::util::MapResponseLayer;

use self::{admin::AdminService, gate::Gate, listener::Listener, truba::TrubaService};
use crate::{
    config::Fixed,
    limits::{KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, MESSAGE_BYTES_MIN, MESSAGE_SLACK_BYTES, RENEW_HANDLE_BYTES},
    reload::{Bell, Board},
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
}

/// Serve until `stop` resolves and every connection is done. A client that keeps a stream open keeps this waiting; the
/// caller bounds it.
///
/// # Errors
///
/// Those of the transport.
pub async fn serve(
    listener: Listener,
    services: Services,
    health: HealthServer<impl Health>,
    fixed: Fixed,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let Services { sessions, board, gate, bell } = services;
    let message_bytes_max = message_bytes_max(fixed.limits.record_bytes_max);
    let truba =
        TrubaServer::new(TrubaService::new(sessions.clone(), gate)).max_decoding_message_size(message_bytes_max);
    let admin = AdminServer::new(AdminService::new(sessions, board, bell));
    // The descriptors are built in: a failure here is seen by this module's test, not by a user.
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(mpy6a_proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let record_bytes_max = fixed.limits.record_bytes_max;
    Server::builder()
        .max_concurrent_streams(fixed.requests_max)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .layer(MapResponseLayer::new(move |response| oversize::renamed(response, record_bytes_max)))
        .add_service(truba)
        .add_service(admin)
        .add_service(health)
        .add_optional_service(reflection().build_v1().ok())
        .add_optional_service(reflection().build_v1alpha().ok())
        .serve_with_incoming_shutdown(listener.incoming(), stop)
        .await
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

    #[test]
    fn the_largest_messages_fit() {
        let index = v1::Index { term: u64::MAX, index: u64::MAX };
        let handle = v1::Handle { id: Some(index), key: u64::MAX };
        let renew = v1::RenewRequest { handles: vec![handle; RENEW_MAX] };
        assert!(renew.encoded_len() <= message_bytes_max(0));
        let record = bytes::Bytes::from(vec![0; 1 << 20]);
        let new = v1::NewRequest {
            kind: u32::MAX,
            record: Some(record),
            request_id: "r".repeat(mpy6a_sessions::limits::REQUEST_ID_BYTES_MAX),
            traceparent: "t".repeat(mpy6a_sessions::limits::TRACEPARENT_BYTES_MAX),
            outlives_stream: true,
        };
        assert!(new.encoded_len() <= message_bytes_max(1 << 20));
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
