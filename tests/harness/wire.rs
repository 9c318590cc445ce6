//! Raw gRPC: every call of service `Truba`, and the standard health service.

use std::time::Duration;

use bytes::Bytes;
use mpy6a_proto::v1::{
    self, Handle, Index, NewRequest, NewResponse, StoreResponse, admin_client::AdminClient, truba_client::TrubaClient,
};
use tokio::time::timeout;
use tonic::{
    Status,
    transport::{Channel, ClientTlsConfig, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use super::{PATIENCE, Refused, program::Ports};

/// The largest answer to take: a whole session.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// How long a host may take to say how it is.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// Connections to a host, each made when it is first used.
#[derive(Clone)]
pub struct Wire {
    pub truba: TrubaClient<Channel>,
    pub admin: AdminClient<Channel>,
    pub channel: Channel,
}

impl Wire {
    /// To a host at these ports of loopback. Needs a tokio runtime.
    pub fn to(ports: Ports) -> Self {
        Self::over(ports, None)
    }

    /// A connection for clients, and one for operators.
    pub fn channels(ports: Ports, tls: Option<ClientTlsConfig>) -> [Channel; 2] {
        [ports.clients, ports.operators].map(|port| {
            let scheme = if tls.is_some() { "https" } else { "http" };
            let endpoint = Endpoint::from_shared(format!("{scheme}://127.0.0.1:{port}")).unwrap().timeout(PATIENCE);
            match tls.clone() {
                Some(tls) => endpoint.tls_config(tls).unwrap().connect_lazy(),
                None => endpoint.connect_lazy(),
            }
        })
    }

    /// To a host at these ports of loopback, over TLS where this is given.
    pub fn over(ports: Ports, tls: Option<ClientTlsConfig>) -> Self {
        let [channel, operators] = Self::channels(ports, tls);
        let admin = AdminClient::new(operators).max_decoding_message_size(ANSWER_BYTES_MAX);
        Self { truba: TrubaClient::new(channel.clone()), admin, channel }
    }

    /// What the standard health service says of this service; the empty name is the host.
    pub async fn health(&self, service: &str) -> Result<ServingStatus, Status> {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = HealthClient::new(self.channel.clone()).check(request).await?;
        Ok(answer.into_inner().status())
    }

    /// Whether it serves. No answer is a no: another program may have the port, and say nothing.
    pub async fn is_serving(&self) -> bool {
        let status = timeout(ANSWER_TIME_MAX, self.health("")).await;
        status.is_ok_and(|status| status.is_ok_and(|status| status == ServingStatus::Serving))
    }

    pub async fn new_session(&self, request: NewRequest) -> Result<NewResponse, Refused> {
        Ok(self.truba.clone().new_session(request).await?.into_inner())
    }

    pub async fn append(&self, handle: Handle, number: u64, record: impl AsRef<[u8]>) -> Result<Index, Refused> {
        let request = v1::AppendRequest { handle: Some(handle), number, record: bytes(record), ..Default::default() };
        Ok(self.truba.clone().append(request).await?.into_inner().change_id.unwrap())
    }

    pub async fn replace(&self, handle: Handle, number: u64, record: impl AsRef<[u8]>) -> Result<Index, Refused> {
        let request = v1::ReplaceRequest { handle: Some(handle), number, record: bytes(record), ..Default::default() };
        Ok(self.truba.clone().replace(request).await?.into_inner().change_id.unwrap())
    }

    pub async fn delete(&self, handle: Handle, number: u64) -> Result<Index, Refused> {
        let request = v1::DeleteRequest { handle: Some(handle), number, ..Default::default() };
        Ok(self.truba.clone().delete(request).await?.into_inner().change_id.unwrap())
    }

    pub async fn store(&self, handle: Handle, number: u64, timeout_s: Option<u32>) -> Result<StoreResponse, Refused> {
        let request = v1::StoreRequest { handle: Some(handle), number, timeout_s, ..Default::default() };
        Ok(self.truba.clone().store(request).await?.into_inner())
    }

    /// Renew one lease: its length, or the reason why not.
    pub async fn renew(&self, handle: Handle) -> Result<u64, String> {
        let request = v1::RenewRequest { handles: vec![handle], ..Default::default() };
        let answer = self.truba.clone().renew(request).await.unwrap().into_inner();
        match answer.results[0].outcome.clone().unwrap() {
            v1::renewed::Outcome::LeaseMs(lease_ms) => Ok(lease_ms),
            v1::renewed::Outcome::Refused(refused) => Err(refused.reason),
        }
    }

    /// Open a session with this record.
    pub async fn open(&self, kind: u32, record: impl AsRef<[u8]>) -> Handle {
        let request = NewRequest { kind, record: Some(bytes(record)), ..NewRequest::default() };
        self.new_session(request).await.unwrap().handle.unwrap()
    }

    /// Open a session with these records and leave it to its handler, at once.
    pub async fn left(&self, kind: u32, records: &[impl AsRef<[u8]>]) -> Index {
        let mut records = records.iter();
        let request = NewRequest { kind, record: records.next().map(bytes), ..NewRequest::default() };
        let handle = self.new_session(request).await.unwrap().handle.unwrap();
        for record in records {
            self.append(handle, 0, record).await.unwrap();
        }
        self.store(handle, 0, Some(0)).await.unwrap();
        handle.id.unwrap()
    }
}

fn bytes(record: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(record.as_ref())
}
