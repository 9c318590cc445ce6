//! Requests that make no sense get an error that names the remedy.

use mpy6a_proto::v1::{self, Action, Index, ListSessionsRequest, Target};

use super::act_on;
use crate::harness::{Config, Host, Kind};

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let list = async |request| {
        let refused = host.admin.clone().list_sessions(request).await.unwrap_err();
        crate::harness::Refused::from(refused)
    };
    for token in ["x", "h.", "s.1.2", "p.1.2.3", "s.-1"] {
        let request = ListSessionsRequest { page_token: token.into(), ..ListSessionsRequest::default() };
        let refused = list(request).await;
        assert_eq!(refused.reason, "REQUEST_INVALID");
        assert!(refused.message.contains("`page_token`"), "{}", refused.message);
    }
    let filtered = |filter| ListSessionsRequest { filter: Some(filter), ..ListSessionsRequest::default() };
    let refused = list(filtered(v1::Filter { states: vec![77], ..v1::Filter::default() })).await;
    assert!(refused.message.contains("active, stored, repeating or parked"), "{}", refused.message);
    let refused = list(filtered(v1::Filter { last_outcome: "sad".into(), ..v1::Filter::default() })).await;
    assert!(refused.message.contains("out-of-fuel"), "{}", refused.message);

    let target = |index| Target { id: Some(Index { term: 1, index }), unchanged_since: None };
    let refused = act_on(&host, Action::Unspecified, vec![target(1)], false).await.unwrap_err();
    assert!(refused.message.contains("repeat, park, redrive or delete"), "{}", refused.message);
    let many = (0..1_001).map(target).collect();
    let refused = act_on(&host, Action::Delete, many, false).await.unwrap_err();
    assert!(refused.message.contains("send them in parts"), "{}", refused.message);
    let nobody = Target { id: None, unchanged_since: None };
    assert_eq!(act_on(&host, Action::Delete, vec![nobody], false).await.unwrap_err().reason, "REQUEST_INVALID");
    assert_eq!(act_on(&host, Action::Delete, vec![], false).await.unwrap(), []);
}

#[tokio::test]
async fn a_token_of_another_filter_or_of_long_ago_does_no_harm() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let open = host.open(1, "x").await.id.unwrap();
    for token in ["h.1-18446744073709551615", "s.4294967295", "p.1.18446744073709551615.9-9"] {
        let request = ListSessionsRequest { page_token: token.into(), ..ListSessionsRequest::default() };
        let page = host.admin.clone().list_sessions(request).await.unwrap().into_inner();
        assert!(page.sessions.iter().all(|session| session.id != Some(open)), "{token}");
        assert!(page.next_page_token.is_empty() || page.next_page_token.as_str() > token, "{token}");
    }
}
