//! What nobody can be faster than: this disk, and gRPC with nothing behind it.

use crate::{
    Outcome,
    client::{stream::Pipeline, unary},
    echo::Echo,
    floor::RawLog,
    load::{drive, ms},
    report::{
        Measured,
        table::{Table, number},
    },
    rounds::{Rounds, median},
    sections::IN_FLIGHT,
};

/// Bytes of one record in the raw log: one of ordinary size, with what stands around it.
const RECORD_BYTES: usize = 300;
const STREAMED: usize = 512;
const TABLE: Table = Table(&[46, 11, 10, 10]);

pub async fn run(rounds: Rounds, out: &mut Measured) -> Outcome<()> {
    out.line(TABLE.row(&["", "/s", "p50 ms", "p99 ms"]));
    let mut log = RawLog::new()?;
    for a_sync in [1, 64, 512] {
        let mut all = Vec::new();
        for _ in 0..rounds.rounds {
            all.push(log.drive(&[RECORD_BYTES], a_sync, rounds.slice)?);
        }
        let synced = median(all, |synced| synced.records_per_s)?;
        let name = format!("raw log, {RECORD_BYTES}-byte records, {a_sync} a sync");
        let (p50, p99) = (ms(&synced.times, 0.5), ms(&synced.times, 0.99));
        out.line(TABLE.row(&[name, number(synced.records_per_s), number(p50), number(p99)]));
        out.figure(format!("floor.log.{a_sync}.per_s"), synced.records_per_s);
        out.figure(format!("floor.log.{a_sync}.p50_ms"), p50);
    }
    let echo = Echo::start(None).await?;
    for in_flight in IN_FLIGHT {
        let mut workers = unary::echoes(&echo.url, in_flight).await?;
        let mut all = Vec::new();
        for _ in 0..rounds.rounds {
            let (back, measured) = drive(workers, rounds.slice).await?;
            workers = back;
            all.push(measured);
        }
        print(format!("tonic echo, unary, {in_flight} in flight"), format!("echo.{in_flight}"), all, out)?;
    }
    let mut pipeline = Pipeline::open(&echo.url, STREAMED).await?.ok_or("the echo server echoes no stream")?;
    let mut all = Vec::new();
    for _ in 0..rounds.rounds {
        all.push(pipeline.drive(STREAMED, rounds.slice).await?);
    }
    print(format!("tonic echo, streamed, {STREAMED} times 3 in flight"), "echo.streamed".to_owned(), all, out)
}

fn print(name: String, key: String, all: Vec<crate::load::Measured>, out: &mut Measured) -> Outcome<()> {
    let echoed = median(all, |measured| measured.ops_per_s)?;
    let (p50, p99) = (echoed.op_ms(0.5), echoed.op_ms(0.99));
    out.line(TABLE.row(&[name, number(echoed.ops_per_s), number(p50), number(p99)]));
    out.figure(format!("floor.{key}.per_s"), echoed.ops_per_s);
    out.figure(format!("floor.{key}.p50_ms"), p50);
    Ok(())
}
