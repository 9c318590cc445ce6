//! A reader of the log that stops reading: the host never waits for it.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    process::Command,
};

use rustix::{
    fs::{CWD, Mode, OFlags, fcntl_getfl, fcntl_setfl, mkfifoat},
    io::Errno,
};
use serde_json::Value;

use super::metrics::{scrape, value};
use crate::harness::{Config, Host, Kind, serve, until};

const DROPPED: &str = "mpy6a_log_lines_dropped_total";

/// The reading end of a pipe that a host logs to.
struct Reader(File);

impl Reader {
    /// Of a pipe at this path of the host's folder.
    fn of(host: &Host) -> Self {
        let path = host.path("log.fifo");
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        Self(OpenOptions::new().read(true).custom_flags(flags).open(path).unwrap())
    }

    /// Everything that can be read now.
    fn read(&mut self) -> String {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.raw_os_error(), Some(Errno::AGAIN.raw_os_error()), "{error}"),
        }
        String::from_utf8(bytes).unwrap()
    }
}

/// The program, with its log going into the pipe.
fn piped(host: &Host) -> impl Fn() -> Command + use<> {
    let path = host.path("log.fifo");
    move || {
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 2>\"$FIFO\"", env!("CARGO_BIN_EXE_mpy6a")]).env("FIFO", &path);
        command
    }
}

/// Have runs log until lines are dropped.
async fn fill(host: &Host) {
    let before = dropped(host).await;
    until("log lines are dropped", async || {
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(host.left(1, &["log 1000000"]).await);
        }
        for session in sessions {
            host.gone(session).await;
        }
        (dropped(host).await > before).then_some(())
    })
    .await;
}

async fn dropped(host: &Host) -> f64 {
    value(&scrape(host).await, DROPPED).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_nobody_reads_holds_up_nothing_and_says_what_was_dropped() {
    let kind = Kind::misbehave(1).set("plugin.log", "2MiB");
    let mut host = Host::prepare(&Config::of([kind]));
    let mut reader = Reader::of(&host);
    let command = piped(&host);
    host.try_launch(command).await.unwrap();

    fill(&host).await;
    let handle = host.open(1, "a client goes on").await;
    host.append(handle, 1, "and on").await.unwrap();
    let status = serve().args(["--host", &host.admin_url(), "status", "--serving"]).output().unwrap();
    assert_eq!(status.status.code(), Some(0), "{status:?}");

    // The reader goes on.
    let mut text = String::new();
    let lines = until("the log tells of what was dropped", async || {
        text.push_str(&reader.read());
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines: Vec<Value> = whole.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        lines.iter().any(|line| gap(line).is_some()).then_some(lines)
    })
    .await;
    assert_eq!(lines[0]["message"], "plugin in service", "the first lines are there: {:?}", lines[0]);
    let told: u64 = lines.iter().filter_map(gap).sum();
    assert!(told > 0);
    let mut times: Vec<&str> = lines.iter().map(|line| line["timestamp"].as_str().unwrap()).collect();
    let targets: HashSet<&str> = lines.iter().map(|line| line["target"].as_str().unwrap()).collect();
    assert!(targets.contains("handler") && targets.contains("mpy6a::telemetry"), "{targets:?}");
    times.dedup();
    assert!(times.len() > 1);

    // It stops again, and SIGTERM must not wait for it.
    fill(&host).await;
    assert_eq!(host.stop().await.code, Some(0));
}

#[tokio::test]
async fn what_a_host_says_last_is_written_before_it_ends() {
    let mut host = Host::prepare(&Config::of([Kind::misbehave(1)]));
    let mut reader = Reader::of(&host);
    let command = piped(&host);
    host.try_launch(command).await.unwrap();
    assert_eq!(host.stop().await.code, Some(0));
    let text = reader.read();
    let last = text.lines().next_back().unwrap();
    assert!(last.contains("\"message\":\"stopped\""), "{text}");
}

#[test]
fn a_host_that_cannot_start_ends_though_nobody_reads_why() {
    let (reader, writer) = std::io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while (&writer).write(&[b'x'; 4096]).is_ok() {}
    fcntl_setfl(&writer, flags).unwrap();
    let mut child = serve().args(["serve", "--config", "/none/mpy6a.toml"]).stderr(writer).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    drop(reader);
}

/// How many lines this one stands for.
fn gap(line: &Value) -> Option<u64> {
    let (count, rest) = line["message"].as_str()?.split_once(" log line")?;
    rest.contains("dropped: the reader of this log").then(|| count.parse().unwrap())
}
