//! The session as a handler sees it, and how its operations are committed.

use mpy6a_sessions::{Outcome, SessionOp};

use crate::{guest::handler, rig::Rig};

#[tokio::test]
async fn what_a_handler_asked_is_buffered_and_handed_over_when_it_returns() {
    let rig = Rig::new();
    let end = rig
        .run(&handler(
            "(call $intend (local.get $data))
             (call $store (i32.load offset=8 (local.get $data)) (i32.const 1) (i32.const 60) (i32.const 3000))
             (call $ok)",
        ))
        .await;
    assert_eq!(end.report.outcome, Outcome::Returned);
    assert_eq!(end.ops, [SessionOp::Append("intent".into()), SessionOp::Store { timeout_s: Some(60) }]);
    assert_eq!(rig.events(), [] as [String; 0], "without a request there is no barrier");
    assert!(end.report.fuel > 0 && end.report.memory_peak_bytes >= 16 << 16, "{:?}", end.report);
    assert_ne!(end.report.plugin_digest, [0; 32]);
}

#[tokio::test]
async fn a_failure_keeps_what_was_asked_and_a_trap_throws_it_away() {
    let rig = Rig::new();
    let end = rig.run(&handler("(call $intend (local.get $data)) (call $retry (i32.const 1032) (i32.const 3))")).await;
    assert_eq!(end.report.outcome, Outcome::Retry("key".into()));
    assert_eq!(end.ops, [SessionOp::Append("intent".into())]);

    let end = rig.run(&handler("(call $intend (local.get $data)) unreachable")).await;
    assert!(
        matches!(&end.report.outcome, Outcome::Trapped(why) if why.contains("unreachable")),
        "{:?}",
        end.report.outcome
    );
    assert_eq!(end.ops, []);
}

#[tokio::test]
async fn a_handler_gets_its_records_and_what_the_host_knows() {
    let rig = Rig::new();
    // The last record.
    let end = rig
        .run(&handler(
            "(local $record i32)
             (local.set $record (i32.add (i32.load (local.get $data)) (i32.const 8)))
             (if (i32.ne (i32.load offset=4 (local.get $data)) (i32.const 2)) (then unreachable))
             (if (i32.ne (i32.load offset=12 (local.get $data)) (i32.const 3)) (then unreachable))
             (if (i32.ne (i32.load offset=24 (local.get $data)) (i32.const 2)) (then unreachable))
             (if (i32.ne (i32.load offset=28 (local.get $data)) (i32.const 10)) (then unreachable))
             (if (i64.ne (i64.load offset=32 (local.get $data)) (i64.const 1000)) (then unreachable))
             (if (i64.ne (i64.load offset=40 (local.get $data)) (i64.const 2000)) (then unreachable))
             (if (i64.ne (i64.load offset=48 (local.get $data)) (i64.const 5000)) (then unreachable))
             (call $permanent (i32.load (local.get $record)) (i32.load offset=4 (local.get $record)))",
        ))
        .await;
    assert_eq!(end.report.outcome, Outcome::Permanent("second".into()));

    // The id, which is the idempotency key too.
    let end = rig
        .run(&handler(
            "(call $id (i32.load offset=8 (local.get $data)) (i32.const 3000))
             (call $permanent (i32.load (i32.const 3000)) (i32.load (i32.const 3004)))",
        ))
        .await;
    assert_eq!(end.report.outcome, Outcome::Permanent("1-7".into()));
}

/// Do this and tell which `session-error` it was, 1 being the first, and its number as far as two bytes of 6 bits show it; 0
/// is none.
async fn refusal_of(body: &str) -> (char, u64) {
    let end = Rig::new()
        .run(&handler(&format!(
            "(i64.store (i32.const 3016) (i64.const 0))
             {body}
             (i32.store8 (i32.const 1100) (i32.add (i32.const 48)
               (select (i32.add (i32.const 1) (i32.load8_u (i32.const 3008))) (i32.const 0) (i32.load8_u (i32.const 3000)))))
             (memory.copy (i32.const 1101) (i32.const 3016) (i32.const 2))
             (i32.store8 (i32.const 1101) (i32.add (i32.const 33) (i32.and (i32.load8_u (i32.const 1101)) (i32.const 63))))
             (i32.store8 (i32.const 1102) (i32.add (i32.const 33) (i32.and (i32.load8_u (i32.const 1102)) (i32.const 63))))
             (call $permanent (i32.const 1100) (i32.const 3))"
        )))
        .await;
    let Outcome::Permanent(text) = end.report.outcome else { panic!("{:?}", end.report.outcome) };
    let bytes = text.as_bytes();
    (char::from(bytes[0]), u64::from(bytes[1] - 33) + 256 * u64::from(bytes[2] - 33))
}

#[tokio::test]
async fn what_the_state_machine_would_refuse_is_refused_by_the_call_that_asks_it() {
    let session = "(i32.load offset=8 (local.get $data))";
    let append = |bytes: u32| format!("(call $append {session} (i32.const 0) (i32.const {bytes}) (i32.const 3000))");
    let delete = format!("(call $delete {session} (i32.const 3000))");
    assert_eq!(refusal_of(&append(1000)).await.0, '0');
    assert_eq!(refusal_of(&format!("{delete} {}", append(1))).await.0, '1', "finished");
    // 1000 = 3 * 256 + 232, of whose low byte 6 bits are told.
    assert_eq!(refusal_of(&append(1001)).await, ('2', 3 * 256 + (232 & 63)), "record too large");
    assert_eq!(refusal_of(&append(1000).repeat(2)).await, ('3', 7 * 256 + (208 & 63)), "session too large");
    assert_eq!(refusal_of(&append(1).repeat(4)).await, ('4', 5), "too many records");
    let store = format!("(call $store {session} (i32.const 1) (i32.const -1) (i32.const 3000))");
    assert_eq!(refusal_of(&store).await.0, '5', "timeout too long");
}

#[tokio::test]
async fn settings_are_read_by_name() {
    let mut rig = Rig::new();
    rig.spec.settings.insert("key".into(), "value".into());
    // result<option<string>, error>: ok 0, some 4, text 8.
    let end = rig
        .run(&handler(
            "(call $setting (i32.const 1032) (i32.const 3) (i32.const 3000))
             (call $permanent (i32.load (i32.const 3008)) (i32.load (i32.const 3012)))",
        ))
        .await;
    assert_eq!(end.report.outcome, Outcome::Permanent("value".into()));
}

#[tokio::test]
async fn log_lines_are_kept_with_the_report_and_escaped() {
    let text = r#"(data (i32.const 1200) "a\1b[2Jb\nc")"#;
    let end = Rig::new()
        .run(&crate::guest::handler_with(text, "(call $log (i32.const 3) (i32.const 1200) (i32.const 8)) (call $ok)"))
        .await;
    assert_eq!(end.report.log_tail, "WARN a\\u{1b}[2Jb\\nc\n");
}
