//! What the project set out to reach, beside what was measured. The numbers are for two cores with the client on the same machine.

use super::{
    Results,
    table::{Table, number},
};

/// One thing to reach.
struct Goal {
    what: &'static str,
    key: &'static str,
    wanted: Wanted,
}

enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

use Wanted::{AtLeast, AtMost};

const GOALS: &[Goal] = &[
    Goal { what: "unary operations/s, 64 in flight : tonic echo", key: "unary.64.ratio", wanted: AtLeast(0.65) },
    Goal {
        what: "workflows/s, unary, 64 in flight : PostgreSQL",
        key: "peers.postgresql.64.ratio",
        wanted: AtLeast(3.0),
    },
    Goal {
        what: "workflows/s, streamed, 512 : PostgreSQL's best",
        key: "peers.postgresql.streamed_ratio",
        wanted: AtLeast(15.0),
    },
    Goal { what: "workflows/s, unary, 64 in flight : Restate", key: "peers.restate.64.ratio", wanted: AtLeast(10.0) },
    Goal {
        what: "streamed operations/s, 512 : raw log, same bytes",
        key: "stream.512.raw_ratio",
        wanted: AtLeast(0.4),
    },
    Goal { what: "unloaded append p50 : (fdatasync + echo)", key: "unary.append_ratio", wanted: AtMost(1.4) },
    Goal { what: "dialled repeat : repeat in process, p50", key: "dialled.ratio", wanted: AtLeast(5.0) },
    Goal { what: "repeats/s, Rust handler, one operation", key: "repeats.per_s", wanted: AtLeast(10_000.0) },
    Goal { what: "due-to-start lag p99 at 5,000 repeats/s, ms", key: "repeats.lag_p99_ms", wanted: AtMost(10.0) },
    Goal { what: "cost per operation, 1M stored : 10k stored", key: "scale.1000000.cost", wanted: AtMost(1.3) },
    Goal { what: "memory with 1M stored sessions, MB", key: "scale.1000000.resident_mb", wanted: AtMost(300.0) },
    Goal { what: "restart to serving with them, after a kill, s", key: "scale.1000000.restart_s", wanted: AtMost(3.0) },
];

const TABLE: Table = Table(&[50, 10, 10, 7]);

/// The table: measured : wanted, met or missed.
pub fn lines(results: &Results) -> Vec<String> {
    let mut lines = vec![TABLE.row(&["", "measured", "wanted", ""])];
    for goal in GOALS {
        let (sign, bound) = match goal.wanted {
            AtLeast(bound) => ('≥', bound),
            AtMost(bound) => ('≤', bound),
        };
        let (measured, verdict) = match results.figure(goal.key) {
            None => ("–".to_owned(), "not run"),
            Some(value) => (number(value), if goal.is_met(value) { "met" } else { "missed" }),
        };
        lines.push(TABLE.row(&[goal.what, &measured, &format!("{sign} {}", number(bound)), verdict]));
    }
    lines
}

impl Goal {
    fn is_met(&self, value: f64) -> bool {
        match self.wanted {
            AtLeast(bound) => value >= bound,
            AtMost(bound) => value <= bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Measured;

    #[test]
    fn a_goal_is_met_missed_or_not_run() {
        let mut measured = Measured::default();
        measured.figure("unary.64.ratio", 0.64);
        measured.figure("unary.append_ratio", 1.4);
        let mut results = Results::default();
        results.sections.insert("unary".to_owned(), measured);
        let lines = lines(&results);
        let verdict = |of: &str| lines.iter().find(|line| line.contains(of)).map(|line| line.ends_with("met"));
        assert_eq!(verdict("tonic echo"), Some(false));
        assert_eq!(verdict("unloaded append"), Some(true));
        assert!(lines.iter().any(|line| line.contains("Restate") && line.ends_with("not run")));
        assert!(lines.iter().all(|line| line.chars().count() <= super::super::table::COLUMNS));
    }
}
