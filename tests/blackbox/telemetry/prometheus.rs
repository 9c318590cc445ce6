//! A real Prometheus over these hosts.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::pages::{encoded, get};
use crate::harness::{Host, Ports, until};

/// A firing alert: its name, where, and of which kind, if it is of one.
pub type Firing = (String, String, String);

/// A server, until it is dropped.
pub struct Prometheus {
    _folder: TempDir,
    child: Child,
    port: u16,
}

/// A host to be watched.
pub struct Target {
    /// What it is called.
    pub instance: &'static str,
    /// Where operators connect.
    pub port: u16,
    /// How often, and how long for, it is looked at.
    pub every: &'static str,
}

impl Target {
    pub fn of(instance: &'static str, host: &Host) -> Self {
        Self { instance, port: host.ports().operators, every: "1s" }
    }
}

/// A program of Prometheus.
pub fn program(name: &str) -> Command {
    let path = PathBuf::from(concat!(env!("CARGO_TARGET_TMPDIR"), "/../prometheus/usr/bin")).join(name);
    assert!(path.exists(), "{} is missing: run .ci/prometheus", path.display());
    Command::new(path)
}

impl Prometheus {
    /// Watch these hosts, by these rules.
    pub async fn start(targets: &[Target], rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms}\n\
                          rule_files: [rules.yml]\nscrape_configs:\n"
            .to_owned();
        for Target { instance, port, every } in targets {
            // As an operator would: one job, called mpy6a.
            let labels = format!("labels: {{job: mpy6a, instance: {instance}}}");
            let target = format!("static_configs: [{{targets: ['127.0.0.1:{port}'], {labels}}}]");
            let job = format!("{{job_name: {instance}, scrape_interval: {every}, scrape_timeout: {every}, {target}}}");
            writeln!(config, "  - {job}").unwrap();
        }
        fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        fs::write(folder.path().join("rules.yml"), rules).unwrap();
        let port = Ports::free().operators;
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = program("prometheus")
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { _folder: folder, child, port };
        until("Prometheus is ready", async || {
            if let Some(status) = server.child.try_wait().unwrap() {
                let log = fs::read_to_string(server._folder.path().join("log")).unwrap();
                panic!("Prometheus ended: {status}: {log}");
            }
            get(server.port, "/-/ready").await
        })
        .await;
        server
    }

    /// Wait until each of these was looked at.
    pub async fn has_seen(&self, instances: impl IntoIterator<Item = &str>) {
        for instance in instances {
            let seen = format!("up{{instance=\"{instance}\"}} == 1");
            until(&format!("Prometheus has seen {instance}"), async || {
                self.query(&seen).await.ok().filter(|found| !found.is_empty())
            })
            .await;
        }
    }

    /// The values that an expression has now; the error that Prometheus gives.
    pub async fn query(&self, expression: &str) -> Result<Vec<f64>, String> {
        let path = format!("/api/v1/query?query={}", encoded(expression));
        let answer = get(self.port, &path).await.ok_or("refused: see the expression")?;
        let answer: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        let series = answer["data"]["result"].as_array().ok_or_else(|| answer.to_string())?;
        Ok(series.iter().map(|one| one["value"][1].as_str().unwrap().parse().unwrap()).collect())
    }

    /// The alerts that fire.
    pub async fn firing(&self) -> BTreeSet<Firing> {
        let answer = get(self.port, "/api/v1/alerts").await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let alerts = answer["data"]["alerts"].as_array().unwrap().iter();
        let label = |alert: &Value, name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
        alerts
            .filter(|alert| alert["state"] == "firing")
            .map(|alert| (label(alert, "alertname"), label(alert, "instance"), label(alert, "kind")))
            .collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
