//! Which sessions a command is about.

use std::time::Duration;

use clap::{Args, ValueEnum};
use mpy6a_proto::v1;

use crate::{
    cli::remote::{Host, Trouble},
    time::now_ms,
};

/// Which sessions: what is left out lets all through.
#[derive(Args, Clone, Debug, Default)]
pub struct Which {
    /// Of this kind, by name or number; may be given again.
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// In this state; may be given again.
    #[arg(long, value_name = "STATE")]
    state: Vec<State>,
    /// Created at least so long ago: 90s, 2h, 3days.
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
    older: Option<Duration>,
    /// Created at most so long ago.
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
    younger: Option<Duration>,
    /// Repeated at least so many times since they were stored.
    #[arg(long, value_name = "COUNT")]
    repeats: Option<u32>,
    /// Whose last attempt ended so: trapped, retry, timed-out and so on.
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Whose last attempt's cause holds this text.
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    Active,
    Stored,
    Repeating,
    Parked,
}

impl Which {
    /// Whether it lets every session through.
    pub fn is_empty(&self) -> bool {
        self.kind.is_empty()
            && self.state.is_empty()
            && self.older.is_none()
            && self.younger.is_none()
            && self.repeats.is_none()
            && self.outcome.is_none()
            && self.cause.is_none()
    }

    /// For the wire.
    pub async fn filter(&self, host: &Host) -> Result<v1::Filter, Trouble> {
        let mut kinds = Vec::new();
        for named in &self.kind {
            kinds.push(host.kind(named).await?.id);
        }
        let ago = |span: Duration| now_ms().saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        let state = |state: &State| match state {
            State::Active => v1::SessionState::Active.into(),
            State::Stored => v1::SessionState::Stored.into(),
            State::Repeating => v1::SessionState::Repeating.into(),
            State::Parked => v1::SessionState::Parked.into(),
        };
        Ok(v1::Filter {
            kinds,
            states: self.state.iter().map(state).collect(),
            created_until_ms: self.older.map(ago),
            created_from_ms: self.younger.map(ago),
            repeats_min: self.repeats,
            last_outcome: self.outcome.clone().unwrap_or_default(),
            last_cause_has: self.cause.clone().unwrap_or_default(),
        })
    }
}

/// Pages of sessions, one after the other.
pub struct Pages {
    request: Option<v1::ListSessionsRequest>,
}

impl Pages {
    /// Of the sessions that this lets through.
    pub fn new(filter: v1::Filter, page_size: u32) -> Self {
        let request = v1::ListSessionsRequest { filter: Some(filter), page_size, page_token: String::new() };
        Self { request: Some(request) }
    }

    /// The next page, if there is one; it may be empty.
    pub async fn next(&mut self, host: &Host) -> Result<Option<Vec<v1::SessionSummary>>, Trouble> {
        let Some(request) = self.request.take() else { return Ok(None) };
        let answer = host.admin.clone().list_sessions(request.clone()).await;
        let page = answer.map_err(|status| host.trouble(&status))?.into_inner();
        if !page.next_page_token.is_empty() {
            self.request = Some(v1::ListSessionsRequest { page_token: page.next_page_token, ..request });
        }
        Ok(Some(page.sessions))
    }
}
