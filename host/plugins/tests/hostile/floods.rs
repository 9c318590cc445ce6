//! Guests that write for ever: log lines, standard output, records.

use mpy6a_plugins::RunEnd;
use mpy6a_sessions::{Limits, SessionOp};

use crate::{
    attack::{Attack, Ends, LONG, OUT_OF_FUEL},
    guest::{handler, handler_with},
    table::beside_a_neighbour,
    wasi::component,
};

const RETURNED: Ends = Ends::As("returned", "");

/// The longest tail of a log that a report keeps, in bytes.
const TAIL_BYTES_MAX: usize = 4096;

/// Do this for ever.
fn again(body: &str) -> String {
    format!("(loop $again {body} (br $again))")
}

fn dropped_lines(end: &RunEnd) {
    let tail = &end.report.log_tail;
    assert!(
        tail.len() <= TAIL_BYTES_MAX && tail.ends_with("more log lines dropped: over the kind's limit\n"),
        "{:?}",
        end.report
    );
}

fn escaped(end: &RunEnd) {
    let text = "\\u{1b}[2J\\u{1b}]0;owned\\u{7}\\r\\nERROR forged\\u{202e}\\u{9b}31m";
    assert_eq!(end.report.log_tail, format!("INFO {text}\n"));
}

#[test]
fn what_is_logged_is_bounded_and_obeyed_by_no_terminal() {
    let line = "(call $log (i32.const 2) (i32.const 1016) (i32.const 6))";
    let huge = "(call $log (i32.const 2) (i32.const 0x20000) (i32.const 0xe0000))";
    let escapes = r#"(data (i32.const 1200) "\1b[2J\1b]0;owned\07\0d\0aERROR forged\e2\80\ae\c2\9b31m")"#;
    let wasi = |body: &str| component(&format!("(local.set $n (call $stdout)) {}", again(body)));
    let write = |length: &str| {
        wasi(&format!("(call $write (local.get $n) (i32.const 0x100000) (i32.const {length}) (i32.const 64))"))
    };
    beside_a_neighbour(
        "logs",
        vec![
            Attack::new("log lines", handler(&format!("{} (call $ok)", again(line))), OUT_OF_FUEL)
                .fuel(1_000_000)
                .also(dropped_lines),
            Attack::endless("log lines, with fuel", handler(&format!("{} (call $ok)", again(line))))
                .also(dropped_lines),
            Attack::endless("log lines of 896 KiB", handler(&format!("{} (call $ok)", again(huge))))
                .time(LONG)
                .also(dropped_lines),
            Attack::new(
                "terminal escapes and line ends",
                handler_with(escapes, "(call $log (i32.const 2) (i32.const 1200) (i32.const 36)) (call $ok)"),
                RETURNED,
            )
            .also(escaped),
            Attack::new("empty writes", write("0"), OUT_OF_FUEL).fuel(1_000_000),
            Attack::endless("empty writes, with fuel", write("0")),
            Attack::endless("writes of 64 KiB without a line's end", write("0x10000")),
            Attack::new(
                "a write of 2^63 zeroes",
                wasi("(call $write-zeroes (local.get $n) (i64.const 0x7fffffffffffffff) (i32.const 64))"),
                Ends::As("contract-broken", "zeroes"),
            ),
        ],
    );
}

fn no_more_than_the_session_takes(end: &RunEnd) {
    let lengths = end.ops.iter().map(|op| if let SessionOp::Append(record) = op { record.len() as u64 } else { 0 });
    let (bytes, records) = (lengths.sum::<u64>(), end.ops.len());
    let Limits { session_bytes_max, session_records_max, .. } = Limits::default();
    assert!(records > 0 && records <= session_records_max as usize && bytes <= session_bytes_max, "{records}, {bytes}");
}

fn only_the_last(end: &RunEnd) {
    assert!(matches!(&end.ops[..], [SessionOp::Replace(_)]), "{} operations", end.ops.len());
}

#[test]
fn what_is_appended_is_bounded_by_the_session() {
    let call = |function: &str, bytes: u32| {
        format!(
            "(call ${function} (i32.load offset=8 (local.get $data)) (i32.const 0) (i32.const {bytes}) (i32.const 3000))"
        )
    };
    let full = |bytes| {
        format!(
            "(block $full (loop $again {} (br_if $full (i32.load8_u (i32.const 3000))) (br $again))) (call $ok)",
            call("append", bytes)
        )
    };
    let for_ever = |function, bytes| handler(&format!("{} (call $ok)", again(&call(function, bytes))));
    let replaces = handler(&format!(
        "(local $n i32)
         (loop $again {} (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 150))))
         (call $ok)",
        call("replace", 0xf0000)
    ));
    beside_a_neighbour(
        "records",
        vec![
            Attack::new("appends up to the limit on bytes", handler(&full(0xf0000)), RETURNED)
                .also(no_more_than_the_session_takes),
            Attack::new("appends up to the limit on records", handler(&full(1)), RETURNED)
                .also(no_more_than_the_session_takes),
            Attack::new("appends over the limit, for ever", for_ever("append", 1), OUT_OF_FUEL).fuel(500_000),
            Attack::endless("records over the limit, for ever, with fuel", for_ever("append", 0xf0000)),
            Attack::new("150 replaces of 960 KiB", replaces, RETURNED).also(only_the_last),
        ],
    );
}
