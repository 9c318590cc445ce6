//! `tests/guests/careless`: undisturbed every way ends well, and everywhere-crashes catch each wrong one by what is wrong with it.

use crate::rig::{faults, try_on};

fn tried(way: &str, more: &str) -> mpy6a_kit::scenario::Tried {
    let tried = try_on(
        "careless",
        &format!(
            r#"
            start = 2026-01-01T00:00:00Z
            [settings]
            way = "{way}"
            shop = "http://shop.test"
            deadline = "1767225630"
            [[scenario]]
            name = "pay"
            records = ["order 7"]
            crash = "everywhere"
            {more}
            [[scenario.http]]
            method = "POST"
            url = "http://shop.test/pay"
            status = 201
            [[scenario.http]]
            method = "PUT"
            url = "http://shop.test/reserve"
            "#
        ),
    );
    assert_eq!(tried.mismatches, [""; 0], "undisturbed");
    tried
}

#[test]
fn a_step_makes_a_repeat_safe() {
    let tried = tried("careful", "expect = { outcome = \"deleted\", operations = [\"delete\"] }");
    assert_eq!(faults(&tried), [""; 0]);
    assert!(tried.passed());
    let crashes = tried.crashes.unwrap();
    // POST called, about to leave, answered; delete; the end. Each pair of these as well.
    assert_eq!((crashes.points, crashes.lives, crashes.left_out), (5, 5 + 5 * 5, 0));
}

#[test]
fn a_request_without_a_step_is_caught_being_carried_out_twice() {
    let tried = tried("without-a-step", "");
    let found = faults(&tried);
    assert!(found.iter().any(|why| why.contains("took effect 2 times") && why.contains("name a `step`")), "{found:?}");
    // The pairs show a third time.
    assert!(found.iter().any(|why| why.contains("took effect 3 times")), "{found:?}");
    assert!(!tried.passed());
    let fault = &tried.crashes.as_ref().unwrap().faults[0];
    assert_eq!(fault.cuts[0].to_string(), "after POST http://shop.test/pay");
}

#[test]
fn a_note_made_before_the_work_is_caught_losing_it() {
    let tried = tried("noted-too-early", "");
    let found = faults(&tried);
    assert!(found.iter().any(|why| why.contains("POST http://shop.test/pay did not take effect")), "{found:?}");
    let fault = &tried.crashes.as_ref().unwrap().faults[0];
    assert_eq!(fault.cuts[0].to_string(), "after the commit, before POST http://shop.test/pay");
}

#[test]
fn a_step_with_another_body_is_caught() {
    let found = faults(&tried("another-body", ""));
    assert!(found.iter().any(|why| why.contains("the step `pay` was repeated with another body")), "{found:?}");
}

#[test]
fn a_clock_in_the_body_is_caught_in_the_words_for_a_random_body() {
    let changed = "the step `pay` was repeated with another body: a service that knows the key ignores it";
    for way in ["random-body", "clock-in-the-body"] {
        let found = faults(&tried(way, ""));
        assert!(found.iter().any(|why| why == changed), "{way}: {found:?}");
    }
    let found = faults(&tried("clock-without-a-step", ""));
    assert!(found.iter().any(|why| why.contains("PUT http://shop.test/reserve took effect 2 times")), "{found:?}");
}

#[test]
fn a_time_that_is_recorded_before_it_is_sent_is_right() {
    let tried = tried("recorded-clock", "expect = { outcome = \"deleted\" }");
    assert_eq!(faults(&tried), [""; 0]);
    assert!(tried.passed());
}

/// Answers to payments under whatever name.
const PAYMENTS: &str = r#"
    [[scenario.http]]
    method = "PUT"
    url = "http://shop.test/payments/*"
    status = 201
"#;

#[test]
fn a_name_made_of_the_clock_is_caught_taking_effect_beside_the_first() {
    let found = faults(&tried("clock-in-the-name", PAYMENTS));
    let otherwise = |why: &String| {
        why.starts_with("PUT http://shop.test/payments/") && why.contains("took effect and was repeated otherwise")
    };
    // One fault, though the name is another one in each life.
    assert!(found.len() == 1 && found.iter().all(otherwise), "{found:?}");
}

#[test]
fn a_recorded_name_is_right_and_so_is_another_decision_later() {
    let recorded = tried("recorded-name", PAYMENTS);
    assert_eq!(faults(&recorded), [""; 0]);
    assert_eq!(faults(&tried("late", PAYMENTS)), [""; 0]);
    // A life after a death does decide otherwise.
    let found = faults(&tried("late", &format!("invariant = [{{ never = \"PUT */cancelled\" }}]\n{PAYMENTS}")));
    assert!(found.len() == 1 && found[0].contains("must never be made"), "{found:?}");
}

#[test]
fn records_that_pile_up_are_caught() {
    let found = faults(&tried("piling-up", ""));
    assert!(found.iter().any(|why| why.contains("other records than undisturbed (3 in place of 2)")), "{found:?}");
}

#[test]
fn work_left_to_the_first_run_is_caught() {
    let found = faults(&tried("only-once", ""));
    assert!(found.iter().any(|why| why.contains("did not take effect")), "{found:?}");
}

#[test]
fn the_authors_own_invariants_are_held_against_every_life() {
    let order = r#"invariant = [{ first = "PUT */reserve", then = "POST */pay" }]"#;
    let found = faults(&tried("out-of-order", order));
    assert!(found.iter().any(|why| why.contains("before PUT */reserve had succeeded")), "{found:?}");
    let never = r#"invariant = [{ never = "DELETE *" }, { at_most = 1, of = "POST */pay" }]"#;
    assert!(tried("careful", never).passed());
    let found = faults(&tried("without-a-step", never));
    assert!(found.iter().any(|why| why.contains("took effect 2 times, and must at most 1")), "{found:?}");
}
