//! Raw gRPC: every call, every refusal, and waiting for what becomes of a session.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use bytes::Bytes;
use mpy6a_proto::v1::{
    self, GetSessionResponse, Handle, Index, NewRequest, NewResponse, SessionState, StoreResponse,
    admin_client::AdminClient, truba_client::TrubaClient,
};
use tokio::time::timeout;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_types::StatusExt as _;

use super::{PATIENCE, until};

/// The largest answer to take: a whole session.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// How long a host may take to say how it is.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// A connection to a host, which is made when it is first used.
#[derive(Clone)]
pub struct Wire {
    pub truba: TrubaClient<Channel>,
    pub admin: AdminClient<Channel>,
    pub channel: Channel,
}

/// An error on the wire.
#[derive(Clone, Debug)]
pub struct Refused {
    pub code: Code,
    pub reason: String,
    pub domain: String,
    pub numbers: HashMap<String, String>,
    pub retry: Option<Duration>,
    pub message: String,
}

impl Wire {
    /// To a host at this port of loopback. Needs a tokio runtime.
    pub fn to(port: u16) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
        let channel = endpoint.timeout(PATIENCE).connect_lazy();
        let admin = AdminClient::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
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

    pub async fn append(&self, handle: Handle, number: u64, record: &str) -> Result<Index, Refused> {
        let request = v1::AppendRequest { handle: Some(handle), number, record: bytes(record) };
        Ok(self.truba.clone().append(request).await?.into_inner().change_id.unwrap())
    }

    pub async fn replace(&self, handle: Handle, number: u64, record: &str) -> Result<Index, Refused> {
        let request = v1::ReplaceRequest { handle: Some(handle), number, record: bytes(record) };
        Ok(self.truba.clone().replace(request).await?.into_inner().change_id.unwrap())
    }

    pub async fn delete(&self, handle: Handle, number: u64) -> Result<Index, Refused> {
        let request = v1::DeleteRequest { handle: Some(handle), number };
        Ok(self.truba.clone().delete(request).await?.into_inner().change_id.unwrap())
    }

    pub async fn store(&self, handle: Handle, number: u64, timeout_s: Option<u32>) -> Result<StoreResponse, Refused> {
        let request = v1::StoreRequest { handle: Some(handle), number, timeout_s };
        Ok(self.truba.clone().store(request).await?.into_inner())
    }

    /// Renew one lease: its length, or the reason why not.
    pub async fn renew(&self, handle: Handle) -> Result<u64, String> {
        let request = v1::RenewRequest { handles: vec![handle] };
        let answer = self.truba.clone().renew(request).await.unwrap().into_inner();
        match answer.results[0].outcome.clone().unwrap() {
            v1::renewed::Outcome::LeaseMs(lease_ms) => Ok(lease_ms),
            v1::renewed::Outcome::Refused(refused) => Err(refused.reason),
        }
    }

    /// Open a session with this record.
    pub async fn open(&self, kind: u32, record: &str) -> Handle {
        let request = NewRequest { kind, record: Some(bytes(record)), ..NewRequest::default() };
        self.new_session(request).await.unwrap().handle.unwrap()
    }

    /// Open a session with these records and leave it to its handler, at once.
    pub async fn left(&self, kind: u32, records: &[&str]) -> Index {
        let handle = self.open(kind, records[0]).await;
        for record in &records[1..] {
            self.append(handle, 0, record).await.unwrap();
        }
        self.store(handle, 0, Some(0)).await.unwrap();
        handle.id.unwrap()
    }

    /// A session as the host knows it.
    pub async fn look(&self, id: Index) -> Option<GetSessionResponse> {
        match self.admin.clone().get_session(v1::GetSessionRequest { id: Some(id) }).await {
            Ok(found) => Some(found.into_inner()),
            Err(status) if status.code() == Code::NotFound => None,
            Err(status) => panic!("GetSession: {status}"),
        }
    }

    /// The records of a session, as text; none if it is gone.
    pub async fn records(&self, id: Index) -> Option<Vec<String>> {
        let text = |record: Bytes| String::from_utf8(record.into()).unwrap();
        Some(self.look(id).await?.records.into_iter().map(text).collect())
    }

    /// Wait until a session is as this says.
    pub async fn seen(&self, id: Index, what: &str, is_it: impl Fn(&GetSessionResponse) -> bool) -> GetSessionResponse {
        until(&format!("session {} is {what}", shown(id)), async || self.look(id).await.filter(&is_it)).await
    }

    /// Wait until a session is in this state.
    pub async fn in_state(&self, id: Index, state: SessionState) -> GetSessionResponse {
        self.seen(id, state.as_str_name(), |session| session.state() == state).await
    }

    /// Wait until a session is parked.
    pub async fn parked(&self, id: Index) -> GetSessionResponse {
        self.in_state(id, SessionState::Parked).await
    }

    /// Wait until a session is gone.
    pub async fn gone(&self, id: Index) {
        until(&format!("session {} is gone", shown(id)), async || self.look(id).await.is_none().then_some(())).await;
    }

    /// Every kind by its number.
    pub async fn kinds(&self) -> BTreeMap<u32, v1::Kind> {
        let answer = self.admin.clone().list_kinds(v1::ListKindsRequest {}).await.unwrap().into_inner();
        answer.kinds.into_iter().map(|kind| (kind.id, kind)).collect()
    }

    /// One kind, which the config names or which has sessions.
    pub async fn kind(&self, id: u32) -> v1::Kind {
        self.kinds().await.remove(&id).unwrap()
    }

    /// Wait until a kind is as this says.
    pub async fn kind_is(&self, id: u32, what: &str, is_it: impl Fn(&v1::Kind) -> bool) -> v1::Kind {
        until(&format!("kind {id} {what}"), async || self.kinds().await.remove(&id).filter(&is_it)).await
    }
}

impl Refused {
    /// It has this code and this reason, in the domain of mpy6a, and its message says what to do.
    #[track_caller]
    pub fn says(&self, code: Code, reason: &str, remedy: &str) {
        assert_eq!((self.code, self.reason.as_str(), self.domain.as_str()), (code, reason, "mpy6a"), "{self:?}");
        assert!(self.message.contains(remedy), "{remedy:?} is not in {self:?}");
    }
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        // Absent where the error is the transport's.
        let info = status.get_details_error_info();
        let (reason, domain, numbers) = info.map(|it| (it.reason, it.domain, it.metadata)).unwrap_or_default();
        Self {
            code: status.code(),
            reason,
            domain,
            numbers,
            retry: status.get_details_retry_info().and_then(|info| info.retry_delay),
            message: status.message().to_owned(),
        }
    }
}

/// An index as people write it.
pub fn shown(index: Index) -> String {
    format!("{}-{}", index.term, index.index)
}

/// Whether the first is after the second.
pub fn newer(one: Index, other: Index) -> bool {
    (one.term, one.index) > (other.term, other.index)
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}
