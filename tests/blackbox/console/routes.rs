//! What each route answers, and refuses.

use mpy6a_proto::v1::{Index, SessionState};
use serde_json::json;

use super::http::{ask, get, post};
use crate::harness::{Config, Host, Kind, shown};

fn patient() -> Kind {
    Kind::misbehave(1).set("delay", "1h").set("name", "create-user")
}

async fn host() -> Host {
    Host::start(&Config::of([patient()])).await
}

fn number(id: Index) -> String {
    shown(id)
}

#[tokio::test]
async fn every_answer_tells_the_browser_what_it_may_not_do() {
    let host = host().await;
    for path in
        ["/", "/console/main.js", "/console/none.js", "/api/kinds", "/api/none", "/api/sessions?kind=x", "/metrics"]
    {
        let answer = get(&host, path).await;
        let header = |name: &str| answer.headers.get(name).cloned().unwrap_or_default();
        let policy = header("content-security-policy");
        for part in
            ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
        let kept = if path == "/" || path.ends_with("main.js") { "no-cache" } else { "no-store" };
        assert_eq!(header("cache-control"), kept, "{path}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
    }
}

#[tokio::test]
async fn a_browser_that_has_a_file_is_told_so() {
    let host = host().await;
    let first = get(&host, "/console/main.js").await;
    assert_eq!((first.status, first.headers["content-type"].as_str()), (200, "text/javascript; charset=utf-8"));
    let tag = &first.headers["etag"];
    let again = ask(&host, "GET /console/main.js", &[("if-none-match", tag)], &[]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let other = ask(&host, "GET /console/main.js", &[("if-none-match", "\"other\"")], &[]).await;
    assert_eq!((other.status, other.body), (200, first.body));
    assert_eq!(get(&host, "/console/..%2fassets.rs").await.status, 404);
}

#[tokio::test]
async fn kinds_and_sessions_are_what_the_command_line_says_of_them() {
    let host = host().await;
    let open = host.open(1, "{\"nick\":\"maria\"}").await.id.unwrap();
    let trapped = host.left(1, &["trap", "more"]).await;
    host.parked(trapped).await;

    let kinds = get(&host, "/api/kinds").await.json();
    assert_eq!(kinds["kinds"][0]["name"], "create-user");
    assert_eq!((&kinds["kinds"][0]["active"], &kinds["kinds"][0]["parked"]), (&json!(1), &json!(1)));

    let listed = get(&host, "/api/sessions?state=parked&kind=1&repeats=1&outcome=trapped").await.json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(listed["sessions"][0]["id"], number(trapped));
    assert_eq!(listed["sessions"][0]["waits_for"], "out-of-repeats");
    assert_eq!(get(&host, "/api/sessions?older_s=3600").await.json()["sessions"], json!([]));
    let page = get(&host, "/api/sessions?size=1").await.json();
    assert_eq!(page["sessions"][0]["id"], number(open));
    let next = get(&host, &format!("/api/sessions?size=1&page={}", page["next"].as_str().unwrap())).await.json();
    assert_eq!(next["sessions"][0]["id"], number(trapped));

    let one = get(&host, &format!("/api/sessions/{}", number(trapped))).await.json();
    assert_eq!(
        one["records"],
        json!([{ "number": 0, "bytes": 4, "hex": "74726170" }, { "number": 1, "bytes": 4, "hex": "6d6f7265" }])
    );
    assert_eq!(one["attempts"][0]["outcome"], "trapped");
    assert_eq!(one["can"], json!({ "repeat": "no", "park": "no", "redrive": "yes", "delete": "yes" }));
    let held = get(&host, &format!("/api/sessions/{}", number(open))).await.json();
    assert_eq!(held["can"], json!({ "repeat": "no", "park": "force", "redrive": "no", "delete": "force" }));
}

#[tokio::test]
async fn long_records_and_many_come_in_parts() {
    let host = host().await;
    let handle = host.open(1, vec![0xAB; 1 << 20]).await;
    for _ in 0..120 {
        host.append(handle, 0, "x").await.unwrap();
    }
    let path = format!("/api/sessions/{}", number(handle.id.unwrap()));
    let answer = get(&host, &path).await;
    assert!(answer.body.len() < 64 << 10, "{} bytes for a record of a MiB", answer.body.len());
    let session = answer.json();
    assert_eq!((&session["record_count"], session["records"].as_array().unwrap().len()), (&json!(121), 100));
    assert_eq!(
        (&session["records"][0]["bytes"], session["records"][0]["hex"].as_str().unwrap().len()),
        (&json!(1 << 20), 8192)
    );
    let rest = get(&host, &format!("{path}?from=100")).await.json();
    assert_eq!((rest["records"].as_array().unwrap().len(), &rest["records"][20]["number"]), (21, &json!(120)));
    assert_eq!(get(&host, &format!("{path}?from=9999999")).await.json()["records"], json!([]));

    let whole = get(&host, &format!("{path}/records/0")).await;
    assert_eq!((whole.status, whole.body.len()), (200, 1 << 20));
    assert_eq!(whole.headers["content-type"], "application/octet-stream");
    assert_eq!(whole.headers["content-disposition"], "attachment");
    assert_eq!(get(&host, &format!("{path}/records/121")).await.status, 404);
}

#[tokio::test]
async fn what_is_not_there_or_nonsense_is_refused_by_name() {
    let host = host().await;
    let wrong = [
        ("/api/sessions/9-9", 404, "SESSION_NOT_FOUND"),
        ("/api/sessions/x", 400, "REQUEST_INVALID"),
        ("/api/sessions/1-1/records/x", 400, "REQUEST_INVALID"),
        ("/api/sessions?page=x", 400, "REQUEST_INVALID"),
        ("/api/sessions?outcome=burnt", 400, "REQUEST_INVALID"),
        ("/api/sessions?colour=red", 400, "REQUEST_INVALID"),
        ("/api/none", 404, "ROUTE_UNKNOWN"),
        ("/console/none.js", 404, "ROUTE_UNKNOWN"),
    ];
    for (path, status, reason) in wrong {
        let answer = get(&host, path).await;
        assert_eq!((answer.status, answer.reason().as_str()), (status, reason), "{path}");
        assert!(answer.json()["message"].as_str().unwrap().contains(':'), "{path}: a remedy: {}", answer.text());
    }
    for (path, body) in [
        ("/api/act", json!({})),
        ("/api/act", json!({ "action": "burn", "targets": [] })),
        ("/api/act", json!({ "action": "delete", "targets": [{ "id": "x" }] })),
        ("/api/act", json!({ "action": "delete", "targets": [], "filter": {} })),
        ("/api/kinds/x/pause", json!({})),
        ("/api/reload", json!({ "now": true })),
    ] {
        assert_eq!(post(&host, path, &body).await.status, 400, "{path} {body}");
    }
    assert_eq!(post(&host, "/api/kinds/9/pause", &json!({})).await.reason(), "KIND_UNKNOWN");
    assert_eq!(get(&host, "/api/act").await.status, 405);
}

#[tokio::test]
pub async fn bodies_have_a_bound_and_targets_too() {
    let host = host().await;
    let targets = |count: u64| (0..count).map(|at| json!({ "id": format!("1-{at}") })).collect::<Vec<_>>();
    let many = post(&host, "/api/act", &json!({ "action": "park", "targets": targets(1_001) })).await;
    assert_eq!((many.status, many.reason().as_str()), (400, "REQUEST_INVALID"));
    assert_eq!(post(&host, "/api/act", &json!({ "action": "park", "targets": targets(1_000) })).await.status, 200);
    let long = post(&host, "/api/act", &json!({ "action": "x".repeat(300 << 10), "targets": [] })).await;
    assert_eq!((long.status, long.reason().as_str()), (413, "REQUEST_TOO_LARGE"));
    let path = "x".repeat(100 << 10);
    assert!(get(&host, &format!("/api/sessions?cause={path}")).await.status >= 400);
    assert_eq!(get(&host, "/api/kinds").await.status, 200, "it goes on");
}

#[tokio::test]
async fn what_is_done_by_the_page_is_done_by_the_service_and_logged() {
    let host = host().await;
    let left = host.left(1, &["permanent no"]).await;
    let since = shown(host.parked(left).await.change_id.unwrap());
    let act = async |since: &str| {
        let target = json!({ "id": number(left), "unchanged_since": since });
        post(&host, "/api/act", &json!({ "action": "delete", "targets": [target] })).await.json()["results"][0].clone()
    };
    assert_eq!(act("1-1").await["reason"], "SESSION_CHANGED");
    assert_eq!(host.look(left).await.unwrap().state(), SessionState::Parked);
    assert_eq!(act(&since).await, json!({ "due_ms": null }));
    host.gone(left).await;
    let event = host.logged("sessions administered").await;
    assert!(event["who"].as_str().unwrap().contains("127.0.0.1"), "{event}");

    assert_eq!(post(&host, "/api/kinds/1/pause", &json!({})).await.status, 200);
    assert!(host.kind(1).await.paused);
    assert_eq!(post(&host, "/api/kinds/1/resume", &json!({})).await.status, 200);
    assert!(!host.kind(1).await.paused);
    host.write_config("listen = 7");
    let answer = post(&host, "/api/reload", &json!({})).await.json();
    assert!(answer["config_trouble"].as_str().unwrap().contains("listen"), "{answer}");
}
