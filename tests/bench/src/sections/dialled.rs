//! A repeat in process, beside the same handler as a process of its own that is dialled over gRPC on loopback, as the original
//! design had it.
//!
//! ```text
//! in process:  start of the run -> the handler deletes its session -> durable            as the host's log tells
//! dialled:     call with the record -> handler calls Delete -> durable -> both answers   as the caller measures
//! ```
//!
//! What both have in common, the claim before the start, is in neither.

use std::time::{Duration, Instant};

use mpy6a_proto::v1::{AppendRequest, NewRequest};

use crate::{
    Outcome,
    client::fill::{Fill, deleting, fill},
    echo::Echo,
    ended,
    host::{DUE, Due, Host, PLAIN, connect},
    load::{histogram, micros, ms},
    report::{
        Measured,
        table::{Table, number},
    },
};

/// How many of each, in turns.
const ROUNDS: usize = 5;
const A_ROUND: usize = 100;
/// From one repeat to the next, so that each runs alone.
const GAP: Duration = Duration::from_millis(5);
const TABLE: Table = Table(&[44, 11, 11, 11]);

pub async fn run(out: &mut Measured) -> Outcome<()> {
    let host = Host::start(Due::default()).await?;
    let handler = Echo::start(Some(&host.url)).await?;
    let mut dialled = histogram();
    for _ in 0..ROUNDS {
        dial(&host, &handler, &mut dialled).await?;
        for _ in 0..A_ROUND {
            fill(&host, &Fill { kind: DUE, record: deleting(), sessions: 1, store_s: Some(0) }).await?;
            tokio::time::sleep(GAP).await;
        }
    }
    let [mut in_process, mut run] = [histogram(), histogram()];
    for ended in ended::wait(&host, 0, ROUNDS * A_ROUND).await? {
        in_process.saturating_record(ended.run_us + ended.commit_us);
        run.saturating_record(ended.run_us);
    }
    out.line(TABLE.row(&["one operation on the session", "p50 ms", "p99 ms", "max ms"]));
    let rows = [
        ("in process, start to committed", &in_process),
        ("  of that the run, before the commit", &run),
        ("dialled over gRPC, start to committed", &dialled),
    ];
    for (name, times) in rows {
        out.line(TABLE.row(&[
            name.to_owned(),
            number(ms(times, 0.5)),
            number(ms(times, 0.99)),
            number(ms(times, 1.0)),
        ]));
    }
    let ratio = ms(&dialled, 0.5) / ms(&in_process, 0.5);
    out.line("");
    out.line(format!("dialled : in process, p50: {}", number(ratio)));
    out.figure("dialled.ratio", ratio);
    out.figure("dialled.in_process_p50_ms", ms(&in_process, 0.5));
    out.figure("dialled.run_p50_ms", ms(&run, 0.5));
    out.figure("dialled.dialled_p50_ms", ms(&dialled, 0.5));
    out.figure("dialled.ratio_before_commit", ms(&dialled, 0.5) / ms(&run, 0.5));
    Ok(())
}

async fn dial(host: &Host, handler: &Echo, times: &mut hdrhistogram::Histogram<u64>) -> Outcome<()> {
    let (mut client, mut handler) = (host.client().await?, connect(&handler.url).await?);
    for _ in 0..A_ROUND {
        let new = NewRequest { kind: PLAIN, record: Some(deleting()), ..NewRequest::default() };
        let handle = client.new_session(new).await?.into_inner().handle;
        let began = Instant::now();
        handler.append(AppendRequest { handle, number: 1, record: deleting(), ..Default::default() }).await?;
        times.saturating_record(micros(began.elapsed()));
        tokio::time::sleep(GAP).await;
    }
    Ok(())
}
