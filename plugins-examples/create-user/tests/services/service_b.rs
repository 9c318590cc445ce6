//! Service B indexes users and finds them.

use create_user::service_b::routes;
use serde_json::{Value, json};

use crate::harness::{Service, send, user, with_id};

async fn index(b: &Service, id: i64, user: &Value) {
    assert_eq!(b.call("PUT", &format!("/index/{id}"), Some(&with_id(user, id))).await, (204, Value::Null));
}

/// The ids that a search finds, best first.
async fn find(b: &Service, q: &str) -> Vec<i64> {
    let (status, found) = send(b.request("GET", "/search").query(&[("q", q)])).await;
    assert_eq!(status, 200, "{q:?}: {found}");
    found.as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn indexing_is_an_idempotent_upsert() {
    let mut b = Service::start(routes).await;
    let (zoe, tom) = (user("zoe", "Zoe"), user("tom", "Tom"));
    index(&b, 7, &zoe).await;
    index(&b, 7, &zoe).await;
    assert_eq!(b.get("/index").await, (200, json!([with_id(&zoe, 7)])));
    assert_eq!(find(&b, "zoe").await, [7]);

    index(&b, 7, &tom).await;
    b.restart(routes).await;
    assert_eq!(b.get("/index/7").await, (200, with_id(&tom, 7)));
    assert_eq!((find(&b, "zoe").await, find(&b, "tom").await), (vec![], vec![7]));

    for _ in 0..2 {
        assert_eq!(b.call("DELETE", "/index/7", None).await, (204, Value::Null));
    }
    assert_eq!((b.get("/index/7").await.0, find(&b, "tom").await), (404, vec![]));
}

#[tokio::test]
async fn the_index_is_listed_in_pages() {
    let b = Service::start(routes).await;
    for id in [3, 1, 2] {
        index(&b, id, &user(&format!("u{id}"), "U")).await;
    }
    let ids =
        |list: &Value| list.as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(&b.get("/index?limit=2").await.1), [1, 2]);
    assert_eq!(ids(&b.get("/index?after=2&limit=2").await.1), [3]);
}

#[tokio::test]
async fn words_are_found_in_every_attribute_by_how_they_begin() {
    let b = Service::start(routes).await;
    let bob = json!({ "nick": "bobby", "name": "Robert O'Brien", "mail": "r.obrien@mail.example.org" });
    index(&b, 1, &bob).await;
    index(&b, 2, &user("other", "Other")).await;
    for q in ["bob", "Robert", "robert o'b", "O'BRIEN robert", "example r.obrien@mail", "mail.example.org bobby"] {
        assert!(find(&b, q).await.contains(&1), "{q:?}");
        assert!(!find(&b, &format!("{q} nobody")).await.contains(&1), "{q:?} and a word that nobody has");
    }
    assert_eq!(find(&b, "obby").await, [] as [i64; 0], "not from the middle of a word");
}

#[tokio::test]
async fn an_exact_attribute_comes_first() {
    let b = Service::start(routes).await;
    for (id, nick) in [(1, "anna anna anna"), (2, "annabel anna"), (3, "anna"), (4, "annalena")] {
        index(&b, id, &user(nick, "x")).await;
    }
    let found = find(&b, "anna").await;
    assert_eq!((found[0], found.len()), (3, 4));
    let (_, limited) = send(b.request("GET", "/search").query(&[("q", "anna"), ("limit", "1")])).await;
    assert_eq!(limited.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_user_of_the_list_is_found_by_every_attribute() {
    let b = Service::start(routes).await;
    let users = create_user::demo::users_csv::read(include_bytes!("../../users.csv").as_slice()).unwrap();
    let ids = || (1_i64..).zip(&users.rows);
    for (id, row) in ids() {
        index(&b, id, &serde_json::to_value(&row.user).unwrap()).await;
    }
    for (id, row) in ids() {
        let user = &row.user;
        for text in [&user.nick, &user.name, &user.mail] {
            let found = send(b.request("GET", "/search").query(&[("q", text.as_str()), ("limit", "1000")])).await;
            let found = found.1.as_array().cloned().unwrap_or_default();
            let has = found.iter().any(|found| found["id"] == id);
            assert!(has || text.trim().is_empty(), "row {}: {text:?} finds {} others", row.number, found.len());
        }
    }
}

#[tokio::test]
async fn scripts_and_marks() {
    let b = Service::start(routes).await;
    let names = [
        "Zo\u{eb} Müller",
        "Пётр",
        "Ἀλέξανδρος",
        "محمد الحسن",
        "שָׂרָה",
        "हिन्दी शर्मा",
        "สมชาย ใจดี",
        "王小明",
        "김민준",
        "ნინო",
        "🦊🦊",
    ];
    for (id, name) in (1..).zip(names) {
        index(&b, id, &user(&format!("n{id}"), name)).await;
    }
    for (q, id) in [
        ("zoe", 1),
        ("ZOE\u{308}", 1),
        ("muller", 1),
        ("пётр", 2),
        ("ἀλέξανδρος", 3),
        ("الحسن", 4),
        ("हिन्दी", 6),
        ("शर्मा", 6),
        ("ใจดี", 7),
        ("王", 8),
        ("王小明", 8),
        ("김", 9),
        ("ნინო", 10),
        ("🦊", 11),
    ] {
        assert_eq!(find(&b, q).await, [id], "{q:?}");
    }
    assert_eq!(find(&b, "हन").await, [] as [i64; 0], "vowel signs are part of a word");
}

#[tokio::test]
async fn nothing_in_a_query_is_a_command() {
    let b = Service::start(routes).await;
    index(&b, 1, &user("zoe", "Zoe")).await;
    index(&b, 2, &user("%_", "AND OR NOT NEAR")).await;
    index(&b, 3, &user("*\"", "nick:zoe")).await;
    for (q, ids) in [
        ("\"", vec![]),
        ("\"\"\"", vec![]),
        ("zoe\"", vec![1, 3]),
        ("zoe*", vec![1, 3]),
        ("nick:zoe", vec![3]),
        ("zoe AND", vec![]),
        ("OR NOT", vec![2]),
        ("NOT zoe", vec![]),
        ("NEAR(zoe", vec![]),
        ("^zoe", vec![1, 3]),
        ("- zoe", vec![1, 3]),
        ("(", vec![]),
        ("{nick}: zoe", vec![3]),
        ("%_", vec![2]),
        ("*\"", vec![3]),
        ("zoe\0x", vec![]),
        ("'; DROP TABLE entries;--", vec![]),
        ("%", vec![]),
        ("_", vec![]),
        ("\\", vec![]),
        ("\u{202e}zoe", vec![1, 3]),
    ] {
        let mut found = find(&b, q).await;
        found.sort_unstable();
        assert_eq!(found, ids, "{q:?}");
    }
}

#[tokio::test]
async fn bad_input_is_refused_with_a_reason() {
    let b = Service::start(routes).await;
    for (path, reason) in [
        ("/search", "missing field `q`"),
        ("/search?q=", "q is empty"),
        ("/search?q=%20%0A", "q is empty"),
        ("/search?q=a&limit=x", "invalid digit"),
        ("/index/seven", "Cannot parse"),
    ] {
        let (status, answer) = b.get(path).await;
        let error = answer["error"].as_str().unwrap();
        assert!(status == 400 && error.contains(reason), "{path}: {status} {error}");
    }
    let (status, _) = send(b.request("GET", "/search").query(&[("q", "x".repeat(401))])).await;
    assert_eq!(status, 400);
    for body in [with_id(&user("zoe", "Zoe"), 2), user("zoe", "Zoe"), with_id(&user("", "Zoe"), 1)] {
        assert_eq!(b.call("PUT", "/index/1", Some(&body)).await.0, 400, "{body}");
    }
    assert_eq!(b.get("/index").await, (200, json!([])));
}
