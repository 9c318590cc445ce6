//! A guest that looks for what another left behind.

use std::sync::Arc;

use mpy6a_plugins::{Sandbox, SandboxConfig};
use mpy6a_sessions::Outcome;

use crate::{
    attack::{Attack, Ends},
    guest::handler_with,
    rig::{Rig, config},
    table::beside_a_neighbour,
};

/// Slots for memories of a pool for one run: four for it, and for each of two plugins that are being loaded.
const SLOTS: usize = 12;

/// Looks through all its memory, what it grows by, its table and its global; ends as `permanent` if it finds anything. Then it
/// leaves its own mark everywhere, and makes sure that it would have been found. `number` makes each such module another one.
fn scan(number: usize) -> String {
    let definitions = format!(
        r#"(global $mark (mut i64) (i64.const 0))
           (table $table 1000 funcref)
           (data (i32.const 1200) "found")
           (data (i32.const 1210) "{number}")
           (elem declare func $scan)
           ;; Whether anything is there from this page on.
           (func $scan (param $at i32) (result i32)
             (local.set $at (i32.mul (local.get $at) (i32.const 65536)))
             (loop $next
               (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i32.const 1))))
               (local.set $at (i32.add (local.get $at) (i32.const 8)))
               (br_if $next (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
             (i32.const 0))
           (func $table-scan (result i32) (local $at i32)
             (loop $next
               (if (i32.eqz (ref.is_null (table.get $table (local.get $at)))) (then (return (i32.const 1))))
               (local.set $at (i32.add (local.get $at) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $at) (table.size $table))))
             (i32.const 0))
           (func $anything (result i32)
             ;; What the host lowered lies in the second page.
             (if (call $scan (i32.const 2)) (then (return (i32.const 1))))
             (if (call $table-scan) (then (return (i32.const 1))))
             (i64.ne (global.get $mark) (i64.const 0)))"#
    );
    let body = "(if (call $anything) (then (return (call $permanent (i32.const 1200) (i32.const 5)))))
        (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then unreachable))
        (if (i32.eq (table.grow $table (ref.null func) (i32.const 9000)) (i32.const -1)) (then unreachable))
        (if (call $anything) (then (return (call $permanent (i32.const 1200) (i32.const 5)))))
        ;; The mark.
        (memory.fill (i32.const 131072) (i32.const 0xa5) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 131072)))
        (table.fill $table (i32.const 0) (ref.func $scan) (table.size $table))
        (global.set $mark (i64.const -1))
        (if (i32.eqz (call $scan (i32.const 79))) (then unreachable))
        (if (i32.eqz (call $table-scan)) (then unreachable))
        (call $ok)";
    handler_with(&definitions, body)
}

#[test]
fn no_run_finds_what_an_earlier_one_of_its_plugin_left() {
    let scan = Attack::new("a scan for the previous tenant's bytes", scan(0), Ends::As("returned", ""));
    beside_a_neighbour("tenants", vec![scan.times(20).fuel(u64::MAX / 2)]);
}

#[test]
fn no_run_finds_what_another_plugin_left_in_its_slot() {
    let _alone = crate::table::alone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::new(SandboxConfig { runs_max: 1, ..config() }).unwrap();
        let rig = Rig::with(Arc::clone(&sandbox)).limits(|limits| limits.fuel = u64::MAX / 2);
        // More plugins than slots: each of the later ones gets a slot that others have marked.
        for number in 0..3 * SLOTS {
            let end = rig.run(&scan(number)).await;
            assert_eq!(end.report.outcome, Outcome::Returned, "plugin {number}");
        }
    });
}
