//! Services A and B as their callers see them: the client's steps, and the questions of the demo's check.
//!
//! Nothing here repeats a call by itself. What to do about a call that went wrong is the caller's decision, and in
//! this example the answer is nearly always: stop, and let the repeat handler finish.

mod service_a;
mod service_b;

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

pub use self::{
    service_a::{CreateError, ServiceA},
    service_b::ServiceB,
};
use crate::{
    service::{
        PAGE_ROWS_MAX,
        faults::{Report, Setting},
        fences::{FENCE_HEADER, KEY_HEADER},
    },
    user::User,
};

/// How long a caller waits for an answer. Short, so that a hanging service does not hold up a demonstration; services
/// on one machine answer in a millisecond.
pub const CALL_TIMEOUT: Duration = Duration::from_millis(500);

/// No usable answer came: whether the work was done is not known. The text says what did come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unclear(String);

impl From<reqwest::Error> for Unclear {
    fn from(why: reqwest::Error) -> Self {
        // The outer error says only "error sending request": the innermost says why.
        let mut cause: &dyn std::error::Error = &why;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Self(if why.is_timeout() { "no answer in time".into() } else { format!("no answer: {cause}") })
    }
}

/// On whose behalf a call is made: what makes it safe to repeat, and refusable when it is late.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The session's id.
    pub session: String,
    /// The index at which the caller got the session, `term-index`.
    pub fence: String,
}

impl Caller {
    /// Add the headers that name the session, the step and the fence.
    fn sign(&self, request: RequestBuilder, step: &str) -> RequestBuilder {
        request.header(KEY_HEADER, format!("{}/{step}", self.session)).header(FENCE_HEADER, &self.fence)
    }
}

/// What A and B have in common.
#[derive(Clone, Debug)]
struct Service {
    http: Client,
    /// Without a slash at the end.
    base: String,
}

impl Service {
    fn new(base: &str) -> Result<Self, Unclear> {
        // No proxy: these services are on this machine, whatever the environment says.
        let http = Client::builder().timeout(CALL_TIMEOUT).no_proxy().build()?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned() })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn faults(&self) -> Result<Report, Unclear> {
        read(self.http.get(self.url("/faults")).send().await?).await
    }

    async fn set_faults(&self, setting: &Setting) -> Result<Report, Unclear> {
        read(self.http.put(self.url("/faults")).json(setting).send().await?).await
    }

    /// Every user in a listing, by id, page after page.
    async fn list(&self, path: &str) -> Result<Vec<User>, Unclear> {
        let mut all: Vec<User> = Vec::new();
        loop {
            let after = all.last().map_or(0, |user| user.id);
            let query = [("after", after), ("limit", i64::from(PAGE_ROWS_MAX))];
            let page: Vec<User> = read(self.http.get(self.url(path)).query(&query).send().await?).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

/// A success with its JSON; anything else is unclear.
async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Unclear> {
    let response = success(response).await?;
    Ok(response.json().await?)
}

/// The response, if it is a success.
async fn success(response: Response) -> Result<Response, Unclear> {
    if response.status().is_success() { Ok(response) } else { Err(unclear(response).await) }
}

/// A response that does not say whether the work was done.
async fn unclear(response: Response) -> Unclear {
    let status: StatusCode = response.status();
    let text = response.text().await.unwrap_or_default();
    Unclear(format!("{status}: {text}"))
}
