//! What a handler called, point by point, and the scissors that cut a life off at one of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mpy6a_plugins::surroundings::{Cut, HostCall, Moment, Witness};

/// Longest text of a call, in characters: a line of a terminal, with its number.
const CALL_CHARS_MAX: usize = 60;

/// A place where a host can die that somebody could tell from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// How far the call had come.
    pub moment: Moment,
    /// The call, for people: `append {"a":1}`.
    pub call: String,
    /// Which run of this life it is in, from 0.
    pub run: usize,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = match self.moment {
            Moment::Called => "before",
            Moment::Durable => "after the commit, before",
            Moment::Answered => "after",
        };
        write!(f, "{place} {}", self.call)
    }
}

/// The points of a life so far, and where to cut it next.
#[derive(Default)]
pub struct Trace(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Points since the last cut, and those before it.
    phases: Vec<Vec<Point>>,
    /// Where to cut each phase, the next first: the number of a point in it.
    cuts: Vec<usize>,
    run: usize,
}

impl Trace {
    /// A trace to be cut at point `cuts[0]` of the life, then at point `cuts[1]` of what follows, and so on.
    #[must_use]
    pub fn cut_at(cuts: &[usize]) -> Self {
        let cuts = cuts.iter().rev().copied().collect();
        Self(Mutex::new(Inner { phases: vec![Vec::new()], cuts, run: 0 }))
    }

    /// Another run begins.
    pub fn begin_run(&self, number: usize) {
        self.lock().run = number;
    }

    /// The last point of a run: the handler returned, and nothing of that is durable.
    ///
    /// # Errors
    ///
    /// [`Cut`]: the host dies here.
    pub fn at_return(&self) -> Result<(), Cut> {
        self.pass(Moment::Called, "the end of the run is committed".to_owned())
    }

    /// The points of the life: those up to the first cut, those from there to the second, and so on.
    #[must_use]
    pub fn phases(&self) -> Vec<Vec<Point>> {
        self.lock().phases.clone()
    }

    fn pass(&self, moment: Moment, call: String) -> Result<(), Cut> {
        let mut inner = self.lock();
        let run = inner.run;
        let Some(phase) = inner.phases.last_mut() else { return Ok(()) };
        phase.push(Point { moment, call, run });
        let number = phase.len() - 1;
        if inner.cuts.last() != Some(&number) {
            return Ok(());
        }
        inner.cuts.pop();
        inner.phases.push(Vec::new());
        Err(Cut)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for Trace {
    fn at(&self, moment: Moment, call: &HostCall<'_>) -> Result<(), Cut> {
        self.pass(moment, describe(call))
    }
}

/// A call on one line.
fn describe(call: &HostCall<'_>) -> String {
    match call {
        HostCall::Id => "session id".to_owned(),
        HostCall::Fence => "fence".to_owned(),
        HostCall::Append(record) => format!("append {}", brief(record)),
        HostCall::Replace(record) => format!("replace {}", brief(record)),
        HostCall::Delete => "delete".to_owned(),
        HostCall::Store(None) => "store".to_owned(),
        HostCall::Store(Some(seconds)) => format!("store {seconds}"),
        HostCall::Http { method, url } => brief(format!("{method} {url}").as_bytes()),
        HostCall::Log(_, text) => format!("log {}", brief(text.as_bytes())),
    }
}

/// A record as text on one line, cut if it is long; bytes that are no text as hex.
#[must_use]
pub fn brief(record: &[u8]) -> String {
    shorten(&full(record))
}

/// A record as text on one line; bytes that are no text as `hex:…`.
#[must_use]
pub fn full(record: &[u8]) -> String {
    match std::str::from_utf8(record) {
        Ok(text) => text.chars().flat_map(escape).collect(),
        Err(_) => format!("hex:{}", hex::encode(record)),
    }
}

/// The first characters of a text, with a mark where there are more.
#[must_use]
pub fn shorten(text: &str) -> String {
    let mut shown: String = text.chars().take(CALL_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// What a terminal would obey is written out.
fn escape(char: char) -> Box<dyn Iterator<Item = char>> {
    if char.is_control() { Box::new(char.escape_default()) } else { Box::new(std::iter::once(char)) }
}
