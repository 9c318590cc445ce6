#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use super::{super::HttpRule, *};
use crate::{
    egress::{Outside, SystemResolver},
    plugin::Grants,
};

fn egress() -> Egress {
    let rules = ["http://a.example", "https://b.example:8443", "http://127.0.0.1:9"]
        .map(|rule| HttpRule::parse(rule, &[] as &[&str]).unwrap());
    Egress::new(
        &Outside::new(Arc::new(SystemResolver)).unwrap(),
        &Grants { http: rules.into(), ..Grants::default() },
        1000,
    )
}

fn granted(url: &str) -> Result<Uri, Refused> {
    egress().grants.target(url)
}

fn asked(url: &str) -> Asked {
    Asked { method: "GET".into(), url: url.into(), headers: Vec::new(), body: None, step: None }
}

fn refused(asked: Asked) -> Refused {
    egress().prepare(asked, "1-2", "1-3").map(drop).unwrap_err()
}

#[tokio::test]
async fn only_what_is_named_is_granted() {
    for url in ["http://a.example", "http://A.EXAMPLE:80/x?y#z", "https://b.example:8443/", "http://0x7f.1:9/"] {
        assert!(granted(url).is_ok(), "{url}");
    }
    let others = [
        "https://a.example",
        "http://a.example:81",
        "http://a.example.",
        "http://a.example.evil.example",
        "https://b.example",
        "http://127.0.0.2:9",
        "http://[::1]:9",
    ];
    for url in others {
        assert!(matches!(granted(url), Err(Refused::Denied(_))), "{url}");
    }
    let malformed =
        ["", "/path", "a.example", "file:///etc/passwd", "http://u@a.example", "http://a.example@evil.example"];
    for url in malformed {
        assert!(matches!(granted(url), Err(Refused::Invalid(_))), "{url}");
    }
}

#[tokio::test]
async fn what_was_checked_is_what_is_sent() {
    let sent = granted("http://a.example\\@evil.example/x#frag").unwrap();
    assert_eq!(sent, "http://a.example/@evil.example/x");
    assert_eq!(granted("http://0x7f.1:9/ж").unwrap(), "http://127.0.0.1:9/%D0%B6");
}

#[tokio::test]
async fn headers_that_are_not_the_guests_to_set_are_refused() {
    let names =
        ["Host", "Connection", "Transfer-Encoding", "content-length", "TE", "Upgrade", "Expect", "a b", "", "a:b"];
    for name in names {
        let asked = Asked { headers: vec![(name.into(), "x".into())], ..asked("http://a.example") };
        assert!(matches!(refused(asked), Refused::Invalid(_)), "{name}");
    }
    for value in ["x\r\nHost: evil", "x\n", "\0"] {
        let asked = Asked { headers: vec![("x".into(), value.into())], ..asked("http://a.example") };
        assert!(matches!(refused(asked), Refused::Invalid(_)), "{value:?}");
    }
    for method in ["", "GE T", "GET\r\n", "CONNECT"] {
        let asked = Asked { method: method.into(), ..asked("http://a.example") };
        assert!(matches!(refused(asked), Refused::Invalid(_)), "{method:?}");
    }
}

#[tokio::test]
async fn a_step_brings_the_key_and_the_fence() {
    let step = |step: &str| Asked { step: Some(step.into()), ..asked("http://a.example") };
    let request = egress().prepare(step("index"), "1-2", "1-3").unwrap();
    assert_eq!(request.headers()["idempotency-key"], "1-2/index");
    assert_eq!(request.headers()["mpy6a-fence"], "1-3");
    for wrong in ["", "a b", "ж", "a\n", &"x".repeat(STEP_BYTES_MAX + 1)] {
        assert!(matches!(refused(step(wrong)), Refused::Invalid(_)), "{wrong:?}");
    }
    let forged = Asked { headers: vec![("Mpy6a-Fence".into(), "9-9".into())], ..step("index") };
    assert!(matches!(refused(forged), Refused::Invalid(_)));
}

#[tokio::test]
async fn a_head_is_bounded() {
    let many = vec![("x".to_owned(), "y".to_owned()); HEADERS_MAX + 1];
    assert!(matches!(refused(Asked { headers: many, ..asked("http://a.example") }), Refused::Invalid(_)));
    let long = vec![("x".to_owned(), "y".repeat(HEAD_BYTES_MAX))];
    assert!(matches!(refused(Asked { headers: long, ..asked("http://a.example") }), Refused::Invalid(_)));
    let url = format!("http://a.example/{}", "x".repeat(URL_BYTES_MAX));
    assert!(matches!(granted(&url), Err(Refused::Invalid(_))));
}

/// How `http.send` and `wasi:http` answer the same request.
fn by_both(method: &str, headers: &[(&'static str, &str)]) -> [Result<(), Refused>; 2] {
    let pairs = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let asked = Asked { method: method.into(), headers: pairs, ..asked("http://a.example") };
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    [egress().prepare(asked, "1-2", "1-3").map(drop), egress().admits(method, "http://a.example", &map)]
}

#[tokio::test]
async fn wasi_http_is_held_to_the_same_rule() {
    for name in HOSTS_OWN.iter().map(HeaderName::as_str).filter(|name| *name != "content-length") {
        let name: &'static str = name.to_owned().leak();
        let [sent, wasi] = by_both("GET", &[(name, "x")]);
        assert!(matches!(&wasi, Err(Refused::Invalid(why)) if why.contains(name)), "{name}: {wasi:?}");
        assert_eq!(sent, wasi);
    }
    let many = vec![("x", "y"); HEADERS_MAX + 1];
    let long = [("x", &*"y".repeat(HEAD_BYTES_MAX))];
    for (method, headers) in [("CONNECT", &[][..]), ("GE T", &[]), ("GET", &many), ("GET", &long)] {
        let [sent, wasi] = by_both(method, headers);
        assert!(matches!(&wasi, Err(Refused::Invalid(_))), "{method}: {wasi:?}");
        assert_eq!(sent, wasi);
    }
    assert_eq!(by_both("PATCH", &[("accept", "*/*"), ("idempotency-key", "own")]), [Ok(()), Ok(())]);
    // The library that puts the body together knows its length, and wasmtime holds it to that.
    let length = HeaderMap::from_iter([(header::CONTENT_LENGTH, HeaderValue::from_static("3"))]);
    assert_eq!(egress().admits("POST", "http://a.example", &length), Ok(()));
    let elsewhere = egress().admits("GET", "http://c.example", &HeaderMap::new());
    assert!(matches!(elsewhere, Err(Refused::Denied(_))), "{elsewhere:?}");
}
