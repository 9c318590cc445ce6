//! A host in trouble, as it is at three in the morning, and the pictures of it in `docs/console`:
//! `cargo test --workspace --test blackbox console::scenes -- --ignored` takes them anew.

use std::{fs, path::Path};

use axum::http::StatusCode;
use mpy6a_proto::v1::{Index, PauseKindRequest, SessionState};

use super::browser::{Browser, Start};
use crate::harness::{Config, Effects, Host, Kind, handler, plain, shown};

const USER: &str = r#"{"id":7,"nick":"maria","name":"Maria","mail":"maria@example.com"}"#;

/// A host, and the outside of it.
pub struct Scene {
    pub host: Host,
    /// A session that is parked because service B is down.
    pub parked: Index,
    _outside: Effects,
}

/// Five kinds: users are parked because service B is down, invoices are late, reminders are paused, the plugin of a fourth is broken,
/// and all is well with the last.
pub async fn troubled() -> Scene {
    let outside = Effects::start(async |request| match request.path.as_str() {
        path if path.starts_with("/users") => plain(StatusCode::OK, USER),
        _ => plain(StatusCode::SERVICE_UNAVAILABLE, "{\"error\":\"index is being rebuilt\"}"),
    })
    .await;
    let host = Host::prepare(&Config::of([]));
    let broken = host.path("sync-crm.wasm");
    fs::write(&broken, "no component").unwrap();
    let users = Kind::new(1, handler("create-user", "rust"))
        .set("plugin.settings.service_a", outside.url.as_str())
        .set("plugin.settings.service_b", outside.url.as_str())
        .allow(&outside.url);
    let kinds = [
        users.set("name", "create-user").set("max_repeats", 3).set("lease", "10m"),
        Kind::misbehave(2).set("name", "send-invoice").set("max_running", 2).set("plugin.time", "10m"),
        Kind::misbehave(3).set("name", "reminder"),
        Kind::new(4, broken).set("name", "sync-crm"),
        Kind::misbehave(5).set("name", "close-account").set("lease", "10m"),
    ];
    let mut host = host;
    host.reconfigure(&Config::of(kinds));
    host.launch().await;
    let parked = fill(&host).await;
    Scene { host, parked, _outside: outside }
}

async fn fill(host: &Host) -> Index {
    host.admin.clone().pause_kind(PauseKindRequest { kind: 3 }).await.unwrap();
    let mut parked = Vec::new();
    for nick in ["maria", "anna", "jo", "piotr", "li", "sam", "ada", "noor", "kim", "zoe", "ivan", "uma"] {
        let create = format!(
            r#"{{"step":"create","user":{{"nick":"{nick}","name":"{nick}","mail":"{nick}@example.com"}},"asked":12345678901234567890}}"#
        );
        parked.push(host.left(1, &[create.as_str(), r#"{"step":"created","id":7}"#]).await);
    }
    for _ in 0..5 {
        host.left(2, &["sleep 600000"]).await;
    }
    for record in ["delete", "delete", "delete"] {
        host.left(3, &[record]).await;
    }
    for _ in 0..2 {
        host.left(4, &["{}"]).await;
    }
    host.open(5, r#"{"account":4711,"why":"asked by mail"}"#).await;
    let later = host.open(5, "delete").await;
    host.store(later, 0, Some(3_600)).await.unwrap();
    for id in &parked {
        host.parked(*id).await;
    }
    host.kind_is(2, "has both its runs", |kind| kind.repeating == 2).await;
    let first = parked[0];
    assert_eq!(host.look(first).await.unwrap().state(), SessionState::Parked);
    first
}

#[tokio::test]
#[ignore = "takes the pictures in docs/console; it proves nothing"]
async fn take() {
    let scene = troubled().await;
    let url = format!("{}/", scene.host.admin_url());
    let browser = Browser::start(Start::default(), &url).await;
    browser.says("#wrong", "late by").await;
    let session = format!("#/sessions/{}?kind=1&state=parked", shown(scene.parked));
    for dark in [false, true] {
        browser.dark(dark).await;
        let theme = if dark { "dark" } else { "light" };
        browser.resize(1280, 800).await;
        picture(&browser, "#/", "#wrong", &format!("kinds-{theme}")).await;
        picture(&browser, "#/sessions?state=parked&kind=1", "#rows", &format!("sessions-{theme}")).await;
        picture(&browser, &session, "#attempts", &format!("session-{theme}")).await;
        browser.resize(390, 844).await;
        picture(&browser, "#/", "#wrong", &format!("kinds-phone-{theme}")).await;
        picture(&browser, "#/sessions?state=parked&kind=1", "#rows", &format!("sessions-phone-{theme}")).await;
        picture(&browser, &session, "#attempts", &format!("session-phone-{theme}")).await;
    }
    browser.resize(1600, 900).await;
    picture(&browser, &session, "#attempts", "session-wide-dark").await;
    browser.dark(false).await;
    browser.resize(1280, 800).await;
    browser.go("#/sessions?state=parked&kind=1").await;
    browser.click("[data-bulk=redrive]").await;
    browser.says("#bulk-count", "12 sessions").await;
    save(&browser, "redrive-light").await;
}

async fn picture(browser: &Browser, place: &str, there: &str, name: &str) {
    browser.go("#/none").await;
    browser.go(place).await;
    browser.says(there, "").await;
    browser.is("document.querySelector('main section:not([hidden]) h1')").await;
    browser.js("document.activeElement.blur(); scrollTo(0, 0)").await;
    save(browser, name).await;
}

async fn save(browser: &Browser, name: &str) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/console"));
    fs::create_dir_all(folder).unwrap();
    let png = browser.screenshot().await.unwrap();
    fs::write(folder.join(format!("{name}.png")), png).unwrap();
}
