//! Guests that compute for ever, wherever the host calls them, and guests whose single instructions take long.

use crate::{
    attack::{Attack, Ends, LONG, OUT_OF_FUEL},
    guest::{handler, handler_with},
    rig::Answer,
    table::{MEMORY_BYTES_MAX, beside_a_neighbour},
};

const LOOP: &str = "(loop $again (br $again))";

/// Memory for bulk instructions: 128 MiB to fill, and 64 KiB for the rest.
const BULK: &str = "(if (i32.lt_u (memory.size) (i32.const 2048)) (then (drop (memory.grow (i32.const 2048)))))";

/// A module without imports: what its allocator and its `handle` do, and what is called after that.
fn bare(realloc: &str, handle: &str, post_return: &str) -> String {
    format!(
        r#"(module
          (memory (export "memory") 2)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc} (i32.const 65536))
          (func (export "handle") (param i32) (result i32) {handle} (i32.const 2048))
          (func (export "cabi_post_handle") (param i32) {post_return}))"#
    )
}

/// Well-behaved while it is tried out, when every request is denied; in a run it does this before `handle` is called.
pub fn starts_with(body: &str) -> String {
    let start = format!(
        r#"(func $start
             (i32.store (i32.const 1300) (i32.const 1304))
             (call $get (i32.const 1300) (i32.const 0))
             (if (i32.load8_u (i32.const 3008)) (then {body})))
           (export "_initialize" (func $start))"#
    );
    handler_with(&start, "(call $ok)")
}

/// Do this for ever.
fn again(body: &str) -> String {
    handler(&format!("{BULK} (loop $again {body} (br $again)) (call $ok)"))
}

#[test]
fn endless_computing_is_ended_wherever_it_is() {
    let start = format!("(func $start {LOOP}) (start $start)");
    let tail = handler_with("(func $tail (result i32) (return_call $tail))", "(call $tail)");
    beside_a_neighbour(
        "endless computing",
        vec![
            Attack::loaded("loop in start", handler_with(&start, "(call $ok)"), "out-of-fuel; mend it"),
            Attack::new("loop in start, once it serves", starts_with(LOOP), OUT_OF_FUEL).asks(Answer::ok("")),
            Attack::endless("loop in start, once it serves, with fuel", starts_with(LOOP)).asks(Answer::ok("")),
            Attack::new("loop in realloc", bare(LOOP, "", ""), OUT_OF_FUEL),
            Attack::endless("loop in realloc, with fuel", bare(LOOP, "", "")),
            Attack::new("loop in handle", bare("", LOOP, ""), OUT_OF_FUEL),
            Attack::endless("loop in handle, with fuel", bare("", LOOP, "")),
            Attack::new("loop in post-return", bare("", "", LOOP), OUT_OF_FUEL),
            Attack::endless("loop in post-return, with fuel", bare("", "", LOOP)),
            Attack::new("tail calls without end", tail.clone(), OUT_OF_FUEL),
            Attack::endless("tail calls without end, with fuel", tail),
        ],
    );
}

#[test]
fn bulk_instructions_are_paid_for_by_the_byte_and_end_at_the_deadline() {
    let fill = again("(memory.fill (i32.const 65536) (i32.const 1) (i32.const 0x8000000))");
    let copy = again("(memory.copy (i32.const 65536) (i32.const 65537) (i32.const 0x7fffff0))");
    let table =
        |body: &str| handler_with("(table $t 60000 funcref)", &format!("(loop $again {body} (br $again)) (call $ok)"));
    let table_fill = table("(table.fill $t (i32.const 0) (ref.null func) (i32.const 60000))");
    let large = |attack: Attack| attack.memory(MEMORY_BYTES_MAX);
    beside_a_neighbour(
        "bulk instructions",
        vec![
            large(Attack::new("fills of 128 MiB", fill.clone(), OUT_OF_FUEL)),
            large(Attack::endless("fills of 128 MiB, with fuel", fill)).time(LONG),
            large(Attack::new("copies of 128 MiB", copy.clone(), OUT_OF_FUEL)),
            large(Attack::endless("copies of 128 MiB, with fuel", copy)).time(LONG),
            Attack::new("fills of a table", table_fill.clone(), OUT_OF_FUEL),
            Attack::endless("fills of a table, with fuel", table_fill),
        ],
    );
}

#[test]
fn recursion_ends_at_the_bottom_of_its_stack() {
    let deep = "(func $deep (result i32) (i32.add (i32.const 1) (call $deep)))";
    // At every depth the host is called, on what is left of the same stack.
    let calling = "(func $deep (param $data i32) (result i32)
                     (call $log (i32.const 2) (i32.const 1016) (i32.const 6))
                     (call $id (i32.load offset=8 (local.get $data)) (i32.const 3000))
                     (i32.add (i32.const 1) (call $deep (local.get $data))))";
    let stack = Ends::As("trapped", "call stack exhausted");
    beside_a_neighbour(
        "recursion",
        vec![
            Attack::new("deep recursion", handler_with(deep, "(drop (call $deep)) (call $ok)"), stack),
            Attack::new(
                "deep recursion, calling the host",
                handler_with(calling, "(drop (call $deep (local.get $data))) (call $ok)"),
                stack,
            )
            .fuel(u64::MAX / 2),
            Attack::new(
                "recursion without a frame, in realloc",
                bare("(call 0 (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) drop", "", ""),
                stack,
            ),
        ],
    );
}
