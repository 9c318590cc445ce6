//! Everything is done after a confirmation that says what, and not without.

use mpy6a_proto::v1::{self, Action, Index, SessionState};

use super::browser::Browser;
use crate::harness::{Config, Host, Kind, shown};

async fn host() -> Host {
    Host::start(&Config::of([Kind::misbehave(1), Kind::misbehave(2).set("delay", "1h")])).await
}

/// So many parked sessions of kind 1.
async fn parked(host: &Host, count: usize) -> Vec<Index> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(host.left(1, &["trap"]).await);
    }
    for id in &ids {
        host.parked(*id).await;
    }
    ids
}

async fn session(host: &Host, id: Index) -> Browser {
    let page = Browser::open(&format!("{}/#/sessions/{}", host.admin_url(), shown(id))).await;
    page.says("#session-head", "").await;
    page
}

#[tokio::test]
async fn a_session_is_deleted_after_asking_and_not_before() {
    let host = host().await;
    let id = parked(&host, 1).await[0];
    let page = session(&host, id).await;
    let offered = page.text("#session-head .buttons").await;
    assert!(offered.contains("Redrive") && offered.contains("Delete") && !offered.contains("Repeat now"), "{offered}");
    page.click("[data-act=delete]").await;
    let words = page.says("#dialog", "for ever").await.text().await.unwrap();
    assert!(words.contains(&shown(id)) && words.contains("of k1, parked, with 1 record:"), "{words}");
    assert_eq!(page.js("return document.activeElement.id").await, "confirm-no", "Enter alone does nothing");
    page.click("#confirm-no").await;
    page.is("!document.getElementById('dialog').open").await;
    page.click("[data-act=delete]").await;
    page.press("\u{e00c}").await;
    page.is("!document.getElementById('dialog').open").await;
    assert_eq!(host.look(id).await.unwrap().state(), SessionState::Parked, "twice a no");

    page.click("[data-act=delete]").await;
    page.click("#confirm-yes").await;
    host.gone(id).await;
    page.says("#session", "It is not there").await;
}

#[tokio::test]
async fn repeat_park_and_redrive_do_what_they_say() {
    let host = host().await;
    let handle = host.open(2, "permanent hopeless").await;
    host.store(handle, 0, Some(3_600)).await.unwrap();
    let id = handle.id.unwrap();
    let page = session(&host, id).await;
    let act = async |name: &str| {
        page.click(&format!("[data-act={name}]")).await;
        page.click("#confirm-yes").await;
    };
    act("park").await;
    page.says("#waits", "a person parked it").await;
    act("redrive").await;
    host.seen(id, "run", |session| session.attempts.len() == 1).await;
    page.says("#waits", "its handler gave it up (hopeless)").await;
    let stored = host.open(2, "permanent again").await;
    host.store(stored, 0, Some(3_600)).await.unwrap();
    page.go(&format!("#/sessions/{}", shown(stored.id.unwrap()))).await;
    page.says("#waits", "it is due in").await;
    act("repeat").await;
    host.parked(stored.id.unwrap()).await;
}

#[tokio::test]
async fn a_clients_session_is_taken_by_force_and_said_so() {
    let host = host().await;
    let handle = host.open(1, "mine").await;
    let page = session(&host, handle.id.unwrap()).await;
    page.says("[data-act=park]", "Park by force").await;
    page.click("[data-act=park]").await;
    page.says("#dialog", "A client holds it: the client loses it").await;
    page.click("#confirm-yes").await;
    host.parked(handle.id.unwrap()).await;
    assert_eq!(host.append(handle, 0, "mine?").await.unwrap_err().reason, "LEASE_LOST");
}

#[tokio::test]
async fn a_session_that_changed_since_it_was_shown_is_left_alone() {
    let host = host().await;
    let id = parked(&host, 1).await[0];
    let page = session(&host, id).await;
    page.click("[data-act=delete]").await;
    let target = v1::Target { id: Some(id), unchanged_since: None };
    let request = v1::ActOnSessionsRequest { action: Action::Redrive.into(), targets: vec![target], force: false };
    host.admin.clone().act_on_sessions(request).await.unwrap();
    host.seen(id, "parked again", |it| it.state() == SessionState::Parked && it.attempts.len() == 2).await;
    page.click("#confirm-yes").await;
    page.says("#dialog", "Not done").await;
    assert!(host.look(id).await.is_some());
}

#[tokio::test]
async fn by_filter_the_number_is_counted_shown_and_done_to_those_alone() {
    let host = host().await;
    let ids = parked(&host, 30).await;
    let other = host.left(2, &["permanent other"]).await;
    host.parked(other).await;
    let page = Browser::open(&format!("{}/#/sessions?kind=1", host.admin_url())).await;
    page.says("#paging", "30 sessions").await;
    page.click("[data-bulk=redrive]").await;
    page.says("#bulk-count", "30 sessions (30 k1)").await;
    page.says("#confirm-yes", "Redrive 30 sessions").await;
    page.click("#confirm-no").await;
    page.is("!document.getElementById('dialog').open").await;
    assert_eq!(host.look(ids[0]).await.unwrap().attempts.len(), 1, "counted, and nothing done");

    page.click("[data-bulk=redrive]").await;
    page.says("#bulk-count", "30 sessions").await;
    page.click("#confirm-yes").await;
    page.says("#bulk-done", "done to 30 of 30 sessions").await;
    for id in &ids {
        host.seen(*id, "run again", |session| session.attempts.len() == 2).await;
    }
    assert_eq!(host.look(other).await.unwrap().attempts.len(), 1, "the filter did not let it through");
}

#[tokio::test]
async fn deleting_by_filter_wants_the_number_typed_and_counts_those_of_clients_only_when_told() {
    let host = host().await;
    let ids = parked(&host, 3).await;
    let held = host.open(1, "mine").await;
    let page = Browser::open(&format!("{}/#/sessions?kind=1", host.admin_url())).await;
    page.says("#paging", "4 sessions").await;
    page.click("[data-bulk=delete]").await;
    page.says("#bulk-count", "3 sessions").await;
    assert_eq!(page.js("return document.getElementById('confirm-yes').disabled").await, true);
    page.fill("#confirm-typed", "30").await;
    assert_eq!(page.js("return document.getElementById('confirm-yes').disabled").await, true);
    page.press("\u{e007}").await;
    assert!(host.look(ids[0]).await.is_some(), "Enter does not get around it");
    page.click("#bulk-force").await;
    page.says("#bulk-count", "4 sessions").await;
    page.says("#dialog", "Clients that hold a session lose it").await;
    page.click("#bulk-force").await;
    page.says("#bulk-count", "3 sessions").await;
    page.fill("#confirm-typed", "3").await;
    page.click("#confirm-yes").await;
    page.says("#bulk-done", "done to 3 of 3 sessions").await;
    for id in ids {
        host.gone(id).await;
    }
    assert!(host.append(held, 0, "still mine").await.is_ok());
}

#[tokio::test]
async fn a_kind_is_paused_and_resumed() {
    let host = host().await;
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    page.click("[aria-label='Pause k1']").await;
    page.says("#dialog", "until somebody resumes it").await;
    page.click("#confirm-no").await;
    assert!(!host.kind(1).await.paused);
    page.click("[aria-label='Pause k1']").await;
    page.click("#confirm-yes").await;
    page.says("#kinds [data-kind='1']", "no: paused").await;
    assert!(host.kind(1).await.paused);
    let waiting = host.left(1, &["delete"]).await;
    page.says("#wrong", "paused by a person, and 1 session waits").await;
    page.click("[aria-label='Resume k1']").await;
    page.click("#confirm-yes").await;
    host.gone(waiting).await;
    page.says("#wrong", "All is well").await;
}

#[tokio::test]
async fn a_reload_says_what_is_wrong_with_the_config() {
    let host = host().await;
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    page.click("#reload").await;
    page.click("#confirm-yes").await;
    page.is("document.getElementById('said').textContent.startsWith('Reloaded: the config and every plugin')").await;
    host.write_config("listen = 7");
    page.click("#reload").await;
    page.click("#confirm-yes").await;
    page.says("#dialog pre", "listen").await;
}
