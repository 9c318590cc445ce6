//! Every expression of the dashboard finds something.

use std::time::Duration;

use serde_json::Value;

use super::{
    prometheus::{Prometheus, Target},
    situations::certified,
};
use crate::harness::{Config, Kind, until};

const DASHBOARD: &str = include_str!("../../../docs/grafana/mpy6a.json");

/// The title of each panel, with its expressions as Grafana sends them when everything is chosen.
fn expressions() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        assert!(panel["type"] == "row" || !targets.is_empty(), "{title} shows nothing");
        for target in targets {
            let written = target["expr"].as_str().unwrap();
            let mut expression = written.to_owned();
            for (variable, chosen) in [("$__rate_interval", "1m"), ("$instance", ".*"), ("$kind", ".*")] {
                expression = expression.replace(variable, chosen);
            }
            assert!(!expression.contains('$'), "{title} has a variable that nobody sets: {written}");
            found.push((title.to_owned(), expression));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_expression_of_the_dashboard_finds_something() {
    let config = Config::of([
        Kind::misbehave(1).set("name", "works"),
        Kind::misbehave(2).set("name", "fails").set("max_repeats", 1_000),
        Kind::misbehave(3).set("name", "waits").set("delay", "1h"),
    ]);
    let host = certified(&config, Duration::from_secs(3_600)).await;
    let prometheus = Prometheus::start(&[Target::of("host", &host)], "groups: []").await;
    prometheus.has_seen(["host"]).await;
    host.left(2, &["trap"]).await;
    host.left(2, &["retry not yet"]).await;
    host.open(3, "delete").await;
    let expressions = expressions();
    assert!(expressions.len() > 30, "{expressions:?}");
    for (title, expression) in expressions {
        until(&format!("the panel {title:?} finds something for {expression}"), async || {
            // Rates need something that goes on.
            host.left(1, &["delete"]).await;
            let opened = host.open(1, "delete").await;
            assert!(host.append(opened, 5, "x").await.is_ok() && host.append(opened, 4, "x").await.is_err());
            host.delete(opened, 6).await.unwrap();
            let found = prometheus.query(&expression).await.unwrap_or_else(|error| panic!("{expression}: {error}"));
            found.iter().any(|value| value.is_finite()).then_some(())
        })
        .await;
    }
}
