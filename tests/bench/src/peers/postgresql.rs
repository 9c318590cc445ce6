//! PostgreSQL with a table of sessions: what a team that runs it already would write first.

use std::{path::PathBuf, sync::Arc};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::{Mutex, Semaphore};
use tokio_postgres::{Client, NoTls, Statement};

use super::Peer;
use crate::{
    Outcome,
    daemon::{self, Daemon, User},
    load::{Laps, RECORD_BYTES, Worker},
};

/// Where Debian puts the programs of its versions.
const VERSIONS: &str = "/usr/lib/postgresql";

/// One row a session; records in an array, so that each operation is one statement on one row. `due` is what a poller would
/// look for. Half of each page is left free, so an append needs no new index entries.
const SCHEMA: &str = "
    create table sessions (
        id      bigint generated always as identity primary key,
        kind    int not null,
        records bytea[] not null,
        due     timestamptz not null
    ) with (fillfactor = 50);
    create index on sessions (kind, due);";

/// How the server is set. `fsync` and `synchronous_commit` are its defaults, written out because they are the point; the rest is
/// what a server of this size would be given, so that neither memory nor checkpoints are what is measured.
const SETTINGS: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=256MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "max_connections=200",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
];

pub struct PostgreSql {
    options: String,
    _daemon: Daemon,
    _folder: TempDir,
}

impl Peer for PostgreSql {
    const NAME: &str = "PostgreSQL";
    const KEY: &str = "postgresql";
    const HOW: &str = "insert, update, delete of a row with an index on its due time; fsync=on, synchronous_commit=on, \
                       prepared statements, the best of several pool sizes";
    const CONNECTIONS: &[usize] = &[1, 8, 16, 32, 64, 128];
    type Worker = Session;

    async fn start() -> Outcome<Self> {
        let bin = bin()?;
        let folder = daemon::folder(User::Nobody)?;
        let data = folder.path().join("data");
        let mut init = daemon::command(bin.join("initdb"), User::Nobody);
        init.args(["--auth=trust", "--username=bench", "--encoding=UTF8", "--no-locale", "--pgdata"]).arg(&data);
        let init = init.current_dir(folder.path()).output()?;
        if !init.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&init.stderr).trim()).into());
        }
        let address = daemon::free_address()?;
        let mut command = daemon::command(bin.join("postgres"), User::Nobody);
        command.arg("-D").arg(&data).args(["-p", &address.port().to_string()]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let mut daemon = Daemon::start(command, folder.path(), Signal::INT)?;
        daemon.listening(address).await?;
        let options = format!("host=127.0.0.1 port={} user=bench dbname=postgres", address.port());
        let peer = Self { options, _daemon: daemon, _folder: folder };
        peer.connect().await?.batch_execute(SCHEMA).await?;
        Ok(peer)
    }

    async fn workers(&self, in_flight: usize, connections: usize) -> Outcome<Vec<Session>> {
        let mut free = Vec::new();
        for _ in 0..connections {
            free.push(Connection::new(self.connect().await?).await?);
        }
        let pool = Arc::new(Pool { permits: Semaphore::new(connections), free: Mutex::new(free) });
        Ok((0..in_flight).map(|_| Session { pool: Arc::clone(&pool) }).collect())
    }
}

impl PostgreSql {
    async fn connect(&self) -> Outcome<Client> {
        // It listens a moment before it lets anybody in.
        let mut tries = 0;
        loop {
            match tokio_postgres::connect(&self.options, NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return Ok(client);
                }
                Err(error) if tries == 100 => return Err(error.into()),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

/// The programs of the newest version that is installed.
fn bin() -> Outcome<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let bins = versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists());
    let number = |bin: &PathBuf| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    Ok(bins.max_by_key(number).ok_or("PostgreSQL is not installed: .ci/bench-peers installs it")?)
}

struct Connection {
    client: Client,
    insert: Statement,
    append: Statement,
    delete: Statement,
}

impl Connection {
    async fn new(client: Client) -> Outcome<Self> {
        let insert = "insert into sessions (kind, records, due)
                      values (1, array[$1::bytea], now() + interval '30 seconds') returning id";
        let append = "update sessions set records = array_append(records, $2::bytea) where id = $1";
        Ok(Self {
            insert: client.prepare(insert).await?,
            append: client.prepare(append).await?,
            delete: client.prepare("delete from sessions where id = $1").await?,
            client,
        })
    }
}

/// Each operation takes a free connection and gives it back, as in a service with a pool.
struct Pool {
    permits: Semaphore,
    free: Mutex<Vec<Connection>>,
}

/// One workflow in flight.
pub struct Session {
    pool: Arc<Pool>,
}

impl Worker for Session {
    async fn turn(&mut self, laps: &mut Laps) -> Outcome<()> {
        let record: &[u8] = &[7; RECORD_BYTES];
        let mut id = 0_i64;
        for step in 0..3 {
            let _permit = self.pool.permits.acquire().await?;
            let connection = self.pool.free.lock().await.pop().ok_or("the pool lost a connection")?;
            let Connection { client, insert, append, delete } = &connection;
            let changed = match step {
                0 => {
                    id = client.query_one(insert, &[&record]).await?.get(0);
                    1
                }
                1 => client.execute(append, &[&id, &record]).await?,
                _ => client.execute(delete, &[&id]).await?,
            };
            self.pool.free.lock().await.push(connection);
            if changed != 1 {
                return Err(format!("session {id}: {changed} rows changed").into());
            }
            laps.lap(step);
        }
        Ok(())
    }
}
