//! Every alert fires in the situation made for it, and nowhere else.
//!
//! Only `for`, how long something must last before anybody is told, is shortened: everything else is as it stands in
//! `docs/alerts.yml`.

use std::{collections::BTreeSet, path::Path, time::Duration};

use super::{
    prometheus::{Firing, Prometheus, Target, program},
    situations::{Busy, Disk, ail, certified, kinds},
    slow::{hold, slow, with_clock},
};
use crate::harness::{Config, Host, Kind, Ports, Wire, until};

const ALERTS: &str = include_str!("../../../docs/alerts.yml");
const ALERTS_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/alerts.yml");
const RUNBOOK: &str = include_str!("../../../docs/operating.md");

/// Every alert, on which host it is to fire, and for which kind.
const EXPECTED: [(&str, &str, &str); 18] = [
    ("Mpy6aDown", "down", ""),
    ("Mpy6aWriterStuck", "stuck", ""),
    ("Mpy6aCommitSlow", "slow", ""),
    ("Mpy6aQueueFull", "slow", ""),
    ("Mpy6aAnswersForgotten", "forgets", ""),
    ("Mpy6aConnectionsFull", "crowded", ""),
    ("Mpy6aDiskFull", "filled", ""),
    ("Mpy6aSessionsLate", "kinds", "late"),
    ("Mpy6aSessionsParked", "kinds", "gives-up"),
    ("Mpy6aRepeatsFinishNothing", "kinds", "retries"),
    ("Mpy6aRepeatsFinishNothing", "kinds", "traps"),
    ("Mpy6aHandlerTraps", "kinds", "traps"),
    ("Mpy6aPluginTrouble", "kinds", "no-plugin"),
    ("Mpy6aKindPaused", "kinds", "paused"),
    ("Mpy6aKindPaused", "kinds", "paused-late"),
    ("Mpy6aConfigTrouble", "untraced", ""),
    ("Mpy6aCertificateEnds", "ends", ""),
    ("Mpy6aTracesLost", "untraced", ""),
];

const DAY: Duration = Duration::from_secs(86_400);

/// How long something must last before an alert fires here. Long enough that a machine with much else to do is not taken for a host
/// that is down.
const FOR: &str = "3s";

fn rules() -> String {
    let shortened = ALERTS.lines().map(|line| match line.trim_start().strip_prefix("for: ") {
        Some(_) => format!("        for: {FOR}"),
        None => line.to_owned(),
    });
    shortened.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alert_fires_where_it_should_and_nowhere_else() {
    let one = || Config::of([Kind::misbehave(1)]);
    // A disk that is fast whatever else the machine does.
    let memory = Disk::mount();
    let works = Host::start(&one().set("store.path", memory.path().join("s").to_str().unwrap())).await;
    let mut down = Host::start(&one()).await;
    let stuck = slow(&one()).await;
    let slow = slow(&one().set("limits.queue_operations", 1)).await;
    let forgets = Host::start(&one().set("limits.remembered_sessions", 4)).await;
    let bounds = one().set("limits.connections", 12).set("limits.connections_per_address", 11);
    let crowded = Host::start(&bounds).await;
    let disk = Disk::mount();
    let filled = Host::start(&one().set("store.path", disk.path().join("s").to_str().unwrap())).await;
    let kinds = with_clock(&kinds()).await;
    let nobody = format!("http://127.0.0.1:{}", Ports::free().clients);
    let untraced = Host::start(&one().set("traces.endpoint", nobody).set("traces.sample", 1)).await;
    let (ends, lasts) = (certified(&one(), 6 * DAY).await, certified(&one(), 8 * DAY).await);
    let hosts = [
        ("works", &works),
        ("down", &down),
        ("stuck", &stuck),
        ("slow", &slow),
        ("forgets", &forgets),
        ("crowded", &crowded),
        ("filled", &filled),
        ("kinds", &kinds),
        ("untraced", &untraced),
        ("ends", &ends),
        ("lasts", &lasts),
    ];
    let mut targets: Vec<Target> = hosts.iter().map(|(instance, host)| Target::of(instance, host)).collect();
    // A stuck host answers after two seconds.
    targets[2].every = "4s";
    let prometheus = Prometheus::start(&targets, &rules()).await;
    prometheus.has_seen(hosts.map(|(instance, _)| instance)).await;
    let early = |(alert, _, kind): &Firing| kind.is_empty() && alert != "Mpy6aCertificateEnds";
    assert_eq!(prometheus.firing().await.into_iter().filter(early).collect::<Vec<_>>(), []);

    down.kill();
    let _busy = [Busy::over(&works, 2), Busy::over(&forgets, 1), Busy::over(&untraced, 1), Busy::over(&slow, 8)];
    hold(&slow, 250);
    hold(&stuck, -1);
    let _stuck = Busy::over(&stuck, 1);
    let crowd: Vec<Wire> = (0..10).map(|_| crowded.connect()).collect();
    for wire in &crowd {
        assert!(wire.is_serving().await);
    }
    disk.fill(4);
    ail(&kinds).await;
    untraced.write_config("listen = 7");

    let expected: BTreeSet<Firing> =
        EXPECTED.iter().map(|(alert, on, kind)| ((*alert).to_owned(), (*on).to_owned(), (*kind).to_owned())).collect();
    let all = async || {
        let firing = prometheus.firing().await;
        expected.is_subset(&firing).then_some(firing)
    };
    let firing = until(&format!("all of these fire: {expected:?}"), all).await;
    // How fast, and how full, a disk is that others use as well is not ours to say.
    let of_the_disk = ["Mpy6aCommitSlow", "Mpy6aDiskFull"];
    let is_ours = |(alert, on, _): &&Firing| !of_the_disk.contains(&alert.as_str()) || on == "works";
    let unexpected: Vec<&Firing> = firing.difference(&expected).filter(is_ours).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    hold(&stuck, 0);
}

#[test]
fn every_alert_has_a_situation_a_summary_and_a_runbook() {
    let of = |key: &str| ALERTS.lines().filter_map(|line| line.trim_start().strip_prefix(key)).collect::<Vec<_>>();
    let alerts: BTreeSet<&str> = of("- alert: ").into_iter().collect();
    let tested: BTreeSet<&str> = EXPECTED.iter().map(|(alert, ..)| *alert).collect();
    assert_eq!(alerts, tested);
    let (summaries, runbooks) = (of("summary: "), of("runbook_url: "));
    assert_eq!((summaries.len(), runbooks.len()), (alerts.len(), alerts.len()));
    let slug = |title: &str| title.to_lowercase().replace(' ', "-").replace([',', '?', '\'', '`', ':'], "");
    let anchors: Vec<String> = RUNBOOK
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| slug(line.trim_start_matches(['#', ' '])))
        .collect();
    for runbook in runbooks {
        let anchor = runbook.strip_prefix("docs/operating.md#").unwrap();
        assert!(anchors.iter().any(|it| it == anchor), "docs/operating.md has no section {anchor}");
    }
}

#[test]
fn prometheus_finds_nothing_wrong_with_the_rules() {
    let checked = program("promtool").args(["check", "rules"]).arg(Path::new(ALERTS_FILE)).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}
