//! Calls of service A.

use reqwest::StatusCode;
use serde::Deserialize;

use super::{Caller, Service, Unclear, read, success, unclear};
use crate::{
    service::faults::{Report, Setting},
    user::{NewUser, User},
};

/// Service A at some address. Clones share its connections.
#[derive(Clone, Debug)]
pub struct ServiceA(Service);

/// Why no user came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// A said for certain that nothing was created: the user with this id has the nick.
    #[error("user {0} has this nick")]
    NickTaken(i64),
    /// The user may exist, may not, or may yet come into being.
    #[error(transparent)]
    Unclear(#[from] Unclear),
}

impl From<reqwest::Error> for CreateError {
    fn from(why: reqwest::Error) -> Self {
        Self::Unclear(why.into())
    }
}

impl ServiceA {
    /// Service A at this base URL. Fails only where HTTP cannot be set up at all.
    pub fn new(base: &str) -> Result<Self, Unclear> {
        Service::new(base).map(Self)
    }

    /// Create a user. The idempotency key is `<session>/create`.
    pub async fn create(&self, wanted: &NewUser, caller: &Caller) -> Result<User, CreateError> {
        #[derive(Deserialize)]
        struct Taken {
            id: i64,
        }
        let request = self.0.http.post(self.0.url("/users")).json(wanted);
        let response = caller.sign(request, "create").send().await?;
        match response.status() {
            StatusCode::CONFLICT => {
                let taken: Taken = response.json().await?;
                Err(CreateError::NickTaken(taken.id))
            }
            status if status.is_success() => Ok(response.json().await?),
            _ => Err(unclear(response).await.into()),
        }
    }

    /// The user with exactly this nick.
    pub async fn by_nick(&self, nick: &str) -> Result<Option<User>, Unclear> {
        let response = self.0.http.get(self.0.url("/users")).query(&[("nick", nick)]).send().await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(success(response).await?).await.map(Some)
    }

    /// Every user, by id.
    pub async fn list(&self) -> Result<Vec<User>, Unclear> {
        self.0.list("/users").await
    }

    /// The fault switch and its counts.
    pub async fn faults(&self) -> Result<Report, Unclear> {
        self.0.faults().await
    }

    /// Set the fault switch.
    pub async fn set_faults(&self, setting: &Setting) -> Result<Report, Unclear> {
        self.0.set_faults(setting).await
    }
}
