//! Workflows of single calls, beside a bare echo of the same messages; and what an append costs when nothing else is under way.

use crate::{
    Outcome,
    client::unary,
    echo::Echo,
    floor::RawLog,
    host::{Due, Host},
    load::{drive, ms},
    report::{
        Measured,
        table::{Table, number},
    },
    rounds::{By, Pair, Rounds, median},
    sections::IN_FLIGHT,
};

/// What is written to the raw log to time one sync: an append of 200 bytes, with what stands around it.
const APPEND_BYTES: usize = 300;
const TABLE: Table = Table(&[9, 12, 9, 9, 7, 8, 8, 9]);

pub async fn run(rounds: Rounds, out: &mut Measured) -> Outcome<()> {
    let echo = Echo::start(None).await?;
    let host = Host::start(Due::default()).await?;
    out.line(TABLE.row(&["in flight", "workflows/s", "ops/s", "echo/s", "ratio", "p50 ms", "p99 ms", "p99.9 ms"]));
    for in_flight in IN_FLIGHT {
        let ours = unary::workflows(&host.url, in_flight).await?;
        let theirs = unary::echoes(&echo.url, in_flight).await?;
        row(in_flight, &rounds.pair(ours, theirs, By::Operations).await?, out);
    }
    out.line("");
    out.line("latencies are of one operation; ratio = ops/s : echo/s");
    unloaded(rounds, &host, &echo, out).await
}

fn row(in_flight: usize, pair: &Pair, out: &mut Measured) {
    let Pair { ours, theirs, ratio } = pair;
    let quantiles = [0.5, 0.99, 0.999].map(|quantile| number(ours.op_ms(quantile)));
    let mut cells = vec![in_flight.to_string()];
    cells.extend([ours.turns_per_s, ours.ops_per_s, theirs.ops_per_s, *ratio].map(number));
    cells.extend(quantiles);
    out.line(TABLE.row(&cells));
    let mut figure = |what: &str, value| out.figure(format!("unary.{in_flight}.{what}"), value);
    figure("ratio", *ratio);
    figure("ops_per_s", ours.ops_per_s);
    figure("workflows_per_s", ours.turns_per_s);
    figure("op_p50_ms", ours.op_ms(0.5));
    figure("op_p99_ms", ours.op_ms(0.99));
    figure("op_p999_ms", ours.op_ms(0.999));
    figure("workflow_p50_ms", ms(&ours.turns, 0.5));
    figure("workflow_p99_ms", ms(&ours.turns, 0.99));
}

/// One append at a time : one sync and one echo.
async fn unloaded(rounds: Rounds, host: &Host, echo: &Echo, out: &mut Measured) -> Outcome<()> {
    let mut log = RawLog::new()?;
    let (mut ours, mut theirs) = (unary::workflows(&host.url, 1).await?, unary::echoes(&echo.url, 1).await?);
    let mut all = Vec::new();
    for _ in 0..rounds.rounds {
        let sync = ms(&log.drive(&[APPEND_BYTES], 1, rounds.slice)?.times, 0.5);
        let (back, echoed) = drive(theirs, rounds.slice).await?;
        theirs = back;
        let (back, worked) = drive(ours, rounds.slice).await?;
        ours = back;
        all.push((ms(&worked.steps[1], 0.5), sync, echoed.op_ms(0.5)));
    }
    let ratio = |&(append, sync, echo): &(f64, f64, f64)| append / (sync + echo);
    let (append, sync, echo) = median(all, ratio)?;
    let ratio = ratio(&(append, sync, echo));
    out.line(format!(
        "unloaded append, p50: {} ms : (fdatasync {} ms + echo {} ms) = {}",
        number(append),
        number(sync),
        number(echo),
        number(ratio)
    ));
    out.figure("unary.append_p50_ms", append);
    out.figure("unary.append_ratio", ratio);
    Ok(())
}
