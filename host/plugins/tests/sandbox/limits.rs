//! Every limit ends the run with its own typed cause, and nothing else suffers.

use std::{sync::Arc, time::Duration};

use mpy6a_sessions::Outcome;

use crate::{
    guest::{handler, handler_with},
    rig::Rig,
};

const LOOP: &str = "(loop $again (br $again)) (call $ok)";

#[tokio::test]
async fn endless_computing_runs_out_of_fuel() {
    let rig = Rig::new();
    let end = rig.run(&handler(&format!("(call $intend (local.get $data)) {LOOP}"))).await;
    assert_eq!(end.report.outcome, Outcome::OutOfFuel);
    assert_eq!(end.report.fuel, rig.spec.limits.fuel);
    assert_eq!(end.ops, []);
}

#[tokio::test]
async fn endless_computing_with_a_minutes_fuel_runs_out_of_time_and_hogs_no_thread() {
    // A single thread: if the guest did not give way, neither its own deadline nor the other task would ever be polled.
    let rig = Rig::new().limits(|limits| (limits.fuel, limits.time) = (50_000_000_000, Duration::from_millis(300)));
    let plugin = rig.load(&handler(LOOP)).await.unwrap();
    let other = tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        std::time::Instant::now()
    });
    let end = rig.run_loaded(&plugin).await;
    let ended = std::time::Instant::now();
    assert_eq!(end.report.outcome, Outcome::TimedOut);
    assert!(end.report.fuel > 0);
    assert!(other.await.unwrap() < ended, "the other task had its turn meanwhile");
}

#[tokio::test]
async fn an_endless_loop_in_the_guests_allocator_is_ended_too() {
    let end = Rig::new()
        .run(
            r#"(module
                (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop $again (br $again)) (i32.const 0))
                (func (export "handle") (param i32) (result i32) (i32.const 0)))"#,
        )
        .await;
    assert_eq!(end.report.outcome, Outcome::OutOfFuel);
}

#[tokio::test]
async fn growing_memory_and_growing_tables_end_in_the_same_cause() {
    let grow = "(loop $again (drop (memory.grow (i32.const 1))) (br $again)) (call $ok)";
    let rig = Rig::new();
    let end = rig.run(&handler(grow)).await;
    assert_eq!(end.report.outcome, Outcome::OutOfMemory);
    let (peak, max) = (end.report.memory_peak_bytes, rig.spec.limits.memory_bytes);
    assert!(peak <= max && peak + (1 << 16) > max, "{peak} of {max}: the next page would have been too much");

    let rig = Rig::new().limits(|limits| limits.memory_bytes = 17 << 16);
    let table = "(table $t 0 funcref)";
    let grow = "(loop $again (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $again)) (call $ok)";
    assert_eq!(rig.run(&handler_with(table, grow)).await.report.outcome, Outcome::OutOfMemory);
}

#[tokio::test]
async fn a_guest_whose_own_maximum_is_lower_is_only_told_no() {
    let wat = handler("(call $permanent (i32.const 1032) (i32.and (memory.grow (i32.const 2)) (i32.const 1)))")
        .replace("(memory (export \"memory\") 16)", "(memory (export \"memory\") 16 17)");
    let end = Rig::new().run(&wat).await;
    assert_eq!(end.report.outcome, Outcome::Permanent("k".into()), "memory.grow answered -1");
}

#[tokio::test]
async fn deep_recursion_traps_and_the_cause_names_the_function() {
    let deep = "(func $deep (result i32) (i32.add (i32.const 1) (call $deep)))";
    let end = Rig::new().run(&handler_with(deep, "(drop (call $deep)) (call $ok)")).await;
    let Outcome::Trapped(why) = end.report.outcome else { panic!("{:?}", end.report.outcome) };
    assert!(why.contains("stack") && why.contains("in deep < deep") && why.ends_with('…'), "{why}");
}

#[tokio::test]
async fn traps_are_named() {
    for (body, name) in [
        ("unreachable", "unreachable"),
        ("(i32.div_u (i32.const 1) (i32.const 0))", "divide by zero"),
        ("(i32.load (i32.const -4))", "out of bounds memory access"),
    ] {
        let end = Rig::new().run(&handler(body)).await;
        assert!(matches!(&end.report.outcome, Outcome::Trapped(why) if why.contains(name)), "{:?}", end.report.outcome);
    }
}

#[tokio::test]
async fn breaking_the_contract_is_a_cause_of_its_own() {
    let not_text = r#"(data (i32.const 1200) "\ff\fe")"#;
    for (definitions, body) in [
        // A reason that is not UTF-8, one outside of memory, a result outside of memory.
        (not_text, "(call $retry (i32.const 1200) (i32.const 2))"),
        ("", "(call $retry (i32.const -2) (i32.const 2))"),
        ("", "(i32.const -8)"),
        // A session handle that was never given.
        ("", "(call $delete (i32.const 99) (i32.const 3000)) (call $ok)"),
    ] {
        let end = Rig::new().run(&handler_with(definitions, body)).await;
        assert!(matches!(end.report.outcome, Outcome::ContractBroken(_)), "{body}: {:?}", end.report.outcome);
    }
}

#[tokio::test]
async fn a_call_with_more_bytes_than_the_host_takes_ends_the_run() {
    let rig = Rig::new().limits(|limits| limits.memory_bytes = 32 << 20);
    let end = rig
        .run(&handler(
            "(drop (memory.grow (i32.const 400)))
             (call $append (i32.load offset=8 (local.get $data)) (i32.const 0) (i32.const 20000000) (i32.const 3000))
             (call $ok)",
        ))
        .await;
    assert!(
        matches!(&end.report.outcome, Outcome::ContractBroken(why) if why.contains("too much data")),
        "{:?}",
        end.report.outcome
    );
}

#[tokio::test]
async fn a_flood_of_log_lines_is_dropped_and_the_run_goes_on() {
    let rig = Rig::new().limits(|limits| limits.log_bytes = 1000);
    let flood = "(local $n i32)
        (loop $again
          (call $log (i32.const 2) (i32.const 1016) (i32.const 6))
          (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10000))))
        (call $ok)";
    let end = rig.run(&handler(flood)).await;
    assert_eq!(end.report.outcome, Outcome::Returned);
    assert_eq!(end.report.log_tail.matches("INFO intent").count(), 1000 / (6 + 32));
    assert!(
        end.report.log_tail.ends_with("more log lines dropped: over the kind's limit\n"),
        "{}",
        end.report.log_tail
    );
}

#[tokio::test]
async fn more_runs_than_the_pool_holds_queue_up_and_all_end_well() {
    let rig = Arc::new(Rig::new());
    let plugin = rig.load(&handler("(call $ok)")).await.unwrap();
    let runs: Vec<_> = (0..40)
        .map(|_| {
            let (rig, plugin) = (Arc::clone(&rig), Arc::clone(&plugin));
            tokio::spawn(async move { rig.run_loaded(&plugin).await.report.outcome })
        })
        .collect();
    for run in runs {
        assert_eq!(run.await.unwrap(), Outcome::Returned);
    }
}

#[tokio::test]
async fn a_run_leaves_nothing_behind_for_the_next() {
    let rig = Rig::new();
    // Says what it finds, and leaves "key" there.
    let plugin = rig
        .load(&handler(
            "(memory.copy (i32.const 1104) (i32.const 1100) (i32.const 3))
             (i32.store8 (i32.const 1104) (i32.add (i32.load8_u (i32.const 1104)) (i32.const 65)))
             (memory.copy (i32.const 1100) (i32.const 1032) (i32.const 3))
             (call $permanent (i32.const 1104) (i32.const 1))",
        ))
        .await
        .unwrap();
    for _ in 0..3 {
        assert_eq!(rig.run_loaded(&plugin).await.report.outcome, Outcome::Permanent("A".into()));
    }
}
