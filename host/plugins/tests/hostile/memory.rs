//! Guests that want more memory than there is for them.

use crate::{
    attack::{Attack, OUT_OF_FUEL, OUT_OF_MEMORY},
    guest::{handler, handler_with},
    table::beside_a_neighbour,
};

/// Do this for ever.
fn again(definitions: &str, body: &str) -> String {
    handler_with(definitions, &format!("(loop $again {body} (br $again)) (call $ok)"))
}

#[test]
fn growth_ends_at_the_limit() {
    let own_maximum = again("", "(drop (memory.grow (i32.const 1)))")
        .replace(r#"(memory (export "memory") 16)"#, r#"(memory (export "memory") 16 17)"#);
    let touched = "(loop $again
                     (memory.fill (i32.mul (memory.size) (i32.const 65536)) (i32.const 1) (i32.const 0))
                     (memory.fill (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)) (i32.const 1) (i32.const 65536))
                     (drop (memory.grow (i32.const 1)))
                     (br $again))
                   (call $ok)";
    let others = "(memory $b 1) (memory $c 1) (memory $d 1)";
    let all = "(drop (memory.grow $b (i32.const 1))) (drop (memory.grow $c (i32.const 1))) (drop (memory.grow $d (i32.const 1)))";
    let table = |size: &str, more: &str| {
        again(
            &format!("(table $t {size} funcref)"),
            &format!("(drop (table.grow $t (ref.null func) (i32.const {more})))"),
        )
    };
    beside_a_neighbour(
        "memory",
        vec![
            Attack::new("memory.grow, page by page", again("", "(drop (memory.grow (i32.const 1)))"), OUT_OF_MEMORY),
            Attack::new("memory.grow, all at once", again("", "(drop (memory.grow (i32.const -1)))"), OUT_OF_MEMORY),
            Attack::new("memory.grow, page by page, each one written", handler(touched), OUT_OF_MEMORY),
            Attack::new("memory.grow of four memories", again(others, all), OUT_OF_MEMORY),
            Attack::new("memory.grow past its own maximum, for ever", own_maximum.clone(), OUT_OF_FUEL).fuel(1_000_000),
            Attack::endless("the same, with fuel", own_maximum),
            Attack::new("table.grow, 1,000 at a time", table("0", "1000"), OUT_OF_MEMORY),
            Attack::new("table.grow, a million at a time", table("0", "1000000"), OUT_OF_MEMORY),
            Attack::new("table.grow past its own maximum, for ever", table("0 10", "1000"), OUT_OF_FUEL),
        ],
    );
}
