//! No other page steers the host: not by requests of any kind, not by a name that points here, not in a frame.

use axum::{Router, response::Html, routing::get};
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    browser::{Browser, Start},
    http::ask,
};
use crate::harness::{Config, Host, Kind};

const BODY: &[u8] = b"{}";

/// How the refusal of another page's request begins.
const FOREIGN: &str = "a web page of another site asks for this, or this host goes by another name";

/// A page elsewhere, in the browser of whoever also uses the console.
async fn elsewhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let page = Router::new().route("/", get(async || Html("<!doctype html><title>elsewhere</title><body>")));
    tokio::spawn(async move { axum::serve(listener, page).await.unwrap() });
    url
}

async fn host() -> Host {
    Host::start(&Config::of([Kind::misbehave(1)])).await
}

#[tokio::test]
async fn a_page_elsewhere_gets_nothing_and_changes_nothing() {
    let host = host().await;
    let browser = Browser::open(&elsewhere().await).await;
    let target = host.admin_url();
    let tries = format!(
        "const url = '{target}/api/kinds/1/pause', tried = [];
         const attempt = (name, path, init) => fetch(path, init).then((answer) => tried.push(name + ' ' + answer.type), () => {{}});
         await attempt('simple', url, {{ method: 'POST', mode: 'no-cors', body: '{{}}' }});
         await attempt('text', url, {{ method: 'POST', body: '{{}}', headers: {{ 'content-type': 'text/plain' }} }});
         await attempt('json', url, {{ method: 'POST', body: '{{}}', headers: {{ 'content-type': 'application/json', 'x-mpy6a-console': '1' }} }});
         await attempt('read', '{target}/api/kinds', {{}});
         await attempt('grpc', '{target}/mpy6a.v1.Admin/PauseKind', {{ method: 'POST', headers: {{ 'content-type': 'application/grpc' }}, body: new Uint8Array([0, 0, 0, 0, 2, 8, 1]) }});
         return tried;"
    );
    let tried = browser.js_async(&tries).await;
    // That something left is all that it sees of a request that it may not look into.
    assert_eq!(tried, json!(["simple opaque"]));
    let form = format!(
        "const form = Object.assign(document.createElement('form'), {{ method: 'POST', enctype: 'text/plain', action: '{target}/api/kinds/1/pause' }});
         form.append(Object.assign(document.createElement('input'), {{ name: '{{\"a\":\"', value: '\"}}' }}));
         document.body.append(form); form.submit();"
    );
    browser.js(&form).await;
    browser.is("location.pathname === '/api/kinds/1/pause'").await;
    assert!(browser.js("return document.body.textContent").await.as_str().unwrap().contains(FOREIGN));
    assert!(!host.kind(1).await.paused);
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_opens_nothing() {
    let host = host().await;
    let start = Start { name: Some("evil.example"), ..Start::default() };
    let url = format!("http://evil.example:{}/", host.ports().operators);
    let browser = Browser::start(start, &url).await;
    // It got through to this host, by that name: same origin, as the browser sees it.
    assert_eq!(browser.js("return location.hostname").await, "evil.example");
    assert!(browser.js("return document.body.textContent").await.as_str().unwrap().contains(FOREIGN));
    let tried = browser
        .js_async(
            "const tried = [];
             for (const [path, type, body] of [
               ['/api/kinds/1/pause', 'application/json', '{}'],
               ['/mpy6a.v1.Admin/PauseKind', 'application/grpc', new Uint8Array([0, 0, 0, 0, 2, 8, 1])],
             ]) {
               const headers = { 'content-type': type, 'x-mpy6a-console': '1' };
               const answer = await fetch(path, { method: 'POST', headers, body });
               tried.push(answer.headers.get('grpc-status') ?? answer.status);
             }
             tried.push((await fetch('/api/sessions')).status);
             return tried;",
        )
        .await;
    // 7 is PERMISSION_DENIED, as gRPC says it.
    assert_eq!(tried, json!([403, "7", 403]));
    assert!(!host.kind(1).await.paused);
}

#[tokio::test]
async fn the_page_cannot_be_framed() {
    let host = host().await;
    let browser = Browser::open(&elsewhere().await).await;
    let framed = browser
        .js_async(&format!(
            "const frame = document.createElement('iframe');
             frame.src = '{}/';
             const loaded = new Promise((done) => {{ frame.onload = done; }});
             document.body.append(frame);
             await loaded;
             return window.length;",
            host.admin_url()
        ))
        .await;
    assert_eq!(framed, 1);
    browser.enter_frame(0).await.unwrap();
    assert_eq!(browser.js("return document.getElementById('home')").await, serde_json::Value::Null);
}

#[tokio::test]
async fn each_protection_holds_without_the_others() {
    let host = host().await;
    let json = ("content-type", "application/json");
    let page = ("x-mpy6a-console", "1");
    let path = "POST /api/kinds/1/pause";
    let own = host.admin_url();
    let refused = [
        (vec![json], 403, "HEADER_MISSING"),
        (vec![page, ("content-type", "text/plain")], 415, "REQUEST_INVALID"),
        (vec![page], 415, "REQUEST_INVALID"),
        (vec![json, page, ("origin", "http://evil.example")], 403, FOREIGN),
        (vec![json, page, ("origin", "null")], 403, FOREIGN),
        (vec![json, page, ("sec-fetch-site", "cross-site")], 403, "FOREIGN_PAGE"),
        (vec![json, page, ("sec-fetch-site", "same-site")], 403, "FOREIGN_PAGE"),
        (vec![json, page, ("host", "evil.example")], 403, FOREIGN),
        (vec![json, page, ("host", "evil.example"), ("origin", "http://evil.example")], 403, FOREIGN),
    ];
    for (headers, status, reason) in refused {
        let answer = ask(&host, path, &headers, BODY).await;
        assert_eq!((answer.status, answer.reason().as_str()), (status, reason), "{headers:?}");
        assert!(!host.kind(1).await.paused, "{headers:?}");
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let answer = ask(&host, &format!("{method} /api/kinds/1/pause"), &[json, page], &[]).await;
        assert_eq!(answer.status, 405, "{method}");
    }
    let answer = ask(&host, path, &[json, page, ("origin", &own), ("sec-fetch-site", "same-origin")], BODY).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(host.kind(1).await.paused);
}
