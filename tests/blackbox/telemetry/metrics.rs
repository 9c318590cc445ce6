//! What `/metrics` says, held against `docs/metrics.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    pages::get,
    situations::certified,
    slow::{hold, slow},
};
use crate::harness::{Config, Host, Kind, shown, until};

const DOCUMENTED: &str = include_str!("../../../docs/metrics.md");

/// A family of metrics: its type, its unit, the names of its labels.
type Family = (String, String, BTreeSet<String>);

/// What `/metrics` says.
pub async fn scrape(host: &Host) -> String {
    until("the host answers with its metrics", async || get(host.ports().operators, "/metrics").await).await
}

/// The value of a series, as it is written.
pub fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// Every family of a scrape by its name, as expressions have it.
fn scraped(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut family = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "TYPE", name, kind] => {
                family = match kind {
                    "counter" => format!("{name}_total"),
                    "info" => format!("{name}_info"),
                    _ => name.to_owned(),
                };
                families.insert(family.clone(), (kind.to_owned(), String::new(), BTreeSet::new()));
            }
            ["#", "UNIT", _, unit] => families.get_mut(&family).unwrap().1 = unit.to_owned(),
            ["#", ..] => {}
            _ => {
                let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
                let names = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
                families.get_mut(&family).unwrap().2.extend(names.filter(|name| name != "le"));
            }
        }
    }
    families
}

/// Every family of the table in the documentation.
fn documented() -> BTreeMap<String, Family> {
    let is_row = |line: &&str| ["| `mpy6a_", "| `process_"].iter().any(|begin| line.starts_with(begin));
    let rows = DOCUMENTED.lines().filter(is_row);
    let code = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let family = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 8, "name, type, unit, labels, what it says, what to do: {row}");
        assert!(cells[5].len() > 10 && !cells[6].is_empty(), "{row}");
        let labels = cells[4].split(',').map(code).filter(|label| !label.is_empty()).collect();
        (code(cells[1]), (cells[2].to_owned(), cells[3].to_owned(), labels))
    };
    rows.map(family).collect()
}

fn config() -> Config {
    Config::of([Kind::misbehave(1), Kind::misbehave(2).set("paused", true)])
}

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_metric_is_there() {
    let host = certified(&config(), Duration::from_secs(3_600)).await;
    let text = scrape(&host).await;
    assert!(text.ends_with("# EOF\n"), "{text}");
    let (scraped, documented) = (scraped(&text), documented());
    for (name, family) in &scraped {
        assert_eq!(documented.get(name), Some(family), "{name}: docs/metrics.md on the left, a scrape on the right");
    }
    let gone: Vec<_> = documented.keys().filter(|name| !scraped.contains_key(*name)).collect();
    assert!(gone.is_empty(), "docs/metrics.md has {gone:?}, and no scrape");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let host = Host::start(&config()).await;
    let trapped = host.left(1, &["trap"]).await;
    host.parked(trapped).await;
    let done = host.left(1, &["delete"]).await;
    host.gone(done).await;
    let waiting = host.left(2, &["delete"]).await;
    let mut stream = host.stream().await;
    let handle = stream.open(7, 1, "delete").await.handle.unwrap();
    let refused = host.append(handle_of(trapped), 0, "x").await.unwrap_err();
    let text = scrape(&host).await;
    let is = |series: &str, expected: f64| assert_eq!(value(&text, series), Some(expected), "{series}\n{text}");
    is("mpy6a_writer_up", 1.0);
    is("mpy6a_operations_total{operation=\"new\",code=\"OK\"}", 4.0);
    is("mpy6a_operations_total{operation=\"store\",code=\"OK\"}", 3.0);
    is(&format!("mpy6a_operations_total{{operation=\"append\",code=\"{}\"}}", refused.reason), 1.0);
    is("mpy6a_sessions{kind=\"k1\",state=\"active\"}", 1.0);
    is("mpy6a_sessions{kind=\"k1\",state=\"parked\"}", 1.0);
    is("mpy6a_sessions{kind=\"k2\",state=\"stored\"}", 1.0);
    is("mpy6a_kind_paused{kind=\"k1\"}", 0.0);
    is("mpy6a_kind_paused{kind=\"k2\"}", 1.0);
    is("mpy6a_repeats_total{kind=\"k1\",outcome=\"trapped\"}", 1.0);
    is("mpy6a_repeats_total{kind=\"k1\",outcome=\"returned\"}", 1.0);
    is("mpy6a_repeats_ended_total{kind=\"k1\",ended=\"parked\"}", 1.0);
    is("mpy6a_handler_traps_total{kind=\"k1\",cause=\"unreachable\"}", 1.0);
    is("mpy6a_repeat_seconds_count{kind=\"k1\"}", 2.0);
    is("mpy6a_due_lag_seconds_count{kind=\"k1\"}", 2.0);
    for grows in [
        "mpy6a_commit_seconds_count",
        "mpy6a_commit_operations_sum",
        "mpy6a_handler_fuel_total{kind=\"k1\"}",
        "mpy6a_oldest_due_seconds{kind=\"k2\"}",
    ] {
        assert!(value(&text, grows) > Some(0.0), "{grows}\n{text}");
    }
    assert!(value(&text, "mpy6a_connections{listener=\"clients\"}") >= Some(1.0), "{text}");
    for secret in [shown(waiting), shown(trapped), format!("{:016x}", handle.key), "unreachable instruction".to_owned()]
    {
        assert!(!text.contains(&secret), "{secret} is in {text}");
    }
}

fn handle_of(session: mpy6a_proto::v1::Index) -> mpy6a_proto::v1::Handle {
    mpy6a_proto::v1::Handle { id: Some(session), key: 7 }
}

#[tokio::test]
async fn sessions_of_a_kind_that_left_the_config_are_told_under_one_name() {
    let mut host = Host::start(&config()).await;
    let handles = [host.open(1, "delete").await, host.open(2, "delete").await];
    host.reconfigure(&Config::of([]));
    host.restart().await;
    let text = scrape(&host).await;
    assert_eq!(value(&text, "mpy6a_sessions{kind=\"unknown\",state=\"active\"}"), Some(2.0), "{text}");
    assert_eq!(value(&text, "mpy6a_kind_trouble{kind=\"unknown\"}"), Some(1.0), "{text}");
    for handle in handles {
        host.delete(handle, 0).await.unwrap();
    }
    let text = scrape(&host).await;
    assert_eq!(value(&text, "mpy6a_kind_trouble{kind=\"unknown\"}"), Some(0.0), "nothing of them is left: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_stuck_is_told_of_and_holds_nobody_up() {
    let host = slow(&config()).await;
    hold(&host, -1);
    let wire = host.connect();
    let stuck = tokio::spawn(async move { wire.open(1, "delete").await });
    let told = async || Some(scrape(&host).await).filter(|text| value(text, "mpy6a_writer_up") == Some(0.0));
    let text = until("the writer is stuck", told).await;
    assert!(!text.contains("mpy6a_sessions{"), "what the writer alone knows is left out: {text}");
    assert!(text.contains("mpy6a_repeats_total{"), "what was counted is told: {text}");
    hold(&host, 0);
    stuck.await.unwrap();
    let told = async || Some(scrape(&host).await).filter(|text| value(text, "mpy6a_writer_up") == Some(1.0));
    until("the writer answers again", told).await;
}
