//! What people ask of a running host: listing, acting, pausing, reading again.

mod acting;
mod backup;
pub mod cli;
mod kinds;
mod listing;
mod wrong;

use mpy6a_proto::v1::{self, Action, Index, ListSessionsRequest, SessionSummary, WaitReason};

use crate::harness::{Host, Refused};

/// Every session that a filter lets through, by pages of this size.
async fn all(host: &Host, filter: v1::Filter, page_size: u32) -> Vec<SessionSummary> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListSessionsRequest { filter: Some(filter.clone()), page_size, page_token };
        let page = host.admin.clone().list_sessions(request).await.unwrap().into_inner();
        assert!(page.sessions.len() <= page_size as usize);
        all.extend(page.sessions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// What one session waits for.
async fn waits(host: &Host, id: Index) -> (WaitReason, String) {
    let waiting = host.look(id).await.unwrap().waiting.unwrap();
    let listed = all(host, v1::Filter::default(), 100).await;
    let in_list = listed.into_iter().find(|session| session.id == Some(id)).unwrap().waiting.unwrap();
    assert_eq!(in_list.reason, waiting.reason, "the list says what the session says");
    (waiting.reason(), waiting.words)
}

/// One action on one session: its due time afterwards, or the reason why not.
async fn act(host: &Host, action: Action, id: Index, force: bool) -> Result<Option<u64>, String> {
    let targets = vec![v1::Target { id: Some(id), unchanged_since: None }];
    let mut results = act_on(host, action, targets, force).await.unwrap();
    assert_eq!(results.len(), 1);
    results.remove(0)
}

async fn act_on(
    host: &Host,
    action: Action,
    targets: Vec<v1::Target>,
    force: bool,
) -> Result<Vec<Result<Option<u64>, String>>, Refused> {
    let request = v1::ActOnSessionsRequest { action: action.into(), targets, force };
    let answer = host.admin.clone().act_on_sessions(request).await?.into_inner();
    let outcome = |acted: v1::Acted| match acted.outcome.unwrap() {
        v1::acted::Outcome::Done(done) => Ok(done.due_ms),
        v1::acted::Outcome::Refused(refused) => Err(refused.reason),
    };
    Ok(answer.results.into_iter().map(outcome).collect())
}
