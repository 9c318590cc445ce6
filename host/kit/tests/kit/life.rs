//! An offline life is the host's: its rules, its clock, its limits; and it is the same every time.

use mpy6a_kit::{
    offline::{
        self, Setup, Workbench,
        life::{DOWN, line_of},
    },
    scenario::Scenario,
};

use crate::rig::{guest, scenarios, try_on};

const REMINDER: &str = r#"
    [settings]
    every_s = "86400"
    [[scenario]]
    name = "a reminder for three days"
    records = ['{"text":"water the plants"}']
    runs = 3
    crash = "everywhere"
    expect.outcome = "deleted"
    expect.operations = [
        'append {"reminded":1}', "store 86400",
        'append {"reminded":2}', "store 86400",
        'append {"reminded":3}', "delete",
    ]
    expect.log = ["reminder 1 of 3: water the plants", "reminder 3 of 3"]
"#;

fn lived(scenario: &Scenario, cuts: &[usize]) -> mpy6a_kit::offline::life::Life {
    offline::runtime().unwrap().block_on(async {
        let bench = Workbench::open(Setup::of_file(guest("reminder-rust"))).await.unwrap();
        bench.with_settings(&scenario.settings).live(&scenario.situation, cuts).await.unwrap()
    })
}

#[test]
fn days_pass_in_no_time() {
    let tried = try_on("reminder-rust", REMINDER);
    assert_eq!(tried.mismatches, [""; 0]);
    assert!(tried.passed(), "{:?}", tried.crashes);
    // Two waits of a day, and the kind's own delay before the first run.
    assert_eq!(tried.life.took_ms, 2 * 86_400_000 + 5_000);
}

#[test]
fn the_same_cuts_make_the_same_life() {
    let scenario = &scenarios(REMINDER).unwrap()[0];
    let told = |cuts: &[usize]| {
        let life = lived(scenario, cuts);
        let operations: Vec<String> = life.operations.iter().map(line_of).collect();
        (operations, life.log(), life.phases, life.took_ms)
    };
    for cuts in [&[][..], &[0], &[4, 1], &[6, 2]] {
        assert_eq!(told(cuts), told(cuts), "{cuts:?}");
    }
}

#[test]
fn a_crash_counts_as_a_repeat_and_the_session_is_due_when_the_host_is_back() {
    let scenario = &scenarios(REMINDER).unwrap()[0];
    let down_ms = u64::try_from(DOWN.as_millis()).unwrap();
    for (cuts, crashes) in [(&[0][..], 1), (&[0, 0], 2)] {
        let life = lived(scenario, cuts);
        assert!(life.runs[..crashes].iter().all(|run| run.ending == "crashed"));
        assert_eq!(life.runs.len(), 3 + crashes);
        assert_eq!(life.took_ms, 2 * 86_400_000 + 5_000 + down_ms * crashes as u64);
    }
}

#[test]
fn out_of_repeats_it_is_parked_whole() {
    let tried = try_on(
        "reminder-rust",
        r#"
        [settings]
        every_s = "60"
        [[scenario]]
        name = "no such record"
        expect = { outcome = "permanent", reason = "record 0", operations = [] }
        "#,
    );
    assert_eq!(tried.mismatches, [""; 0]);
    let tried = try_on(
        "create-user-rust",
        r#"
        [settings]
        service_a = "http://a.test"
        service_b = "http://b.test"
        [[scenario]]
        name = "A is down"
        records = ['{"step":"created","id":7}']
        runs = 9
        max_repeats = 3
        http = [{ url = "http://a.test/*", fails = "unreachable" }]
        expect = { outcome = "parked", records = ['{"step":"created","id":7}'] }
        "#,
    );
    assert_eq!(tried.mismatches, [""; 0]);
    assert_eq!(tried.life.runs.len(), 3);
    // The kind's delay, then its backoff: 1 s, 2 s.
    assert_eq!(tried.life.took_ms, 5_000 + 1_000 + 2_000);
}

#[test]
fn a_service_that_hangs_costs_virtual_time_only() {
    let tried = try_on(
        "create-user-rust",
        r#"
        [settings]
        service_a = "http://a.test"
        service_b = "http://b.test"
        [[scenario]]
        name = "A hangs"
        records = ['{"step":"created","id":7}']
        http = [{ url = "http://a.test/*", fails = "timeout" }]
        expect = { outcome = "retry", requests = ["GET http://a.test/users/7"] }
        "#,
    );
    assert_eq!(tried.mismatches, [""; 0]);
    assert_eq!(tried.life.took_ms, 5_000 + 3_000);
}

#[test]
fn a_request_that_nobody_answers_is_told() {
    let tried = try_on(
        "create-user-rust",
        r#"
        [settings]
        service_a = "http://a.test"
        [[scenario]]
        name = "no answer"
        records = ['{"step":"created","id":7}']
        "#,
    );
    assert!(!tried.passed());
    assert!(tried.mismatches[0].contains("GET http://a.test/users/7"), "{:?}", tried.mismatches);
}
