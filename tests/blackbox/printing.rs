//! What commands print, where nobody reads it, and where it cannot be kept.

use std::{
    fs, io,
    process::{Output, Stdio},
};

use crate::harness::{Config, Host, Kind, serve};

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
