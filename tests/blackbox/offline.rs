//! `mpy6a plugin run`, `test` and `bench`: real handlers without a host, as their authors see them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::built;

/// The width of a terminal.
const COLUMNS: usize = 80;

fn plugin(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpy6a"));
    command.arg("plugin").args(arguments).env("XDG_CACHE_HOME", home.join("cache")).output().unwrap()
}

fn text(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8(all).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= COLUMNS, "too wide for a terminal: {line}");
    }
    text
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

const REMINDER: &str = r#"
    settings.every_s = "60"
    [[scenario]]
    name = "three reminders"
    records = ['{"text":"water the plants"}']
    runs = 3
    crash = "everywhere"
    expect.outcome = "deleted"
"#;

/// A folder with scenarios in it, and the path of those.
fn scenarios(text: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("scenarios.toml");
    fs::write(&file, text).unwrap();
    let shown = file.display().to_string();
    (folder, shown)
}

#[test]
fn a_run_tells_what_the_handler_did() {
    let home = TempDir::new().unwrap();
    let file = built("reminder-rust");
    let arguments = ["run", file.to_str().unwrap(), "--record", r#"{"text":"a"}"#, "--setting", "every_s=7"];
    let output = plugin(home.path(), &arguments);
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    for part in ["stored", r#"append {"reminded":1}"#, "store 7", "reminder 1 of 3: a", "fuel", "KiB"] {
        assert!(told.contains(part), "`{part}` is not in:\n{told}");
    }
    let told = json(&plugin(home.path(), &[&arguments[..], &["--output", "json", "--runs", "9"]].concat()));
    assert_eq!(told["outcome"], "deleted");
    assert_eq!(told["runs"].as_array().unwrap().len(), 3);
    assert_eq!(told["operations"][1], "store 7");
}

#[test]
fn a_run_that_finished_nothing_says_so() {
    let home = TempDir::new().unwrap();
    let output = plugin(home.path(), &["run", built("misbehave").to_str().unwrap(), "--record", "nothing"]);
    let told = text(&output);
    assert!(told.contains("unfinished: the handler returned without delete or store"), "{told}");
    let (_folder, file) = scenarios("[[scenario]]\nname = \"forgets\"\nrecords = [\"nothing\"]\n");
    let output = plugin(home.path(), &["test", built("misbehave").to_str().unwrap(), &file]);
    let told = text(&output);
    assert!(told.contains("unfinished (the handler returned without delete or store) after 1 run"), "{told}");
}

#[test]
fn records_come_from_a_file_and_answers_from_another() {
    let (folder, answers) =
        scenarios("[[http]]\nurl = 'http://a.test/users/7'\nstatus = 404\nbody = '{\"error\":\"no\"}'");
    let records = folder.path().join("records");
    fs::write(&records, "{\"step\":\"created\",\"id\":7}\n").unwrap();
    let file = built("create-user-rust");
    let arguments = ["run", file.to_str().unwrap(), "--records", records.to_str().unwrap()];
    let settings = ["--setting", "service_a=http://a.test", "--setting", "service_b=http://b.test"];
    let output = plugin(folder.path(), &[&arguments[..], &settings, &["--answers", &answers]].concat());
    let told = text(&output);
    assert!(output.status.success() && told.contains("GET http://a.test/users/7 -> 404"), "{told}");
    assert!(told.contains("rolled back"), "{told}");

    let output = plugin(folder.path(), &[&arguments[..], &settings].concat());
    let told = text(&output);
    assert!(!output.status.success() && told.contains("--answers"), "{told}");
}

#[test]
fn scenarios_pass_or_fail_by_name_and_exit_code() {
    let file = built("reminder-rust");
    let (folder, path) = scenarios(REMINDER);
    let output = plugin(folder.path(), &["test", file.to_str().unwrap(), &path]);
    let told = text(&output);
    assert!(output.status.success() && told.contains("ok    three reminders"), "{told}");
    assert!(told.contains("the host died in 12 places"), "{told}");

    let (folder, path) = scenarios(&REMINDER.replace("deleted", "parked"));
    let output = plugin(folder.path(), &["test", file.to_str().unwrap(), &path]);
    let told = text(&output);
    assert!(!output.status.success() && told.contains("FAIL  three reminders"), "{told}");
    assert!(told.contains("expected the outcome parked, got deleted"), "{told}");
}

#[test]
fn a_handler_that_pays_twice_is_caught_with_the_place_and_the_remedy() {
    let (folder, path) = scenarios(
        r#"
        settings = { way = "without-a-step", shop = "http://shop.test" }
        http = [{ method = "POST", url = "http://shop.test/pay" }]
        [[scenario]]
        name = "pay"
        crash = "everywhere"
        "#,
    );
    let file = built("careless");
    let arguments = ["test", file.to_str().unwrap(), &path];
    let output = plugin(folder.path(), &arguments);
    let told = text(&output);
    assert!(!output.status.success(), "{told}");
    let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("when the host dies after POST http://shop.test/pay"), "{told}");
    assert!(flat.contains("took effect 2 times") && flat.contains("name a `step`"), "{told}");
    let told = json(&plugin(folder.path(), &[&arguments[..], &["--output", "json"]].concat()));
    assert_eq!(told["passed"], false);
    assert!(told["scenarios"][0]["crashes"]["faults"][0]["lives"].as_u64().unwrap() > 0);
}

#[test]
fn a_bench_has_every_figure() {
    let file = built("reminder-rust");
    let (folder, path) = scenarios(REMINDER);
    let arguments = ["bench", file.to_str().unwrap(), "--scenarios", &path, "--runs", "20"];
    let told = text(&plugin(folder.path(), &arguments));
    assert!(told.contains("runs/s") && told.contains("cached") && told.contains("the last returned"), "{told}");
    let other = built("careless");
    let both = [&arguments[..], &["--output", "json", other.to_str().unwrap()]].concat();
    let output = plugin(folder.path(), &both);
    let told = &json(&output)[0];
    assert_eq!(json(&output).as_array().unwrap().len(), 2);
    assert_eq!(told["runs"], 20);
    for figure in ["run_p50_ns", "run_p99_ns", "fuel", "memory_bytes", "load_cold_us", "load_cached_us", "bytes"] {
        assert!(told[figure].as_u64().unwrap() > 0, "{figure}: {told}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let file = built("reminder-rust");
    let file = file.to_str().unwrap();
    let (folder, path) = scenarios("[[scenario]]\nname = 'a'\nrecrods = []");
    for (arguments, parts) in [
        (vec!["run", "absent.wasm"], vec!["absent.wasm", "check the path"]),
        (vec!["test", file], vec!["which scenarios?", "scenarios.toml"]),
        (vec!["test", file, "absent.toml"], vec!["absent.toml", "check the path"]),
        (vec!["test", file, &path], vec!["recrods", "docs/scenarios.md"]),
        (vec!["bench", file], vec!["--scenarios"]),
        (vec!["run", file, "--records", "absent"], vec!["absent", "check the path"]),
        (vec!["run", file, "--setting", "x"], vec!["shop=http"]),
        (vec!["run", folder.path().to_str().unwrap()], vec!["mpy6a-plugin.toml"]),
    ] {
        let output = plugin(folder.path(), &arguments);
        let told = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!output.status.success(), "{arguments:?}");
        for part in parts {
            assert!(told.contains(part), "{arguments:?}: `{part}` is not in:\n{told}");
        }
    }
}
