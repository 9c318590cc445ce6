//! What happened, in words: a hash of all of it, to tell whether two runs were the same, and its tail, to read.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use xxhash_rust::xxh3::Xxh3;

/// How many lines are kept to be shown after a failure: a page or two.
const TAIL_LINES: usize = 80;

/// A history. Clones write into the same one.
#[derive(Clone)]
pub struct History(Arc<Mutex<Inner>>);

struct Inner {
    hash: Xxh3,
    tail: VecDeque<String>,
    verbose: bool,
}

impl History {
    /// An empty history. `verbose`: every line is printed as it comes.
    pub fn new(verbose: bool) -> Self {
        Self(Arc::new(Mutex::new(Inner { hash: Xxh3::new(), tail: VecDeque::new(), verbose })))
    }

    pub fn say(&self, line: String) {
        let mut inner = self.0.lock().unwrap();
        inner.hash.update(line.as_bytes());
        inner.hash.update(b"\n");
        if inner.verbose {
            println!("  {line}");
        }
        if inner.tail.len() == TAIL_LINES {
            inner.tail.pop_front();
        }
        inner.tail.push_back(line);
    }

    /// Equal for equal histories.
    pub fn hash(&self) -> u64 {
        self.0.lock().unwrap().hash.digest()
    }

    pub fn tail(&self) -> Vec<String> {
        self.0.lock().unwrap().tail.iter().cloned().collect()
    }
}
