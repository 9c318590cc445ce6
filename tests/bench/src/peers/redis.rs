//! Redis: a list of records for each session, and a sorted set of when sessions fall due.

use redis::aio::MultiplexedConnection;
use rustix::process::Signal;
use tempfile::TempDir;

use super::Peer;
use crate::{
    Outcome,
    daemon::{self, Daemon, User},
    load::{Laps, RECORD_BYTES, Worker},
};

/// The sorted set.
const DUE: &str = "due";

pub struct Redis {
    client: redis::Client,
    _daemon: Daemon,
    _folder: TempDir,
}

impl Peer for Redis {
    const NAME: &str = "Redis";
    const KEY: &str = "redis";
    const HOW: &str = "MULTI RPUSH ZADD, RPUSH, MULTI DEL ZREM on one multiplexed connection; appendfsync always";
    type Worker = Session;

    async fn start() -> Outcome<Self> {
        let program = daemon::find(&["redis-server", "valkey-server"])?;
        let folder = daemon::folder(User::Nobody)?;
        let address = daemon::free_address()?;
        let mut command = daemon::command(program, User::Nobody);
        command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string(), "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(folder.path());
        let mut daemon = Daemon::start(command, folder.path(), Signal::TERM)?;
        daemon.listening(address).await?;
        Ok(Self { client: redis::Client::open(format!("redis://{address}"))?, _daemon: daemon, _folder: folder })
    }

    async fn workers(&self, in_flight: usize, _: usize) -> Outcome<Vec<Session>> {
        let connection = self.client.get_multiplexed_async_connection().await?;
        Ok((0..in_flight).map(|_| Session { connection: connection.clone() }).collect())
    }
}

/// One workflow in flight.
pub struct Session {
    connection: MultiplexedConnection,
}

impl Worker for Session {
    async fn turn(&mut self, laps: &mut Laps) -> Outcome<()> {
        let record: &[u8] = &[7; RECORD_BYTES];
        // Ids are drawn by the client, as the host's are by the host: a round trip to INCR would only slow Redis down.
        let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let key = format!("session:{id}");
        let connection = &mut self.connection;

        let mut new = redis::pipe();
        new.atomic().rpush(&key, record).ignore().zadd(DUE, id, 30).ignore();
        () = new.query_async(connection).await?;
        laps.lap(0);

        let length: u64 = redis::cmd("RPUSH").arg(&key).arg(record).query_async(connection).await?;
        laps.lap(1);

        let mut delete = redis::pipe();
        delete.atomic().del(&key).zrem(DUE, id);
        let gone: (u64, u64) = delete.query_async(connection).await?;
        laps.lap(2);
        if (length, gone) != (2, (1, 1)) {
            return Err(format!("session {id}: {length} records, {gone:?} deleted").into());
        }
        Ok(())
    }
}

static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
