//! Service A keeps users.

use create_user::{
    service::BODY_BYTES_MAX,
    service_a::routes,
    user::{MAIL_BYTES_MAX, NICK_BYTES_MAX},
};
use serde_json::{Value, json};

use crate::harness::{Service, send, user, with_id};

async fn post(a: &Service, body: &Value, key: &str) -> (u16, Value) {
    send(a.request("POST", "/users").header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn a_user_is_created_read_changed_and_deleted() {
    let a = Service::start(routes).await;
    let zoe = user("zoë", "Zoë");
    let (status, created) = a.call("POST", "/users", Some(&zoe)).await;
    let id = created["id"].as_i64().unwrap();
    assert_eq!((status, &created), (201, &with_id(&zoe, id)));
    assert_eq!(a.get(&format!("/users/{id}")).await, (200, created.clone()));
    assert_eq!(a.get("/users?nick=zo%C3%AB").await, (200, created));

    let renamed = user("zoe", "Zoé");
    assert_eq!(a.call("PUT", &format!("/users/{id}"), Some(&renamed)).await, (200, with_id(&renamed, id)));
    assert_eq!(a.get("/users?nick=zo%C3%AB").await.0, 404);
    for _ in 0..2 {
        assert_eq!(a.call("DELETE", &format!("/users/{id}"), None).await, (204, Value::Null));
    }
    assert_eq!(a.get(&format!("/users/{id}")).await, (404, json!({ "error": "no such user" })));
    assert_eq!(a.call("PUT", &format!("/users/{id}"), Some(&renamed)).await.0, 404);
}

#[tokio::test]
async fn a_nick_is_unique_byte_for_byte() {
    let a = Service::start(routes).await;
    for (id, nick) in (1..).zip(["café", "cafe\u{301}", "Café", "café ", "%_", "*\"", "a\nb", "🦊"]) {
        let (status, created) = a.call("POST", "/users", Some(&user(nick, "First"))).await;
        assert_eq!((status, created["id"].as_i64()), (201, Some(id)), "{nick:?}");
        let taken = a.call("POST", "/users", Some(&user(nick, "Second"))).await;
        assert_eq!(taken, (409, json!({ "error": "nick taken", "id": id })), "{nick:?}");
    }
    let taken = a.call("PUT", "/users/1", Some(&user("Café", "First"))).await;
    assert_eq!(taken, (409, json!({ "error": "nick taken", "id": 3 })));
}

#[tokio::test]
async fn an_idempotency_key_gets_the_first_answer() {
    let mut a = Service::start(routes).await;
    let (zoe, tom) = (user("zoe", "Zoe"), user("tom", "Tom"));
    let first = post(&a, &zoe, "1-1/create").await;
    assert_eq!(first.0, 201);
    let taken = post(&a, &zoe, "1-2/create").await;
    assert_eq!(taken.0, 409);
    // It survives the end of the service and of the user.
    a.call("DELETE", "/users/1", None).await;
    a.restart(routes).await;
    assert_eq!(post(&a, &zoe, "1-1/create").await, first);
    assert_eq!(post(&a, &zoe, "1-2/create").await, taken);
    assert_eq!(a.get("/users").await, (200, json!([])), "repeating an answer does nothing");
    assert_eq!(post(&a, &tom, "1-1/create").await.0, 422, "another request with the same key");
}

#[tokio::test]
async fn an_id_is_never_given_twice() {
    let a = Service::start(routes).await;
    a.call("POST", "/users", Some(&user("zoe", "Zoe"))).await;
    a.call("DELETE", "/users/1", None).await;
    let (_, created) = a.call("POST", "/users", Some(&user("zoe", "Zoe"))).await;
    assert_eq!(created["id"], 2);
}

#[tokio::test]
async fn users_are_listed_in_pages() {
    let a = Service::start(routes).await;
    for number in 1..=5 {
        a.call("POST", "/users", Some(&user(&format!("u{number}"), "U"))).await;
    }
    let ids =
        |list: &Value| list.as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(&a.get("/users").await.1), [1, 2, 3, 4, 5]);
    assert_eq!(ids(&a.get("/users?limit=2").await.1), [1, 2]);
    assert_eq!(ids(&a.get("/users?after=2&limit=2").await.1), [3, 4]);
    assert_eq!(ids(&a.get("/users?after=5").await.1), [] as [i64; 0]);
}

#[tokio::test]
async fn bad_input_is_refused_with_a_reason() {
    let a = Service::start(routes).await;
    let long_nick = user(&"x".repeat(NICK_BYTES_MAX + 1), "X");
    let long_mail = json!({ "nick": "x", "name": "", "mail": "m".repeat(MAIL_BYTES_MAX + 1) });
    for (body, reason) in [
        (user("", "Zoe"), "nick is empty"),
        (user(" \n", "Zoe"), "nick is empty"),
        (user("a\0b", "Zoe"), "NUL"),
        (long_nick, "nick is 101 bytes long: at most 100"),
        (long_mail, "mail is 255 bytes long: at most 254"),
        (json!({ "nick": "x", "name": "" }), "missing field `mail`"),
        (json!({ "nick": "x", "name": "", "mail": "", "id": 7 }), "unknown field `id`"),
        (json!({ "nick": 7, "name": "", "mail": "" }), "invalid type"),
    ] {
        for (method, path) in [("POST", "/users"), ("PUT", "/users/1")] {
            let (status, answer) = a.call(method, path, Some(&body)).await;
            let error = answer["error"].as_str().unwrap();
            assert!(status == 400 && error.contains(reason), "{method} {body}: {status} {error}");
        }
    }
    assert_eq!(send(a.request("POST", "/users").body("{")).await.0, 400);
    assert_eq!(send(a.request("POST", "/users").body(vec![b'"', 0xff, b'"'])).await.0, 400);
    assert_eq!(send(a.request("POST", "/users").body(vec![b' '; BODY_BYTES_MAX + 1])).await.0, 413);
    assert_eq!(a.get("/users/seven").await.0, 400);
    assert_eq!(a.get("/users?limit=-1").await.0, 400);
    assert_eq!(a.get("/users?nikc=zoe").await.0, 400);
    assert_eq!(post(&a, &user("x", "X"), &"k".repeat(201)).await.0, 400);
    assert_eq!(a.get("/users").await, (200, json!([])), "nothing was created");
}
