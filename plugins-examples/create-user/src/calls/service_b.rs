//! Calls of service B.

use super::{Caller, Service, Unclear, read, success};
use crate::{
    service::{
        PAGE_ROWS_MAX,
        faults::{Report, Setting},
    },
    user::User,
};

/// Service B at some address. Clones share its connections.
#[derive(Clone, Debug)]
pub struct ServiceB(Service);

impl ServiceB {
    /// Service B at this base URL. Fails only where HTTP cannot be set up at all.
    pub fn new(base: &str) -> Result<Self, Unclear> {
        Service::new(base).map(Self)
    }

    /// Index a user. Repeating it changes nothing.
    pub async fn index(&self, user: &User, caller: &Caller) -> Result<(), Unclear> {
        let request = self.0.http.put(self.0.url(&format!("/index/{}", user.id))).json(user);
        success(caller.sign(request, "index").send().await?).await.map(drop)
    }

    /// The users who match, best first, [`PAGE_ROWS_MAX`] at most.
    pub async fn search(&self, q: &str) -> Result<Vec<User>, Unclear> {
        let query = [("q", q), ("limit", &PAGE_ROWS_MAX.to_string())];
        read(self.0.http.get(self.0.url("/search")).query(&query).send().await?).await
    }

    /// Everybody indexed, by id.
    pub async fn list(&self) -> Result<Vec<User>, Unclear> {
        self.0.list("/index").await
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
