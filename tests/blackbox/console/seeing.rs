//! What is wrong is seen first; lists, filters, one session; the URL brings it back.

use mpy6a_proto::v1::SessionState;

use super::{browser::Browser, scenes};
use crate::harness::{Config, Host, Kind, shown};

#[tokio::test]
async fn what_is_wrong_is_said_first_and_leads_to_the_sessions() {
    let scene = scenes::troubled().await;
    let page = Browser::open(&format!("{}/", scene.host.admin_url())).await;
    page.says("#wrong", "12 sessions parked: they wait for a person").await;
    let words = page.says("#wrong", "late by").await.text().await.unwrap();
    for part in
        ["paused by a person, and 3 sessions wait", "not usable Wasm", "nothing is repeated", "all 2 runs are taken"]
    {
        assert!(words.contains(part), "{part} is not in:\n{words}");
    }
    assert!(!words.contains("close-account"), "nothing is wrong with it: {words}");
    let rows = page.text("#kinds tbody").await;
    assert!(rows.find("close-account") > rows.find("sync-crm"), "those in trouble first:\n{rows}");

    page.click("#wrong a").await;
    page.says("#paging", "12 sessions").await;
    assert_eq!(page.place().await, "#/sessions?kind=1&state=parked");
    let row = page.text("#rows tr").await;
    assert!(row.contains("out of repeats after 3") && row.contains("503"), "why, in words: {row}");
}

#[tokio::test]
async fn all_is_well_is_said_too() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    page.says("#wrong", "All is well").await;
    page.go("#/sessions").await;
    page.says("#paging", "There is no session").await;
}

#[tokio::test]
async fn rates_and_latencies_are_seen_while_a_kind_is_repeated() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    page.says("#kinds thead", "Runs/s").await;
    let cell = |head: &str| {
        format!(
            "document.querySelector('#kinds tbody tr').children[[...document.querySelectorAll('#kinds thead th')]\
             .findIndex((it) => it.textContent.trim() === '{head}')].textContent"
        )
    };
    let seen = format!("parseFloat({}) > 0 && /[0-9]/.test({})", cell("Runs/s"), cell("p50"));
    tokio::select! {
        () = page.is(&seen) => {}
        () = work(&host) => {}
    }
}

/// Sessions of kind 1 that are repeated, one after another.
async fn work(host: &Host) {
    loop {
        host.left(1, &["permanent no"]).await;
    }
}

#[tokio::test]
async fn a_filter_stands_in_the_url_and_survives_a_reload() {
    let host = Host::start(&Config::of([Kind::misbehave(1).set("delay", "1h"), Kind::misbehave(2)])).await;
    let open = host.open(1, "x").await.id.unwrap();
    let trapped = host.left(1, &["trap"]).await;
    let hopeless = host.left(2, &["permanent no such user"]).await;
    for id in [trapped, hopeless] {
        host.parked(id).await;
    }
    let page = Browser::open(&format!("{}/#/sessions", host.admin_url())).await;
    page.says("#paging", "3 sessions").await;
    page.click("#filter .chip:has([value=parked])").await;
    page.says("#paging", "2 sessions").await;
    page.fill("#filter-cause", "no such user\u{e007}").await;
    page.says("#paging", "1 session").await;
    assert_eq!(page.text("#rows a.row").await, shown(hopeless));
    assert_eq!(page.place().await, "#/sessions?cause=no+such+user&state=parked");
    page.refresh().await.unwrap();
    page.says("#paging", "1 session").await;
    assert_eq!(page.js("return document.getElementById('filter-cause').value").await, "no such user");
    assert_eq!(page.js("return document.querySelector('[value=parked]').checked").await, true);

    page.click("#filter-clear").await;
    page.says("#paging", "3 sessions").await;
    page.fill("[name=older]", "soon\u{e007}").await;
    page.is("document.querySelector('[name=older]').getAttribute('aria-invalid') === 'true'").await;
    assert_eq!(page.place().await, "#/sessions", "nonsense is asked of nobody");
    page.fill("[name=older]", "1h\u{e007}").await;
    page.says("#paging", "lets no session through").await;
    page.go("#/sessions").await;
    page.fill("#filter-cause", &format!("{}\u{e007}", shown(open))).await;
    page.says("#session-title", &shown(open)).await;
}

#[tokio::test]
async fn pages_are_walked_through_and_back() {
    let host = Host::start(&Config::of([Kind::misbehave(1).set("delay", "1h")])).await;
    for _ in 0..130 {
        host.open(1, "x").await;
    }
    let page = Browser::open(&format!("{}/#/sessions", host.admin_url())).await;
    page.says("#paging", "100 sessions on this page, of 130").await;
    page.click("#next-page").await;
    page.says("#paging", "30 sessions on this page, of 130").await;
    page.refresh().await.unwrap();
    page.says("#paging", "30 sessions on this page").await;
    page.click("#first-page").await;
    page.says("#paging", "100 sessions on this page").await;
}

#[tokio::test]
async fn a_session_shows_why_it_waits_its_records_and_its_attempts_and_follows_what_happens() {
    let scene = scenes::troubled().await;
    let id = shown(scene.parked);
    let page = Browser::open(&format!("{}/#/sessions/{id}", scene.host.admin_url())).await;
    page.says("#waits", "out of repeats after 3").await;
    assert_eq!(page.js("return document.title").await, format!("{id} · mpy6a"));
    let records = page.text("#records").await;
    assert!(records.contains("Records: 2") && records.contains("\"nick\": \"maria\""), "{records}");
    assert!(records.contains("12345678901234567890"), "numbers stay as they were written: {records}");
    let attempts = page.text("#attempts").await;
    assert_eq!(attempts.matches("repeat ").count(), 3, "{attempts}");
    assert!(attempts.contains("503"), "the cause: {attempts}");
    page.click("#records .chip:has([value=hex])").await;
    page.says("#records pre", "00000000  7b 22 73 74 65 70").await;
    assert!(page.place().await.contains("as=hex"));

    scene.host.admin.clone().resume_kind(mpy6a_proto::v1::ResumeKindRequest { kind: 3 }).await.unwrap();
    let open = scene.host.open(5, "x").await;
    let place = shown(open.id.unwrap());
    page.go(&format!("#/sessions/{place}")).await;
    page.says("#waits", "its client has it").await;
    scene.host.store(open, 0, Some(3_600)).await.unwrap();
    page.says("#waits", "it is due in").await;
    scene.host.in_state(open.id.unwrap(), SessionState::Stored).await;
    page.go("#/sessions/9-99").await;
    page.says("#session", "It is not there").await;
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_said_to_and_seen_again_when_it_is_back() {
    let mut host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    page.says("#kinds", "k1").await;
    host.kill();
    page.says("#trouble", "does not answer").await;
    page.says("#kinds", "k1").await;
    host.launch().await;
    page.is("document.getElementById('trouble').hidden").await;
    page.says("#pulse", "term 2").await;
}
