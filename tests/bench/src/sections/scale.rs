//! What many stored sessions cost: operations, memory, disk, and a restart after a kill.

use std::time::Instant;

use crate::{
    Outcome,
    client::{
        fill::{Fill, fill},
        unary::{self, record},
    },
    host::{Due, Host, PLAIN},
    report::{
        Measured,
        table::{Table, number},
    },
    rounds::{By, Rounds},
};

const IN_FLIGHT: usize = 64;
/// None of them falls due while the bench runs: thirty days.
const STORE_S: u32 = 30 * 86_400;
const MB: f64 = 1e6;
const TABLE: Table = Table(&[10, 11, 9, 9, 6, 8, 8, 9]);

/// The first of the sizes is the one that the others are measured beside, in turns.
pub async fn run(rounds: Rounds, sizes: &[usize], out: &mut Measured) -> Outcome<()> {
    let (&small, larger) = sizes.split_first().ok_or("no sizes")?;
    out.line(TABLE.row(&["stored", "filled/s", "ops/s", "small", "cost", "RSS MB", "disk MB", "restart s"]));
    let (mut base, per_s) = filled(small).await?;
    for &size in larger {
        let (mut host, per_s) = filled(size).await?;
        let ours = unary::workflows(&host.url, IN_FLIGHT).await?;
        let theirs = unary::workflows(&base.url, IN_FLIGHT).await?;
        let pair = rounds.pair(ours, theirs, By::Operations).await?;
        let [ours, theirs] = [&pair.ours, &pair.theirs].map(|measured| measured.ops_per_s);
        row(size, per_s, [ours, theirs, 1.0 / pair.ratio], &mut host, out).await?;
    }
    row(small, per_s, [f64::NAN; 3], &mut base, out).await?;
    out.line("");
    out.line(format!("unary, {IN_FLIGHT} in flight; small: ops/s with {} stored, in turns;", number(small as f64)));
    out.line("cost = small : ops/s; RSS: the larger of before and after the restart;");
    out.line("restart: from the start after SIGKILL to the first answer");
    Ok(())
}

async fn filled(sessions: usize) -> Outcome<(Host, f64)> {
    let host = Host::start(Due::default()).await?;
    let began = Instant::now();
    fill(&host, &Fill { kind: PLAIN, record: record(), sessions, store_s: Some(STORE_S) }).await?;
    Ok((host, sessions as f64 / began.elapsed().as_secs_f64()))
}

async fn row(sessions: usize, per_s: f64, speed: [f64; 3], host: &mut Host, out: &mut Measured) -> Outcome<()> {
    let before = host.resident_bytes()?;
    let restart = host.crash_and_restart().await?.as_secs_f64();
    let stored = host.kind_until(PLAIN, |_| true).await?.stored;
    if stored < sessions as u64 {
        return Err(format!("{stored} of {sessions} stored sessions are there after a kill").into());
    }
    let resident = host.resident_bytes()?.max(before) as f64 / MB;
    let disk = host.stored_bytes()? as f64 / MB;
    let mut cells = vec![number(sessions as f64), number(per_s)];
    cells.extend(speed.map(number));
    cells.extend([resident, disk, restart].map(number));
    out.line(TABLE.row(&cells));
    let mut figure = |what: &str, value: f64| {
        if value.is_finite() {
            out.figure(format!("scale.{sessions}.{what}"), value);
        }
    };
    figure("filled_per_s", per_s);
    figure("ops_per_s", speed[0]);
    figure("cost", speed[2]);
    figure("resident_mb", resident);
    figure("disk_mb", disk);
    figure("restart_s", restart);
    Ok(())
}
