//! How many repeats a second a host does, each with one session operation; and how late they start at a given rate.

use std::time::{Duration, SystemTime};

use crate::{
    Outcome,
    client::fill::{Fill, deleting, fill},
    ended::{self, Ended},
    host::{DUE, Due, Host},
    load::{histogram, ms},
    report::{
        Measured,
        table::{Table, number},
    },
    rounds::{Rounds, median},
};

/// How many fall due at once.
const AT_ONCE: usize = 30_000;
/// The rate at which the lag is measured, and how long for: chance spreads the sessions' due times over these seconds.
const PER_S: usize = 5_000;
const SPREAD_S: u32 = 16;
/// How long after it is stored a session may first fall due: longer than it takes to fill.
const LATER_S: u32 = 20;
const TABLE: Table = Table(&[44, 11, 11, 11]);

pub async fn run(rounds: Rounds, out: &mut Measured) -> Outcome<()> {
    let per_s = drain(rounds).await?;
    out.line(format!("{} repeats fall due at once: {} repeats/s", number(AT_ONCE as f64), number(per_s)));
    out.figure("repeats.per_s", per_s);
    out.line("");
    lag(out).await
}

/// From the first end to the last, by the host's log. The log itself is on, as by default: a line a repeat.
async fn drain(rounds: Rounds) -> Outcome<f64> {
    let waiting = Due { paused: true, ..Due::default() };
    let host = Host::start(waiting).await?;
    let mut all = Vec::new();
    for round in 0..rounds.rounds as usize {
        fill(&host, &Fill { kind: DUE, record: deleting(), sessions: AT_ONCE, store_s: Some(0) }).await?;
        host.reconfigure(Due::default()).await?;
        let ended = ended::wait(&host, round * AT_ONCE, AT_ONCE).await?;
        host.reconfigure(waiting).await?;
        all.push((ended.len() - 1) as f64 / span(&ended)?.as_secs_f64());
    }
    median(all, |&per_s| per_s)
}

fn span(ended: &[Ended]) -> Outcome<Duration> {
    let (first, last) = (ended.iter().map(|ended| ended.at).min(), ended.iter().map(|ended| ended.at).max());
    let (first, last) = first.zip(last).ok_or("no repeat ended")?;
    Ok(last.duration_since(first)?)
}

async fn lag(out: &mut Measured) -> Outcome<()> {
    let host = Host::start(Due { jitter_s: SPREAD_S, ..Due::default() }).await?;
    let sessions = PER_S * SPREAD_S as usize;
    let began = SystemTime::now();
    fill(&host, &Fill { kind: DUE, record: deleting(), sessions, store_s: Some(LATER_S) }).await?;
    let filled = SystemTime::now();
    // While sessions were being stored, earlier ones may already fall due; after these times, the first ones have all fallen due.
    // Between them the rate is even.
    let (from, to) =
        (filled + Duration::from_secs(LATER_S.into()), began + Duration::from_secs((LATER_S + SPREAD_S).into()));
    let even = to.duration_since(from).ok().filter(|span| span.as_secs() >= 2).ok_or_else(|| {
        format!("{sessions} sessions took {:?} to store, too long for an even rate", filled.duration_since(began))
    })?;
    let ended = ended::wait(&host, 0, sessions).await?;
    let (mut lags, mut totals) = (histogram(), histogram());
    for ended in ended.iter().filter(|ended| (from..to).contains(&ended.due())) {
        lags.saturating_record(ended.lag_us);
        totals.saturating_record(ended.total_us);
    }
    let per_s = lags.len() as f64 / even.as_secs_f64();
    out.line(TABLE.row(&[&format!("at {} repeats/s", number(per_s)), "p50 ms", "p99 ms", "max ms"]));
    for (name, times) in [("due to start", &lags), ("due to committed", &totals)] {
        out.line(TABLE.row(&[
            name.to_owned(),
            number(ms(times, 0.5)),
            number(ms(times, 0.99)),
            number(ms(times, 1.0)),
        ]));
    }
    out.figure("repeats.offered_per_s", per_s);
    out.figure("repeats.lag_p50_ms", ms(&lags, 0.5));
    out.figure("repeats.lag_p99_ms", ms(&lags, 0.99));
    out.figure("repeats.total_p99_ms", ms(&totals, 0.99));
    Ok(())
}
