//! `mpy6a plugin ls`: the plugin that each kind of a running host is repeated by, and what keeps a newer one out.

use std::process::ExitCode;

use clap::Args;
use mpy6a_proto::v1;
use serde_json::json;

use crate::{
    cli::{
        kind,
        out::print_json,
        remote::{Host, Trouble},
        report::Report,
        session::Output,
        table::{KIND_COLUMNS, Table, cut, span},
    },
    limits::REPORT_COLUMNS,
    time::now_ms,
};

/// How much of a digest is shown: as much as tells versions apart, and as version control shows.
const DIGEST_COLUMNS: usize = 12;

/// How they are listed.
#[derive(Args, Debug)]
pub struct Arguments {
    /// How they are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// List them.
pub async fn run(arguments: &Arguments, host: Host) -> Result<ExitCode, Trouble> {
    let kinds = host.kinds().await?.kinds;
    match arguments.output {
        Output::Table => out!("{}", text(&kinds)),
        Output::Json => kinds.iter().for_each(|kind| print_json(&object(kind))),
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for each kind, and below them what is refused, and why.
fn text(kinds: &[v1::Kind]) -> String {
    let mut table = Table::new(&["KIND", " ID", "DIGEST", " SINCE", "FILE"]);
    for kind in kinds {
        let name = cut(&kind::name(kind), Some(KIND_COLUMNS));
        let [digest, since, file] = match &kind.plugin {
            Some(plugin) => {
                let since = span(now_ms().saturating_sub(plugin.since_ms));
                [plugin.digest.chars().take(DIGEST_COLUMNS).collect(), since, plugin.file.clone()]
            }
            None => ["-", "-", "none in service: sessions wait"].map(str::to_owned),
        };
        table.row(vec![name, kind.id.to_string(), digest, since, file]);
    }
    let mut report = Report { text: table.text(Some(REPORT_COLUMNS)) };
    for kind in kinds.iter().filter(|kind| !kind.trouble.is_empty()) {
        let name = kind::name(kind);
        kind.trouble.lines().for_each(|trouble| report.line("! ", &format!("{name}: {trouble}")));
    }
    report.text
}

fn object(kind: &v1::Kind) -> serde_json::Value {
    let plugin = kind.plugin.as_ref();
    json!({
        "kind": kind::name(kind),
        "kind_id": kind.id,
        "file": plugin.map(|plugin| plugin.file.as_str()),
        "digest": plugin.map(|plugin| plugin.digest.as_str()),
        "since_ms": plugin.map(|plugin| plugin.since_ms),
        "refused": (!kind.trouble.is_empty()).then_some(kind.trouble.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_service_and_what_is_refused_fit_a_terminal() {
        let plugin =
            v1::Plugin { file: "/srv/".to_owned() + &"long/".repeat(20), digest: "ab".repeat(32), since_ms: 0 };
        let trouble = "the new file is no component: ".to_owned() + &"build it again. ".repeat(10);
        let served = v1::Kind { id: 7, name: "orders".to_owned(), plugin: Some(plugin), ..v1::Kind::default() };
        let waiting = v1::Kind { id: 8, trouble, ..v1::Kind::default() };
        let text = text(&[served.clone(), waiting]);
        assert!(text.lines().all(|line| line.chars().count() <= REPORT_COLUMNS), "{text}");
        assert!(text.contains("abababababab ") && text.contains("none in service"), "{text}");
        assert!(text.contains("! 8: the new file is no component: build it again."), "{text}");
        assert_eq!(object(&served)["refused"], serde_json::Value::Null);
    }
}
