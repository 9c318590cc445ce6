//! SIGTERM lets finish what is under way, takes on nothing new, and loses nothing; a second one ends the host at once.

use std::time::{Duration, Instant};

use mpy6a_proto::v1::{Index, SessionState};
use rustix::process::Signal;
use tonic::Code;

use crate::harness::{Config, Host, Kind, Worker, wat};

/// The exit code of a host that was told to stop twice.
const TWICE: Option<i32> = Some(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_it_exits_with_0_and_has_everything_that_it_acknowledged() {
    let kind = Kind::new(1, wat("bare-delete")).set("paused", true).set("lease", "1h");
    let mut host = Host::start(&Config::of([kind])).await;
    let at_work: Vec<_> = (0..8)
        .map(|name| {
            let (wire, mut worker) = (host.connect(), Worker::new(name, 1));
            tokio::spawn(async move { (worker.run(&wire).await, worker) })
        })
        .collect();
    host.kind_is(1, "is busy", |kind| kind.active > 50).await;
    let exit = host.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");

    host.launch().await;
    let mut sessions = 0;
    for task in at_work {
        let (refused, mut worker) = task.await.unwrap();
        match refused.reason.as_str() {
            "SHUTTING_DOWN" => assert!(refused.retry.is_some_and(|wait| !wait.is_zero()), "{refused:?}"),
            // The connection was closed before the request left (cancelled) or before its answer came.
            _ => assert!(matches!(refused.code, Code::Unavailable | Code::Cancelled), "{refused:?}"),
        }
        worker.check(&host).await;
        worker.resume(&host).await;
        sessions += worker.check(&host).await;
    }
    assert_eq!(host.kind(1).await.active, sessions as u64);
}

/// Two sessions under repeat, and three that are due behind them.
async fn two_running_three_waiting(host: &Host, record: &str) -> (Vec<Index>, Vec<Index>) {
    let mut running = Vec::new();
    for _ in 0..2 {
        running.push(host.left(1, &[record]).await);
    }
    for session in &running {
        host.in_state(*session, SessionState::Repeating).await;
    }
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(host.left(1, &["delete"]).await);
    }
    (running, waiting)
}

#[tokio::test]
async fn runs_under_way_are_drained_and_no_session_is_claimed_any_more() {
    let config = |kind: Kind| Config::of([kind]).set("limits.shutdown", "60s");
    let kind = Kind::misbehave(1).set("max_running", 2).set("plugin.time", "60s");
    let mut host = Host::start(&config(kind.clone())).await;
    let (running, waiting) = two_running_three_waiting(&host, "sleep 1500").await;
    let exit = host.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    let ended = host.log().iter().filter(|event| event["message"] == "repeat ended").count();
    assert_eq!(ended, 2, "both runs came to their end: {exit:?}");

    host.configure(&config(kind.set("paused", true)));
    host.launch().await;
    for session in running {
        assert!(host.look(session).await.is_none(), "its run ended and deleted it");
    }
    for session in waiting {
        let seen = host.look(session).await.unwrap();
        assert_eq!((seen.state(), seen.repeats, seen.attempts.len()), (SessionState::Stored, 0, 0));
    }
}

#[tokio::test]
async fn a_run_that_outlives_the_deadline_is_cut_and_repeated_by_the_next_host() {
    const DEADLINE: Duration = Duration::from_millis(300);
    let kind = Kind::misbehave(1).set("max_running", 2).set("max_repeats", 9).set("plugin.time", "10m");
    let mut host = Host::start(&Config::of([kind]).set("limits.shutdown", "300ms")).await;
    let (running, _) = two_running_three_waiting(&host, "sleep 600000").await;
    let told = Instant::now();
    let exit = host.stop().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
    let took = told.elapsed();
    assert!((DEADLINE..DEADLINE + Duration::from_secs(10)).contains(&took), "{took:?}");
    assert!(exit.text.contains("runs outlived limits.shutdown"), "{exit:?}");

    host.launch().await;
    for session in running {
        let seen = host.seen(session, "repeated again", |it| it.repeats == 2).await;
        assert_eq!((seen.state(), seen.attempts[0].outcome.as_str()), (SessionState::Repeating, "host-died"));
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let kind = Kind::misbehave(1).set("max_running", 2).set("plugin.time", "10m");
    let mut host = Host::start(&Config::of([kind]).set("limits.shutdown", "10m")).await;
    two_running_three_waiting(&host, "sleep 600000").await;
    host.signal(Signal::TERM);
    host.logged("stopping").await;
    host.signal(Signal::INT);
    assert_eq!(host.exit().await.code, TWICE);
}

#[tokio::test]
async fn an_idle_host_ends_at_once_even_with_a_client_connected() {
    let mut host = Host::start(&Config::of([Kind::new(1, wat("bare-delete"))])).await;
    let handle = host.open(1, "one").await;
    let told = Instant::now();
    assert_eq!(host.stop().await.code, Some(0));
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
    let refused = host.append(handle, 1, "late").await.unwrap_err();
    assert_eq!(refused.code, Code::Unavailable);
}
