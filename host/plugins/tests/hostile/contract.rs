//! Guests that lie where values pass between them and the host: lengths, pointers, text.

use crate::{
    attack::{Attack, Ends, LONG},
    guest::{handler, handler_with},
    table::beside_a_neighbour,
};

/// Memory for a million headers, in bytes and in pages.
const ROOM_BYTES: u64 = 32 << 20;
const GROW: &str = "(drop (memory.grow (i32.const 300)))";

fn broken(text: &'static str) -> Ends {
    Ends::As("contract-broken", text)
}

/// A request with so many headers, all of them empty; `result` is where the answer goes.
fn headers(count: &str) -> String {
    format!(
        "(call $send (i32.const 1000) (i32.const 3) (i32.const 1000) (i32.const 3)
           (i32.const 0x100000) (i32.const {count})
           (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
           (i32.const 3000))"
    )
}

/// A handler whose allocator always gives this address.
fn allocator(address: &str, handle: &str) -> String {
    format!(
        r#"(module
          (memory (export "memory") 2)
          (data (i32.const 2048) "\01\00\00\00\01\00\00\00\00\00\01\00\05\00\00\00")
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const {address}))
          (func (export "handle") (param i32) (result i32) {handle} (i32.const 2048)))"#
    )
}

#[test]
fn lengths_that_lie_end_the_run() {
    let session = "(i32.load offset=8 (local.get $data))";
    let append = format!("(call $append {session} (i32.const 0) (i32.const -1) (i32.const 3000)) (call $ok)");
    let log = "(call $log (i32.const 2) (i32.const 0) (i32.const -1)) (call $ok)";
    let roomy = |attack: Attack| attack.memory(ROOM_BYTES);
    beside_a_neighbour(
        "lengths",
        vec![
            Attack::new("a record of 4 GiB", handler(&append), broken("out of bounds")),
            Attack::new("a log line of 4 GiB", handler(log), broken("out of bounds")),
            Attack::new("4 Gi headers", handler(&format!("{} (call $ok)", headers("-1"))), broken("out of bounds")),
            Attack::new(
                "a reason of 4 GiB",
                handler("(call $retry (i32.const 0) (i32.const -1))"),
                broken("out of bounds"),
            ),
            roomy(Attack::new(
                "a million empty strings",
                handler(&format!("{GROW} {} (call $ok)", headers("1000000"))),
                broken("too much data"),
            )),
            roomy(Attack::endless(
                "300,000 empty strings, for ever",
                handler(&format!("{GROW} (loop $again {} (br $again)) (call $ok)", headers("300000"))),
            ))
            .time(LONG),
        ],
    );
}

#[test]
fn pointers_that_lie_end_the_run_or_harm_the_guest_alone() {
    // Method, URL and body are the same bytes, and the answer overwrites them.
    let overlapping = "(call $send (i32.const 1000) (i32.const 3) (i32.const 1000) (i32.const 3) (i32.const 1000) (i32.const 0)
                         (i32.const 1) (i32.const 1000) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                         (i32.const 1000))
                       (memory.copy (i32.const 3000) (i32.const 1000) (i32.const 40))
                       (call $told)";
    beside_a_neighbour(
        "pointers",
        vec![
            Attack::new(
                "arguments and answer in the same place",
                handler(overlapping),
                Ends::As("retry", "no grant for HTTP"),
            ),
            Attack::new("all that it is given in the same place", allocator("65536", ""), Ends::As("permanent", "1-7")),
            Attack::new("an allocator that gives odd addresses", allocator("65537", ""), broken("align")),
            Attack::new(
                "an allocator that gives what is not there",
                allocator("0x7fff0000", ""),
                broken("beyond end of memory"),
            ),
            Attack::new(
                "an allocator that gives the last byte",
                allocator("0x1fff8", ""),
                broken("beyond end of memory"),
            ),
            Attack::new("a result that is not there", handler("(i32.const -8)"), broken("out of bounds")),
            Attack::new("a result at an odd address", handler("(i32.const 2049)"), broken("align")),
            Attack::new(
                "a result of no case",
                handler("(i32.store8 (i32.const 2048) (i32.const 9)) (i32.const 2048)"),
                broken(""),
            ),
        ],
    );
}

#[test]
fn text_that_is_none_ends_the_run() {
    let bytes = r#"(data (i32.const 1200) "ok\ff\fe\c0\80\ed\a0\80")"#;
    let url = "(i32.store (i32.const 1300) (i32.const 1304)) (i32.store (i32.const 1304) (i32.const 1200)) (i32.store (i32.const 1308) (i32.const 9))
               (call $get (i32.const 1300) (i32.const 0)) (call $ok)";
    beside_a_neighbour(
        "text",
        vec![
            Attack::new(
                "a log line that is not UTF-8",
                handler_with(bytes, "(call $log (i32.const 2) (i32.const 1200) (i32.const 9)) (call $ok)"),
                broken("utf-8"),
            ),
            Attack::new("a URL that is not UTF-8", handler_with(bytes, url), broken("utf-8")),
            Attack::new(
                "a reason that is not UTF-8",
                handler_with(bytes, "(call $permanent (i32.const 1200) (i32.const 9))"),
                broken("utf-8"),
            ),
            Attack::new(
                "a log level that there is none of",
                handler("(call $log (i32.const 99) (i32.const 0) (i32.const 0)) (call $ok)"),
                broken(""),
            ),
        ],
    );
}
