//! Output of commands: unread, not to be kept, and with text that a terminal would obey.

use std::{
    fs, io,
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::harness::{Config, Host, Kind, serve, shown};

fn printing_to(stdout: impl Into<Stdio>, arguments: &[&str]) -> Output {
    serve().args(arguments).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_reads_to_the_end_ends_quietly() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    for command in ["completions bash", "status", "kind ls --output json", "top --every 10ms"] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let url = host.admin_url();
        let arguments: Vec<&str> = command.split(' ').chain(["--host", &url]).collect();
        let output = printing_to(writer, &arguments);
        assert_eq!((output.status.code(), output.stderr), (Some(141), vec![]), "{command}");
    }
}

#[test]
fn what_cannot_be_kept_is_said() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = printing_to(full, &["completions", "zsh"]);
    let says = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{says}");
    assert!(says.contains("No space left") && says.contains("send standard output elsewhere"), "{says}");
}

/// Text that ends a line, erases the screen, turns the direction and hides what follows.
const HOSTILE: &str = "no\n9 returned \u{1b}[2J\r\u{202e}live\u{2066}\u{200b}\u{e0041}\u{9b}31m";

/// The output of a command, with nothing in it that a terminal obeys or hides.
fn tame(host: &Host, arguments: &str) -> String {
    let arguments = arguments.split(' ');
    let output = serve().args(["--host", &host.admin_url()]).args(arguments.clone()).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let is_wild = |char: char| {
        (char != '\n' && char.is_control()) || ['\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}'].contains(&char)
    };
    assert!(!text.contains(is_wild), "{arguments:?}: {text:?}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("9 returned")), "a line is forged: {text}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_of_clients_handlers_and_services_forges_no_line_and_moves_no_cursor() {
    let host = Host::start(&Config::of([Kind::misbehave(1)]).set("log.format", "text")).await;
    let left = host.left(1, &[&format!("permanent {HOSTILE}"), "Ёлка"]).await;
    host.parked(left).await;
    let id = shown(left);
    for command in [
        "session ls",
        "session ls --wide",
        "session redrive --all",
        "status",
        "kind ls --output json",
        "session ls --output json",
        &format!("session replay {id}"),
        &format!("session replay {id} --output json"),
        &format!("session show {id} --records json"),
        &format!("session show {id} --output json"),
        "session show no\n9 returned",
    ] {
        tame(&host, command);
    }
    let text = tame(&host, &format!("session show {id} --records text"));
    assert!(text.contains("Ёлка") && text.contains("\\u{202e}live"), "letters stay, marks are escaped: {text}");
    // Programs read the same value: records as they are, causes as they came in.
    let json: Value = serde_json::from_str(&tame(&host, &format!("session show {id} --output json"))).unwrap();
    assert_eq!(json["records"][0], format!("permanent {HOSTILE}"));
    assert!(json["attempts"][0]["cause"].as_str().unwrap().starts_with("no\\n9 returned \\u{1b}[2J"), "{json}");
    // The log says it, too.
    let log = host.text();
    let line = log.lines().find(|line| line.contains("repeat ended")).unwrap();
    assert!(line.contains("9 returned") && !line.contains(['\u{202e}', '\u{1b}', '\r']), "{line:?}");
}
