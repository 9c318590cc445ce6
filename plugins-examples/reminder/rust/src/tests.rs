//! The handler's decisions, run natively: for each state of a session, what is logged, recorded, and asked of it.
#![allow(clippy::panic)]

use mpy6a_handler::{
    Failure,
    testing::{Ended, Operation, Scene},
};

const TEXT: &str = r#"{"text":"water the ferns"}"#;

fn run(records: &[&str], every_s: Option<&str>) -> Ended {
    let scene = records.iter().fold(Scene::new(), |scene, record| scene.record(*record));
    every_s.into_iter().fold(scene, |scene, seconds| scene.setting("every_s", seconds)).run(super::handle)
}

fn recorded(n: u32) -> Operation {
    Operation::Append(format!(r#"{{"reminded":{n}}}"#).into_bytes())
}

#[test]
fn it_reminds_three_times_and_then_forgets() {
    let mut records = vec![TEXT.to_owned()];
    for (n, end) in [(1, Operation::Store(Some(60))), (2, Operation::Store(Some(60))), (3, Operation::Delete)] {
        let records_now: Vec<&str> = records.iter().map(String::as_str).collect();
        let ended = run(&records_now, None);
        assert_eq!((ended.result.clone(), ended.operations.as_slice()), (Ok(()), [recorded(n), end].as_slice()));
        assert!(ended.logged(&format!("reminder {n} of 3: water the ferns")), "{:?}", ended.lines);
        records.push(format!(r#"{{"reminded":{n}}}"#));
    }
}

#[test]
fn the_setting_says_how_long_to_wait() {
    assert_eq!(run(&[TEXT], Some("5")).operations, [recorded(1), Operation::Store(Some(5))]);
}

#[test]
fn a_setting_that_is_no_number_of_seconds_is_permanent() {
    for every_s in ["soon", "", "-1", "1.5", "4294967296"] {
        let ended = run(&[TEXT], Some(every_s));
        assert!(matches!(ended.result, Err(Failure::Permanent(reason)) if reason.contains("every_s")), "{every_s:?}");
        assert_eq!(ended.operations, [recorded(1)], "the reminder was given, and is not given twice");
    }
    assert_eq!(run(&[TEXT, r#"{"reminded":1}"#, r#"{"reminded":2}"#], Some("soon")).result, Ok(()), "no wait, no need");
}

#[test]
fn a_record_that_nobody_can_read_is_permanent_and_nothing_is_done() {
    let cases: [(&[&str], usize); 5] = [
        (&[], 0),
        (&["{"], 0),
        (&[r#"{"text":7}"#], 0),
        (&[TEXT, r#"{"reminded":1}"#, TEXT], 2),
        (&[TEXT, r#"{"reminded":"once"}"#], 1),
    ];
    for (records, index) in cases {
        let ended = run(records, None);
        assert!(ended.operations.is_empty() && ended.lines.is_empty(), "{records:?}");
        let Err(Failure::Permanent(reason)) = ended.result else { panic!("{records:?}: {:?}", ended.result) };
        assert!(reason.starts_with(&format!("record {index}: ")), "{records:?}: {reason}");
    }
}
