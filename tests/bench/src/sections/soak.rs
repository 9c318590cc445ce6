//! A long mixed load: workflows, sessions that are stored for their handler, and clients that die. What grows?

use std::time::{Duration, Instant};

use mpy6a_proto::v1::Kind;

use crate::{
    Outcome,
    client::{
        fill::{Fill, deleting, fill},
        unary,
    },
    host::{DUE, Due, Host},
    load::phase,
    report::{
        Measured,
        table::{Table, number},
    },
};

const IN_FLIGHT: usize = 32;
/// The load goes on in slices; after each one so many sessions are stored, and as many left to their leases.
const SLICE: Duration = Duration::from_secs(5);
const A_SLICE: usize = 1_000;
const STORE_S: u32 = 5;
const LEASE_S: u32 = 10;
const MB: f64 = 1e6;
/// How many lines the table has: the series has every slice.
const LINES: usize = 10;
const TABLE: Table = Table(&[9, 12, 9, 9, 12, 9, 10]);

pub async fn run(minutes: f64, out: &mut Measured) -> Outcome<()> {
    let length = Duration::from_secs_f64(minutes * 60.0);
    let host = Host::start(Due { lease_s: LEASE_S, ..Due::default() }).await?;
    let mut workers = unary::workflows(&host.url, IN_FLIGHT).await?;
    let (mut memory, mut disk, mut next_line) = (Vec::new(), Vec::new(), Duration::ZERO);
    out.line(TABLE.row(&["second", "workflows/s", "p50 ms", "p99 ms", "unfinished", "RSS MB", "store MB"]));
    let began = Instant::now();
    while began.elapsed() < length {
        for store_s in [Some(STORE_S), None] {
            fill(&host, &Fill { kind: DUE, record: deleting(), sessions: A_SLICE, store_s }).await?;
        }
        let (back, measured) = phase(workers, SLICE).await?;
        workers = back;
        let second = began.elapsed().as_secs_f64();
        let (resident, stored) = (host.resident_bytes()? as f64 / MB, host.stored_bytes()? as f64 / MB);
        memory.push((second, resident));
        disk.push((second, stored));
        if began.elapsed() >= next_line || began.elapsed() >= length {
            next_line += length / LINES as u32;
            let waiting = unfinished(&host.kind_until(DUE, |_| true).await?);
            let (p50, p99) = (measured.op_ms(0.5), measured.op_ms(0.99));
            let numbers = [second, measured.turns_per_s, p50, p99, waiting as f64, resident, stored];
            out.line(TABLE.row(&numbers.map(number)));
        }
    }
    drop(workers);
    host.kind_until(DUE, |kind| unfinished(kind) == 0).await?;
    let all = host.kind_until(DUE, |_| true).await?;
    out.line("");
    out.line(format!("afterwards: every session repeated and finished, {} parked", all.parked));
    for (name, series) in [("memory", memory), ("store", disk)] {
        // The first tenth is the host coming to its working size.
        let settled = series.get(series.len() / LINES).map_or(f64::NAN, |point| point.1);
        let last = series.last().map_or(f64::NAN, |point| point.1);
        out.line(format!("{name} at the end : after a tenth of the time = {}", number(last / settled)));
        out.figure(format!("soak.{name}_growth"), last / settled);
        out.figure(format!("soak.{name}_mb"), last);
        out.series.insert(name.to_owned(), series);
    }
    Ok(())
}

fn unfinished(kind: &Kind) -> u64 {
    kind.active + kind.stored + kind.repeating
}
