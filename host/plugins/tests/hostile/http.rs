//! Guests that go where they may not, and servers that harm those who ask.

use mpy6a_plugins::RunEnd;

use crate::{
    attack::{Attack, Ends},
    guest::handler,
    rig::Answer,
    table::beside_a_neighbour,
    wasi::http_component,
};

/// Asks, and tells what came of it.
const ASK: &str = "(call $get (local.get $data) (i32.const 0)) (call $told)";

/// Asks, and then asks the first header of the answer.
const FOLLOW: &str = "
    (call $get (local.get $data) (i32.const 0))
    (if (i32.ne (i32.load16_u (i32.const 3008)) (i32.const 302)) (then unreachable))
    (i32.store (i32.const 1300) (i32.const 1304))
    (i32.store (i32.const 1304) (i32.load offset=8 (i32.load (i32.const 3012))))
    (i32.store (i32.const 1308) (i32.load offset=12 (i32.load (i32.const 3012))))
    (call $get (i32.const 1300) (i32.const 0))
    (call $told)";

/// The guest logs the number of the `http-error` that it got.
fn told(end: &RunEnd, number: u32) {
    assert_eq!(end.report.log_tail, format!("ERROR {number}\n"));
}

fn denied(end: &RunEnd) {
    told(end, 0);
}

fn broken(end: &RunEnd) {
    told(end, 4);
}

fn too_large(end: &RunEnd) {
    told(end, 5);
}

#[test]
fn requests_reach_only_what_is_meant() {
    let refused = |text| Ends::As("retry", text);
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: http://10.9.8.7/secret\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    beside_a_neighbour(
        "targets",
        vec![
            Attack::new(
                "a host that is not allowed",
                handler(ASK),
                refused("the allow-list does not name http://127.0.0.2:"),
            )
            .asks(Answer::ok("secret"))
            .at("http://127.0.0.2:PORT/")
            .also(denied),
            Attack::new("a name bound to what was not meant", handler(ASK), refused("127.0.0.1, a loopback address"))
                .asks(Answer::ok("secret"))
                .at("http://service.example:PORT/")
                .also(denied),
            Attack::new(
                "a redirect to a host that is not allowed",
                handler(FOLLOW),
                refused("the allow-list does not name http://10.9.8.7:80"),
            )
            .asks(Answer::Bytes(redirect.into()))
            .also(denied),
        ],
    );
}

#[test]
fn answers_are_bounded() {
    let failed = Ends::As("retry", "");
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    beside_a_neighbour(
        "answers",
        vec![
            Attack::new("a body of gigabytes, in chunks", handler(ASK), failed).asks(Answer::Chunks).also(too_large),
            Attack::new("a body without end", handler(ASK), failed).asks(Answer::Endless(head.into())).also(too_large),
            Attack::new("a head without end", handler(ASK), failed)
                .asks(Answer::Endless(b"HTTP/1.1 200 OK\r\nx: ".into()))
                .also(broken),
            Attack::endless("an answer that trickles for ever", handler(ASK)).asks(Answer::Trickling(head.into())),
        ],
    );
}

#[test]
fn requests_that_are_never_sent_are_bounded() {
    // As much of a body as its stream takes at once, of one request after the other.
    let hoard = "(loop $again
          (call $body (call $request (call $fields)) (i32.const 64))
          (call $stream (i32.load (i32.const 68)) (i32.const 64))
          (local.set $n (i32.load (i32.const 68)))
          (call $check-write (local.get $n) (i32.const 64))
          (call $write (local.get $n) (i32.const 0x100000) (i32.load (i32.const 72)) (i32.const 64))
          (br $again))";
    beside_a_neighbour(
        "requests",
        vec![
            Attack::new(
                "bodies begun and never sent",
                http_component(hoard),
                Ends::As("contract-broken", "more than 1024 host resources"),
            )
            .asks(Answer::Silence),
        ],
    );
}
