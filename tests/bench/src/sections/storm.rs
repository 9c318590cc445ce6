//! 100,000 clients die at once: their leases end together, their sessions are repeated, and other clients go on meanwhile.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::{
    Outcome,
    client::{
        fill::{Fill, deleting, fill, renew},
        unary,
    },
    ended,
    host::{DUE, Due, Host},
    load::{histogram, micros, ms, phase},
    report::{
        Measured,
        table::{Table, number},
    },
};

const SESSIONS: usize = 100_000;
/// The leases are renewed after each so many new sessions, so that none ends before the others.
const A_RENEW: usize = 10_000;
const LEASE_S: u32 = 15;
/// The other clients: how many workflows they have in flight, and how often it is looked whether the storm is over.
const IN_FLIGHT: usize = 16;
const SLICE: Duration = Duration::from_millis(250);
/// How long before the leases end the calm ends.
const MARGIN: Duration = Duration::from_secs(2);
const TABLE: Table = Table(&[30, 10, 12, 11, 11]);

pub async fn run(out: &mut Measured) -> Outcome<()> {
    let host = Host::start(Due { lease_s: LEASE_S, ..Due::default() }).await?;
    let mut handles = Vec::new();
    while handles.len() < SESSIONS {
        handles.extend(fill(&host, &Fill { kind: DUE, record: deleting(), sessions: A_RENEW, store_s: None }).await?);
        renew(&host, &handles).await?;
    }
    let leases_end = Instant::now() + Duration::from_secs(LEASE_S.into());

    let mut workers = unary::workflows(&host.url, IN_FLIGHT).await?;
    let [mut calm, mut stormy] = [Meanwhile::new(), Meanwhile::new()];
    let mut over = false;
    while !over {
        let began = Instant::now();
        let (back, measured) = phase(workers, SLICE).await?;
        workers = back;
        let kind = host.kind_until(DUE, |_| true).await?;
        let left = kind.active + kind.stored + kind.repeating;
        over = left == 0;
        if Instant::now() + MARGIN < leases_end {
            calm.add(&measured.steps, began.elapsed())?;
        } else if left < SESSIONS as u64 {
            stormy.add(&measured.steps, began.elapsed())?;
        }
    }
    let ended = ended::wait(&host, 0, SESSIONS).await?;
    let first = ended.iter().map(ended::Ended::due).min().ok_or("no repeat ended")?;
    let last = ended.iter().map(|ended| ended.at).max().ok_or("no repeat ended")?;
    let drained = last.duration_since(first)?.as_secs_f64();
    report(drained, &calm, &stormy, out);
    Ok(())
}

/// What other clients got meanwhile.
struct Meanwhile {
    times: Histogram<u64>,
    us: u64,
}

impl Meanwhile {
    fn new() -> Self {
        Self { times: histogram(), us: 0 }
    }

    fn add(&mut self, steps: &[Histogram<u64>], elapsed: Duration) -> Outcome<()> {
        self.us += micros(elapsed);
        for step in steps {
            self.times.add(step)?;
        }
        Ok(())
    }

    fn per_s(&self) -> f64 {
        self.times.len() as f64 / (self.us as f64 / 1e6)
    }
}

fn report(drained: f64, calm: &Meanwhile, stormy: &Meanwhile, out: &mut Measured) {
    let per_s = SESSIONS as f64 / drained;
    out.line(format!(
        "{} leases: all repeated {} s after the first ended ({} repeats/s)",
        number(SESSIONS as f64),
        number(drained),
        number(per_s)
    ));
    out.line("");
    out.line(TABLE.row(&[&format!("other clients, {IN_FLIGHT} in flight"), "ops/s", "p50 ms", "p99 ms", "max ms"]));
    for (name, meanwhile) in [("before", calm), ("during", stormy)] {
        let times = [0.5, 0.99, 1.0].map(|quantile| ms(&meanwhile.times, quantile));
        let mut cells = vec![name.to_owned(), number(meanwhile.per_s())];
        cells.extend(times.map(number));
        out.line(TABLE.row(&cells));
        out.figure(format!("storm.{name}.ops_per_s"), meanwhile.per_s());
        out.figure(format!("storm.{name}.p99_ms"), times[1]);
    }
    out.figure("storm.drained_s", drained);
    out.figure("storm.repeats_per_s", per_s);
}
