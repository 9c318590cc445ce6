//! Somebody who calls a host, with what they show for it.

use mpy6a_proto::v1::{self, NewRequest, NewResponse, admin_client::AdminClient, truba_client::TrubaClient};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, ClientTlsConfig},
};

use super::{Host, Refused, Wire};

/// A connection with what is shown over it.
pub type Way = InterceptedService<Channel, Show>;

/// Shows a token.
#[derive(Clone)]
pub struct Show(Option<MetadataValue<Ascii>>);

impl Interceptor for Show {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(header) = &self.0 {
            request.metadata_mut().insert("authorization", header.clone());
        }
        Ok(request)
    }
}

/// Somebody.
#[derive(Clone)]
pub struct Caller {
    pub truba: TrubaClient<Way>,
    pub admin: AdminClient<Way>,
}

impl Host {
    /// Somebody with this token.
    pub fn with_token(&self, token: &str) -> Caller {
        self.showing(Some(&format!("Bearer {token}")), self.tls())
    }

    /// Somebody with this header, over this TLS.
    pub fn showing(&self, header: Option<&str>, tls: Option<ClientTlsConfig>) -> Caller {
        let show = Show(header.map(|header| header.parse().unwrap()));
        let channels = Wire::channels(self.ports(), tls);
        let [clients, operators] = channels.map(|channel| InterceptedService::new(channel, show.clone()));
        Caller { truba: TrubaClient::new(clients), admin: AdminClient::new(operators) }
    }
}

impl Caller {
    pub async fn new_session(&self, kind: u32) -> Result<NewResponse, Refused> {
        let request = NewRequest { kind, ..NewRequest::default() };
        Ok(self.truba.clone().new_session(request).await?.into_inner())
    }

    pub async fn kinds(&self) -> Result<Vec<v1::Kind>, Refused> {
        Ok(self.admin.clone().list_kinds(v1::ListKindsRequest {}).await?.into_inner().kinds)
    }

    pub async fn pause(&self, kind: u32) -> Result<(), Refused> {
        self.admin.clone().pause_kind(v1::PauseKindRequest { kind }).await?;
        Ok(())
    }

    pub async fn session(&self, id: v1::Index) -> Result<v1::GetSessionResponse, Refused> {
        Ok(self.admin.clone().get_session(v1::GetSessionRequest { id: Some(id) }).await?.into_inner())
    }
}
