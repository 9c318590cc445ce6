//! Guests that keep, forge and drop what they hold of the host.

use crate::{
    attack::{Attack, Ends, LONG},
    guest::handler,
    table::beside_a_neighbour,
    wasi::component,
};

fn broken(text: &'static str) -> Ends {
    Ends::As("contract-broken", text)
}

/// Do this for ever.
fn again(body: &str) -> String {
    component(&format!("(loop $again {body} (br $again))"))
}

#[test]
fn handles_cannot_be_forged() {
    let twice = "(local.set $n (call $sleep (i64.const 0))) (call $drop-pollable (local.get $n)) (call $drop-pollable (local.get $n))";
    let after =
        "(local.set $n (call $sleep (i64.const 0))) (call $drop-pollable (local.get $n)) (call $block (local.get $n))";
    let own = "(local.set $n (call $new (i32.const 7))) (call $drop (local.get $n)) (call $drop (local.get $n))";
    let session = "(i32.load offset=8 (local.get $data))";
    beside_a_neighbour(
        "handles",
        vec![
            Attack::new(
                "a session that it was not given",
                handler("(call $delete (i32.const 99) (i32.const 3000)) (call $ok)"),
                broken("unknown handle index 99"),
            ),
            Attack::new(
                "a stream in place of a pollable",
                component("(call $block (call $stdout))"),
                broken("used with the wrong type"),
            ),
            Attack::new(
                "the session in place of a pollable",
                component(&format!("(call $block {session})")),
                broken("used with the wrong type"),
            ),
            Attack::new(
                "a session dropped twice",
                component(&format!("(call $drop-session {session}) (call $drop-session {session})")),
                broken("unknown handle index"),
            ),
            Attack::new("a pollable dropped twice", component(twice), broken("unknown handle index")),
            Attack::new("a pollable used after it was dropped", component(after), broken("unknown handle index")),
            Attack::new("a resource of its own dropped twice", component(own), broken("unknown handle index")),
        ],
    );
}

#[test]
fn what_a_run_holds_is_bounded() {
    // A list of one handle, so many times.
    let crowd = |count: usize| {
        format!(
            "(local.set $n (call $sleep (i64.const 0)))
                 (loop $fill
                   (i32.store (i32.add (i32.const 0x100000) (local.get $at)) (local.get $n))
                   (br_if $fill (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const {}))))
                 (loop $again (call $poll (i32.const 0x100000) (i32.const {count}) (i32.const 64)) (br $again))",
            4 * count
        )
    };
    beside_a_neighbour(
        "resources",
        vec![
            Attack::new(
                "streams made and never dropped",
                again("(drop (call $stdout))"),
                broken("more than 1024 host resources"),
            ),
            Attack::new(
                "pollables made and never dropped",
                again("(drop (call $sleep (i64.const -1)))"),
                broken("more than 1024 host resources"),
            ),
            Attack::new(
                "resources of its own, never dropped",
                again("(drop (call $new (i32.const 7)))"),
                broken("handle limit exceeded"),
            ),
            Attack::endless(
                "resources made and dropped, for ever",
                again("(call $drop-pollable (call $sleep (i64.const 1)))"),
            ),
            Attack::new(
                "half a million times the same pollable",
                component(&crowd(500_000)),
                broken("handle limit exceeded"),
            ),
            Attack::endless("50,000 times the same pollable, for ever", component(&crowd(50_000))).time(LONG),
            Attack::new(
                "a poll of nothing",
                component("(call $poll (i32.const 0) (i32.const 0) (i32.const 64))"),
                broken("empty poll list"),
            ),
        ],
    );
}
