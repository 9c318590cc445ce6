//! Where the host wants to know who one is, the page asks; the routes know nobody without.

use serde_json::{Value, json};

use super::{
    browser::Browser,
    http::{Answer, ask},
};
use crate::{
    harness::{Config, Host, Kind, LOOK},
    security::{digest, token},
};

const ENTER: &str = "\u{e007}";

async fn host() -> Host {
    let entry = |name: &str, right: &str| format!("name = \"{name}\"\ntoken = \"{}\"\n{right} = true", digest(name));
    let config = Config::of([Kind::misbehave(1)]);
    Host::start(&config.admit(&entry("eyes", "read")).admit(&entry("boss", "administer"))).await
}

async fn as_(host: &Host, who: &str, line: &str, body: &[u8]) -> Answer {
    let token = format!("Bearer {}", token(who));
    let page = [("content-type", "application/json"), ("x-mpy6a-console", "1"), ("authorization", token.as_str())];
    ask(host, line, &page, body).await
}

#[tokio::test]
async fn the_page_loads_for_anybody_and_its_routes_for_nobody_without_a_token() {
    let host = host().await;
    for path in ["/", "/console/main.js", "/console/style.css"] {
        assert_eq!(ask(&host, &format!("GET {path}"), &[], &[]).await.status, 200, "{path}");
    }
    let page = [("content-type", "application/json"), ("x-mpy6a-console", "1")];
    let routes = [
        "GET /api/kinds",
        "GET /api/sessions",
        "GET /api/sessions/1-1",
        "GET /api/sessions/1-1/records/0",
        "POST /api/act",
        "POST /api/kinds/1/pause",
        "POST /api/kinds/1/resume",
        "POST /api/reload",
        "GET /api/none",
    ];
    for line in routes {
        assert_eq!(ask(&host, line, &page, b"{}").await.status, 401, "{line}");
        assert_eq!(as_(&host, "nobody", line, b"{}").await.status, 401, "{line}");
        let expected = if line.starts_with("GET /api/") && !line.ends_with("none") { "looks" } else { "403" };
        let status = as_(&host, "eyes", line, b"{}").await.status;
        assert_eq!(status == 403, expected == "403", "{line}: {status} for who may only look");
    }
    assert_eq!(as_(&host, "boss", "POST /api/kinds/1/pause", b"{}").await.status, 200);
    let event = host.logged("kind administered").await;
    assert!(event["who"].as_str().unwrap().starts_with("boss at 127.0.0.1"), "{event}");
}

#[tokio::test]
async fn the_page_asks_for_a_token_keeps_it_in_the_tab_and_forgets_it() {
    let host = host().await;
    let page = Browser::open(&format!("{}/#/sessions", host.admin_url())).await;
    page.says("#token", "This host asks who you are").await;
    assert_eq!(page.js("return document.activeElement.id").await, "token-text");
    assert_eq!(page.js("return document.getElementById('token-text').type").await, "password");
    page.fill("#token-text", &format!("mistyped{ENTER}")).await;
    page.says("#token", "It does not accept the token").await;
    let denied = host.logged("turned away").await;
    assert!(!denied.to_string().contains("mistyped"), "{denied}");
    // While it asks it does not knock again and again: each would be a line in the log.
    let lines = host.log().len();
    tokio::time::sleep(300 * LOOK).await;
    assert_eq!(host.log().len(), lines);

    page.fill("#token-text", &format!("{}{ENTER}", token("eyes"))).await;
    page.says("#paging", "There is no session").await;
    assert_eq!(page.place().await, "#/sessions", "it is where one wanted to be");
    page.is("document.getElementById('token').hidden").await;
    page.refresh().await.unwrap();
    page.says("#paging", "There is no session").await;
    assert_eq!(
        page.js("return [document.cookie, localStorage.length, location.href.includes('mpy6a_')]").await,
        json!(["", 0, false])
    );

    page.click("#to-kinds").await;
    page.click("[aria-label='Pause k1']").await;
    page.click("#confirm-yes").await;
    page.says("#dialog", "the right to administer is missing").await;
    page.click("#confirm-no").await;

    page.click("#forget").await;
    page.says("#token", "This host asks who you are").await;
    assert_eq!(page.js("return sessionStorage.length").await, 0);
    assert_eq!(
        page.js("return document.getElementById('kinds').checkVisibility()").await,
        Value::Bool(false),
        "nothing is left to be seen"
    );
    page.fill("#token-text", &format!("{}{ENTER}", token("boss"))).await;
    page.click("[aria-label='Pause k1']").await;
    page.click("#confirm-yes").await;
    page.says("#kinds", "no: paused").await;
}

#[tokio::test]
async fn a_token_that_is_withdrawn_while_the_page_is_open_is_asked_for_again() {
    let host = host().await;
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    page.fill("#token-text", &format!("{}{ENTER}", token("eyes"))).await;
    page.says("#kinds", "k1").await;
    let boss = format!("name = \"boss\"\ntoken = \"{}\"\nadminister = true", digest("boss"));
    host.configure(&Config::of([Kind::misbehave(1)]).admit(&boss));
    page.says("#token", "It does not accept the token").await;
}
