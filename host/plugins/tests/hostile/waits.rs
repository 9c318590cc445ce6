//! Guests that have the host wait, or compute, for them.

use crate::{
    attack::{Attack, Ends},
    guest::handler,
    rig::Answer,
    table::beside_a_neighbour,
    wasi::component,
};

#[test]
fn whatever_the_host_does_for_a_guest_ends_with_its_time() {
    let sleep = "(call $block (call $sleep (i64.const 0x8000000000000000)))";
    let naps = "(loop $again (local.set $n (call $sleep (i64.const 0))) (call $block (local.get $n)) (call $drop-pollable (local.get $n)) (br $again))";
    let many = "(loop $make
                  (i32.store (i32.mul (local.get $at) (i32.const 4)) (call $sleep (i64.const -1)))
                  (br_if $make (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 500))))
                (call $poll (i32.const 0) (i32.const 500) (i32.const 4096))";
    let random = "(loop $again (call $random (i64.const 0x100000) (i32.const 64)) (br $again))";
    beside_a_neighbour(
        "waits",
        vec![
            Attack::endless("a sleep of 2^63 ns", component(sleep)),
            Attack::endless("500 sleeps at once", component(many)),
            Attack::endless("sleeps of nothing, for ever", component(naps)),
            Attack::new(
                "2^64 random bytes",
                component("(call $random (i64.const -1) (i32.const 64))"),
                Ends::As("contract-broken", "exceeds limit"),
            ),
            Attack::endless("random bytes, a megabyte at a time, for ever", component(random)),
            Attack::endless(
                "a host call that never returns",
                handler("(call $get (local.get $data) (i32.const 0)) (call $told)"),
            )
            .asks(Answer::Silence),
        ],
    );
}
