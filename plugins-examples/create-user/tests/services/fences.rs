//! The promise that the example stands on: after a handler has been told "nobody has this nick", no older call of its
//! session can create one.

use std::time::{Duration, Instant};

use create_user::{service::faults::Work, service_a, service_b};
use reqwest::RequestBuilder;
use serde_json::json;

use crate::harness::{Service, send, user, with_id};

/// Sign a request as the operator of session `1-5` with this fence.
fn signed(request: RequestBuilder, step: &str, fence: &str) -> RequestBuilder {
    request.header("Idempotency-Key", format!("1-5/{step}")).header("Mpy6a-Fence", fence)
}

#[tokio::test]
async fn a_late_create_is_refused_after_a_look_up() {
    let a = Service::start(service_a::routes).await;
    let create = |fence| signed(a.request("POST", "/users"), "create", fence).json(&user("zoe", "Zoe"));
    let look_up = |fence| signed(a.request("GET", "/users?nick=zoe"), "find", fence);

    assert_eq!(send(look_up("1-9")).await.0, 404);
    assert_eq!(send(create("1-5")).await.0, 412, "the client is late");
    assert_eq!(a.get("/users").await, (200, json!([])));
    assert_eq!(send(look_up("1-8")).await.0, 412, "so is an older repeat");
    assert_eq!(send(create("1-9")).await.0, 201, "the present holder may");
    assert_eq!(a.get("/faults").await.1["counts"]["fenced"], 2);
}

#[tokio::test]
async fn a_create_that_hangs_and_works_at_the_end_is_refused_then() {
    let a = Service::start(service_a::routes).await;
    a.hang(Work::Last, 1_000).await;
    let create = signed(a.request("POST", "/users"), "create", "1-5").json(&user("zoe", "Zoe"));
    assert!(create.timeout(Duration::from_millis(200)).send().await.unwrap_err().is_timeout());
    a.set_faults(&json!({})).await;
    assert_eq!(send(signed(a.request("GET", "/users?nick=zoe"), "find", "1-9")).await.0, 404);

    let deadline = Instant::now() + Duration::from_secs(10);
    while a.get("/faults").await.1["counts"]["fenced"] != 1 {
        assert!(Instant::now() < deadline, "the late call was not refused");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(a.get("/users").await, (200, json!([])));
}

#[tokio::test]
async fn a_late_index_is_refused() {
    let b = Service::start(service_b::routes).await;
    let index =
        |name, fence| signed(b.request("PUT", "/index/1"), "index", fence).json(&with_id(&user("zoe", name), 1));
    assert_eq!(send(index("New", "2-1")).await.0, 204);
    assert_eq!(send(index("Old", "1-5")).await.0, 412);
    assert_eq!(b.get("/index/1").await.1["name"], "New");
    let delete = signed(b.request("DELETE", "/index/1"), "forget", "1-5");
    assert_eq!(send(delete).await.0, 412);
}

#[tokio::test]
async fn fences_survive_a_restart() {
    let mut a = Service::start(service_a::routes).await;
    assert_eq!(send(signed(a.request("GET", "/users?nick=zoe"), "find", "1-9")).await.0, 404);
    a.restart(service_a::routes).await;
    let late = signed(a.request("POST", "/users"), "create", "1-5").json(&user("zoe", "Zoe"));
    assert_eq!(send(late).await.0, 412);
}

#[tokio::test]
async fn calls_without_headers_pass_and_malformed_ones_do_not() {
    let a = Service::start(service_a::routes).await;
    assert_eq!(a.call("POST", "/users", Some(&user("zoe", "Zoe"))).await.0, 201);
    for fence in ["x", "1", "1-x", "-1-1"] {
        assert_eq!(send(signed(a.request("GET", "/users/1"), "find", fence)).await.0, 400, "{fence:?}");
    }
    assert_eq!(send(a.request("GET", "/users/1").header("Mpy6a-Fence", "1-1")).await.0, 400);
}
