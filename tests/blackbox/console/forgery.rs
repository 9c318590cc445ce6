//! No other page steers the host: not by requests of any kind, not by a name that points here, not in a frame.

use axum::{Router, response::Html, routing::get};
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    browser::{Browser, Start},
    http::{ask, get as get_from, post},
};
use crate::harness::{Config, Host, Kind};

const BODY: &[u8] = b"{}";

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
    assert!(browser.js("return document.body.textContent").await.as_str().unwrap().contains("ORIGIN_FOREIGN"));
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
    assert!(browser.js("return document.body.textContent").await.as_str().unwrap().contains("HOST_UNKNOWN"));
    let tried = browser
        .js_async(
            "const tried = [];
             for (const [path, type, body] of [
               ['/api/kinds/1/pause', 'application/json', '{}'],
               ['/mpy6a.v1.Admin/PauseKind', 'application/grpc', new Uint8Array([0, 0, 0, 0, 2, 8, 1])],
             ]) {
               const headers = { 'content-type': type, 'x-mpy6a-console': '1' };
               tried.push((await fetch(path, { method: 'POST', headers, body })).status);
             }
             tried.push((await fetch('/api/sessions')).status);
             return tried;",
        )
        .await;
    assert_eq!(tried, json!([421, 421, 421]));
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
        (vec![json, page, ("origin", "http://evil.example")], 403, "ORIGIN_FOREIGN"),
        (vec![json, page, ("origin", "null")], 403, "ORIGIN_FOREIGN"),
        (vec![json, page, ("sec-fetch-site", "cross-site")], 403, "ORIGIN_FOREIGN"),
        (vec![json, page, ("sec-fetch-site", "same-site")], 403, "ORIGIN_FOREIGN"),
        (vec![json, page, ("host", "evil.example")], 421, "HOST_UNKNOWN"),
        (vec![json, page, ("host", "evil.example"), ("origin", "http://evil.example")], 421, "HOST_UNKNOWN"),
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

#[tokio::test]
async fn names_of_the_config_are_the_hosts_own_and_grpc_goes_by_any_over_http_2() {
    let config = Config::of([Kind::misbehave(1)]).set("admin.names", vec!["Mpy6a.example"]);
    let host = Host::start(&config).await;
    let by = async |name: &str| ask(&host, "GET /api/kinds", &[("host", name)], &[]).await.status;
    assert_eq!((by("mpy6a.example:7341").await, by("MPY6A.EXAMPLE").await, by("other.example").await), (200, 200, 421));
    assert_eq!(get_from(&host, "/api/kinds").await.status, 200);
    assert_eq!(post(&host, "/api/kinds/1/pause", &json!({})).await.status, 200);
    // The harness speaks gRPC by the address; a client that dialled a name sends it as the authority.
    let endpoint = tonic::transport::Endpoint::from_shared(host.admin_url()).unwrap();
    let named = endpoint.origin("http://mpy6a.svc.cluster.local:7341".parse().unwrap()).connect().await.unwrap();
    let mut admin = mpy6a_proto::v1::admin_client::AdminClient::new(named);
    assert!(admin.list_kinds(mpy6a_proto::v1::ListKindsRequest {}).await.is_ok());
}
