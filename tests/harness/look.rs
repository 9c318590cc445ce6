//! What an operator of the host sees of a session or a kind, and waiting until it is so.

use std::collections::BTreeMap;

use bytes::Bytes;
use mpy6a_proto::v1::{self, GetSessionResponse, Index, SessionState};
use tonic::Code;

use super::{Wire, until};

impl Wire {
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

/// An index as people write it.
pub fn shown(index: Index) -> String {
    format!("{}-{}", index.term, index.index)
}

/// Whether the first is after the second.
pub fn newer(one: Index, other: Index) -> bool {
    (one.term, one.index) > (other.term, other.index)
}
