//! The same workflow in the systems that people would use instead. Each runs alone with the host, in turns with it, and is ended
//! before the next one starts.

use crate::{
    Outcome,
    client::{stream::Pipeline, unary},
    host::{Due, Host},
    load::{drive, ms},
    peers::{Peer, beanstalkd::Beanstalkd, nats::Nats, postgresql::PostgreSql, redis::Redis, restate::Restate},
    report::{
        Measured,
        table::{COLUMNS, Table, number, wrap},
    },
    rounds::{By, Pair, Rounds, median},
    sections::IN_FLIGHT,
};

/// How many workflows our stream has in flight beside a peer at its best.
const STREAMED: usize = 512;
const TABLE: Table = Table(&[15, 9, 6, 11, 8, 8, 10, 6]);

pub async fn run(rounds: Rounds, only: &[String], out: &mut Measured) -> Outcome<()> {
    let keys = [PostgreSql::KEY, Redis::KEY, Nats::KEY, Beanstalkd::KEY, Restate::KEY];
    if let Some(unknown) = only.iter().find(|name| !keys.contains(&name.as_str())) {
        return Err(format!("there is no peer {unknown:?}: name {}", keys.join(", ")).into());
    }
    let host = Host::start(Due::default()).await?;
    out.line(TABLE.row(&["", "in flight", "conns", "workflows/s", "p50 ms", "p99 ms", "mpy6a/s", "ratio"]));
    let mut notes = Vec::new();
    notes.push(peer::<PostgreSql>(rounds, only, &host, out).await);
    notes.push(peer::<Redis>(rounds, only, &host, out).await);
    notes.push(peer::<Nats>(rounds, only, &host, out).await);
    notes.push(peer::<Beanstalkd>(rounds, only, &host, out).await);
    notes.push(peer::<Restate>(rounds, only, &host, out).await);
    out.line("");
    let text = "latencies are of a whole workflow; mpy6a/s are unary workflows of the host in turns with the peer, ratio = mpy6a/s : \
                workflows/s. What the workflow is for each:";
    for line in wrap(text, COLUMNS) {
        out.line(line);
    }
    for line in notes.iter().flat_map(|note| wrap(note, COLUMNS)) {
        out.line(line);
    }
    Ok(())
}

/// One peer, if it is wanted and can be had. Answers what its workflow is.
async fn peer<P: Peer>(rounds: Rounds, only: &[String], host: &Host, out: &mut Measured) -> String {
    let note = format!("{}: {}.", P::NAME, P::HOW);
    if !only.is_empty() && !only.iter().any(|name| name == P::KEY) {
        return note;
    }
    let ended = async {
        let peer = P::start().await?;
        measure(rounds, &peer, host, out).await
    };
    if let Err(error) = ended.await {
        for line in wrap(&format!("{}: not measured: {error}", P::NAME), COLUMNS) {
            out.line(line);
        }
    }
    note
}

/// The best that was seen of a peer.
struct Best {
    per_s: f64,
    in_flight: usize,
    connections: usize,
}

async fn measure<P: Peer>(rounds: Rounds, peer: &P, host: &Host, out: &mut Measured) -> Outcome<()> {
    let mut best = Best { per_s: 0.0, in_flight: 1, connections: 1 };
    for in_flight in IN_FLIGHT {
        let connections = best_connections(rounds, peer, in_flight).await?;
        let theirs = peer.workers(in_flight, connections).await?;
        let ours = unary::workflows(&host.url, in_flight).await?;
        let pair = rounds.pair(ours, theirs, By::Workflows).await?;
        row::<P>(in_flight, connections, &pair, out);
        if pair.theirs.turns_per_s > best.per_s {
            best = Best { per_s: pair.theirs.turns_per_s, in_flight, connections };
        }
    }
    out.figure(format!("peers.{}.best_workflows_per_s", P::KEY), best.per_s);
    streamed(rounds, peer, host, best, out).await
}

/// Which number of connections serves it best, by a slice of each.
async fn best_connections<P: Peer>(rounds: Rounds, peer: &P, in_flight: usize) -> Outcome<usize> {
    let mut tried = Vec::new();
    for &connections in P::CONNECTIONS.iter().filter(|&&connections| connections <= in_flight) {
        let (_, measured) = drive(peer.workers(in_flight, connections).await?, rounds.slice).await?;
        tried.push((measured.turns_per_s, connections));
    }
    Ok(tried.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).map_or(in_flight, |(_, connections)| connections))
}

fn row<P: Peer>(in_flight: usize, connections: usize, pair: &Pair, out: &mut Measured) {
    let Pair { ours, theirs, ratio } = pair;
    let (p50, p99) = (ms(&theirs.turns, 0.5), ms(&theirs.turns, 0.99));
    // Where the peer has no choice of connections, their number is its client's business.
    let connections = if P::CONNECTIONS.is_empty() { String::new() } else { connections.to_string() };
    let mut cells = vec![P::NAME.to_owned(), in_flight.to_string(), connections];
    cells.extend([theirs.turns_per_s, p50, p99, ours.turns_per_s, *ratio].map(number));
    out.line(TABLE.row(&cells));
    let mut figure = |what: &str, value| out.figure(format!("peers.{}.{in_flight}.{what}", P::KEY), value);
    figure("workflows_per_s", theirs.turns_per_s);
    figure("workflow_p50_ms", p50);
    figure("workflow_p99_ms", p99);
    figure("ratio", *ratio);
}

/// Our stream beside the peer at its best, in turns.
async fn streamed<P: Peer>(rounds: Rounds, peer: &P, host: &Host, best: Best, out: &mut Measured) -> Outcome<()> {
    let Some(mut ours) = Pipeline::open(&host.url, STREAMED).await? else { return Ok(()) };
    let mut theirs = peer.workers(best.in_flight, best.connections).await?;
    let mut pairs = Vec::new();
    for _ in 0..rounds.rounds {
        let (back, of_theirs) = drive(theirs, rounds.slice).await?;
        theirs = back;
        pairs.push(Pair::new(ours.drive(STREAMED, rounds.slice).await?, of_theirs, By::Workflows));
    }
    let Pair { ours, theirs, ratio } = median(pairs, |pair| pair.ratio)?;
    let (p50, p99) = (ms(&theirs.turns, 0.5), ms(&theirs.turns, 0.99));
    let mut cells = vec!["  : our stream".to_owned(), best.in_flight.to_string(), String::new()];
    cells.extend([theirs.turns_per_s, p50, p99, ours.turns_per_s, ratio].map(number));
    out.line(TABLE.row(&cells));
    out.figure(format!("peers.{}.streamed_ratio", P::KEY), ratio);
    Ok(())
}
