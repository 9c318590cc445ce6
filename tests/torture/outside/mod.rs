//! The outside, as handlers see it: a server that writes down what each run was handed and tells it what to do next.
//!
//! The handlers are `tests/guests/puppet`. What they do is drawn by the round's seed: [`script`].

mod script;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::http::{Response, StatusCode};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::time::sleep;

use self::script::Writer;
use crate::{
    harness::{Effects, Seen, plain},
    history::{At, Handed, Index, Record, Tag},
    load::Watch,
};

/// Longer than a run may take: the host cuts it.
const TOO_LONG: Duration = Duration::from_millis(1500);

/// The server, until it is dropped.
pub struct Outside {
    pub effects: Effects,
    book: Arc<Mutex<Book>>,
}

/// What it wrote down.
struct Book {
    watch: Watch,
    chance: StdRng,
    writer: Writer,
    runs: HashMap<Tag, Vec<Handed>>,
    /// Which session each run was of, by its fence.
    tags: HashMap<Index, Tag>,
}

impl Outside {
    pub async fn start(seed: u64, watch: Watch) -> Self {
        let chance = StdRng::seed_from_u64(seed);
        let (runs, tags) = (HashMap::new(), HashMap::new());
        let book = Arc::new(Mutex::new(Book { watch, chance, writer: Writer::default(), runs, tags }));
        let of_server = Arc::clone(&book);
        let effects = Effects::start(move |seen| answer(Arc::clone(&of_server), seen)).await;
        Self { effects, book }
    }

    /// From now on let every run finish its session.
    pub fn calm(&self) {
        lock(&self.book).writer.calm = true;
    }

    /// What was handed to runs, by session.
    pub fn take(&self) -> HashMap<Tag, Vec<Handed>> {
        std::mem::take(&mut lock(&self.book).runs)
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(book: Arc<Mutex<Book>>, seen: Seen) -> Response<String> {
    let (text, wait) = {
        let mut book = lock(&book);
        let text = match seen.path.as_str() {
            "/handed" => book.handed(&seen),
            _ => book.still(&seen),
        };
        (text, book.wait())
    };
    sleep(wait).await;
    match text {
        Some(text) => plain(StatusCode::OK, &text),
        None => plain(StatusCode::BAD_REQUEST, "not understood"),
    }
}

impl Book {
    /// A run tells what it was handed: the script for it.
    fn handed(&mut self, seen: &Seen) -> Option<String> {
        let fact = |name: &str| seen.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let count: usize = fact("records")?.parse().ok()?;
        let mut records: Vec<Record> = seen.body.split(|byte| *byte == b'\n').map(Record::of).collect();
        if count != records.len() {
            records.push(Record::ALIEN);
        }
        let tag = records[0].session;
        let fence: Index = fact("fence")?.parse().ok()?;
        let earlier = self.runs.get(&tag).map_or(0, Vec::len);
        let script = self.writer.script(tag, earlier, &mut self.chance);
        let text = script::text(&script);
        let seen_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.tags.insert(fence, tag);
        self.runs.entry(tag).or_default().push(Handed {
            session: fact("session")?.parse().ok()?,
            fence,
            repeat: fact("repeat")?.parse().ok()?,
            records,
            due_ms: fact("due-ms")?.parse().ok()?,
            seen: self.watch.now(),
            seen_ms: u64::try_from(seen_ms).ok()?,
            script,
            told: Vec::new(),
        });
        Some(text)
    }

    /// A run sends a request on the way: what it did before is committed.
    fn still(&mut self, seen: &Seen) -> Option<String> {
        let (_, fence) = seen.query.iter().find(|(key, _)| key == "fence")?;
        let fence: Index = fence.parse().ok()?;
        let now: At = self.watch.now();
        let runs = self.runs.get_mut(self.tags.get(&fence)?)?;
        runs.iter_mut().find(|run| run.fence == fence)?.told.push(now);
        Some(String::new())
    }

    /// How long to let a run wait for its answer.
    fn wait(&mut self) -> Duration {
        match self.chance.random_range(0..100) {
            0..2 if !self.writer.calm => TOO_LONG,
            0..50 => Duration::ZERO,
            _ => Duration::from_millis(self.chance.random_range(0..40)),
        }
    }
}
