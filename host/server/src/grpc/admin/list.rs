//! Listing sessions, a page at a time.

use mpy6a_proto::v1;
use mpy6a_sessions::{Error, Listed, Outcome, Part, Session};
use tonic::Status;

use super::{AdminService, filter::Filter, part, unfinished, why::Why};
use crate::{
    error::{invalid, status},
    grpc::convert,
    limits::{LIST_LOOKS_MAX, LIST_PAGE, LISTED_CAUSE_BYTES_MAX, LISTED_MAX},
    time::now_ms,
};

impl AdminService {
    /// A page.
    pub(super) async fn page(&self, request: v1::ListSessionsRequest) -> Result<v1::ListSessionsResponse, Status> {
        let filter = Filter::new(request.filter)?;
        let counts = self.sessions.counts().await.map_err(|error| status(&error))?;
        let pauses = self.sessions.pauses().await.map_err(|error| status(&error))?;
        let (now, now_ms) = (self.board.now(), now_ms());
        let why = Why { now: &now, plugins: &self.board.plugins, counts: &counts, pauses: &pauses, now_ms };

        let parts = filter.parts(counts.keys().copied());
        let from = begin(&parts, &request.page_token)?;
        let size = match request.page_size {
            0 => LIST_PAGE,
            size => usize::try_from(size).unwrap_or(usize::MAX).min(LISTED_MAX),
        };
        let (listed, next) = self.walk(&filter, &parts, from, size).await.map_err(|error| status(&error))?;
        let sessions = listed.iter().map(|listed| summary(listed, &why)).collect();
        Ok(v1::ListSessionsResponse { sessions, next_page_token: next.map(part::token).unwrap_or_default() })
    }

    /// Look at sessions from a part on until so many were let through, or as many were looked at as one call may; also where
    /// to go on.
    async fn walk(
        &self,
        filter: &Filter,
        parts: &[Part],
        from: Option<Part>,
        size: usize,
    ) -> Result<(Vec<Listed>, Option<Part>), Error> {
        let (mut found, mut looked, mut here) = (Vec::new(), 0, from);
        while let Some(now) = here
            && looked < LIST_LOOKS_MAX
        {
            let page = self.sessions.list(now).await?;
            looked += page.sessions.len();
            here = page.next.or_else(|| parts.iter().find(|later| part::place(**later) > part::place(now)).copied());
            for listed in page.sessions.into_iter().filter(|listed| filter.matches(listed)) {
                let behind = behind(now, &listed.session);
                found.push(listed);
                if found.len() == size {
                    return Ok((found, Some(behind)));
                }
            }
        }
        Ok((found, here))
    }
}

/// What of a part lies behind this session of it.
fn behind(part: Part, session: &Session) -> Part {
    match part {
        Part::Held(_) => Part::Held(Some(session.id)),
        Part::Waiting(kind, line, _) => Part::Waiting(kind, line, session.place_in(line)),
    }
}

/// Where a page begins.
///
/// # Errors
///
/// `REQUEST_INVALID`: the token is none of ours.
pub fn begin(parts: &[Part], token: &str) -> Result<Option<Part>, Status> {
    if token.is_empty() {
        return Ok(parts.first().copied());
    }
    let unknown = || invalid("`page_token` is none of this host's: send the one of the page before, or none to begin");
    part::parse(token).map(Some).ok_or_else(unknown)
}

fn summary(listed: &Listed, why: &Why<'_>) -> v1::SessionSummary {
    let Listed { session, last, lease_left } = listed;
    let outcome = last.as_ref().map(|attempt| &attempt.report.outcome);
    let cause = unfinished::last_cause(session, last.as_ref());
    let whole = convert::session(session.clone());
    v1::SessionSummary {
        id: whole.id,
        kind: whole.kind,
        state: whole.state,
        change_id: whole.change_id,
        created_ms: whole.created_ms,
        stored_ms: whole.stored_ms,
        due_ms: whole.due_ms,
        repeats: whole.repeats,
        records: session.records,
        record_bytes: session.bytes,
        waiting: Some(why.of(session, last.as_ref(), *lease_left)),
        last_outcome: outcome.map_or("", Outcome::name).to_owned(),
        last_cause: cause[..cause.floor_char_boundary(LISTED_CAUSE_BYTES_MAX)].to_owned(),
    }
}
