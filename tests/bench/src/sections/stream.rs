//! Workflows pipelined on one `Operate` stream, beside a raw log that takes the same bytes, and beside an echo of the stream.

use crate::{
    Outcome,
    client::stream::Pipeline,
    echo::Echo,
    floor::RawLog,
    host::{Due, Host},
    load::{self, RECORD_BYTES, ms},
    report::{
        Measured,
        table::{Table, number},
    },
    rounds::{Rounds, median},
};

/// How many workflows are in flight.
const IN_FLIGHT: [usize; 2] = [64, 512];
/// How many records the raw log writes a sync.
const A_SYNC: usize = 512;
/// What any log has to keep of an operation beside its record: session, key, number, time, length, checksum.
const AROUND_BYTES: usize = 56;
const TABLE: Table = Table(&[9, 12, 10, 10, 7, 10, 7, 8, 8]);

pub async fn run(rounds: Rounds, out: &mut Measured) -> Outcome<()> {
    let host = Host::start(Due::default()).await?;
    let echo = Echo::start(None).await?;
    if Pipeline::open(&host.url, 1).await?.is_none() {
        out.line("Operate is not served by this host.");
        return Ok(());
    }
    out.line(TABLE.row(&[
        "in flight",
        "workflows/s",
        "ops/s",
        "raw log/s",
        "ratio",
        "echo/s",
        "ratio",
        "p50 ms",
        "p99 ms",
    ]));
    for in_flight in IN_FLIGHT {
        row(in_flight, measure(rounds, in_flight, &host, &echo).await?, out);
    }
    out.line("");
    out.line(format!("raw log: records of the same bytes, {A_SYNC} a sync; latencies are of a workflow"));
    Ok(())
}

/// One round of the three.
struct Round {
    ours: load::Measured,
    raw_per_s: f64,
    echo_per_s: f64,
}

impl Round {
    fn raw_ratio(&self) -> f64 {
        self.ours.ops_per_s / self.raw_per_s
    }
}

async fn measure(rounds: Rounds, in_flight: usize, host: &Host, echo: &Echo) -> Outcome<Round> {
    let mut log = RawLog::new()?;
    let mut ours = Pipeline::open(&host.url, in_flight).await?.ok_or("the host serves no stream any more")?;
    let mut echoed = Pipeline::open(&echo.url, in_flight).await?.ok_or("the echo server echoes no stream")?;
    let bytes = [RECORD_BYTES + AROUND_BYTES, RECORD_BYTES + AROUND_BYTES, AROUND_BYTES];
    let mut all = Vec::new();
    for _ in 0..rounds.rounds {
        let raw_per_s = log.drive(&bytes, A_SYNC, rounds.slice)?.records_per_s;
        let echo_per_s = echoed.drive(in_flight, rounds.slice).await?.ops_per_s;
        all.push(Round { ours: ours.drive(in_flight, rounds.slice).await?, raw_per_s, echo_per_s });
    }
    median(all, Round::raw_ratio)
}

fn row(in_flight: usize, round: Round, out: &mut Measured) {
    let (raw_ratio, Round { ours, raw_per_s, echo_per_s }) = (round.raw_ratio(), round);
    let (p50, p99) = (ms(&ours.turns, 0.5), ms(&ours.turns, 0.99));
    let echo_ratio = ours.ops_per_s / echo_per_s;
    let numbers =
        [ours.turns_per_s, ours.ops_per_s, raw_per_s, raw_ratio, echo_per_s, echo_ratio, p50, p99].map(number);
    let mut cells = vec![in_flight.to_string()];
    cells.extend(numbers);
    out.line(TABLE.row(&cells));
    let mut figure = |what: &str, value| out.figure(format!("stream.{in_flight}.{what}"), value);
    figure("ops_per_s", ours.ops_per_s);
    figure("workflows_per_s", ours.turns_per_s);
    figure("raw_ratio", raw_ratio);
    figure("echo_ratio", echo_ratio);
    figure("workflow_p50_ms", p50);
    figure("workflow_p99_ms", p99);
}
