//! Progress while it runs: one line, rewritten on a terminal; a line a second where the output goes elsewhere.

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::{admin::Sessions, check::Fate, drive::Outcome};

/// How often the line is rewritten on a terminal, and how often one is written elsewhere.
const REWRITE_EVERY: Duration = Duration::from_millis(100);
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// Where things stand. The clients write it, [`show`] reads it.
pub struct Board {
    began: Instant,
    total: usize,
    state: Mutex<State>,
    ended: watch::Sender<usize>,
}

#[derive(Clone, Default)]
struct State {
    created: usize,
    taken: usize,
    left: usize,
    died: usize,
    sessions: Option<Sessions>,
    said: &'static str,
}

impl Board {
    /// A board for so many clients.
    pub fn new(total: usize) -> Self {
        Self { began: Instant::now(), total, state: Mutex::default(), ended: watch::Sender::new(0) }
    }

    /// A client has ended.
    pub fn ended(&self, outcome: &Outcome) {
        let mut state = self.lock();
        match outcome {
            Outcome { died: true, .. } => state.died += 1,
            Outcome { fate: Fate::Created(_), .. } => state.created += 1,
            Outcome { fate: Fate::NickTaken(_), .. } => state.taken += 1,
            Outcome { fate: Fate::Unfinished | Fate::NotBegun, .. } => state.left += 1,
        }
        drop(state);
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// All clients have ended, and the host still has these sessions.
    pub fn waiting_for(&self, sessions: Sessions) {
        self.lock().sessions = Some(sessions);
    }

    /// Something to be read beside the numbers.
    pub fn say(&self, what: &'static str) {
        self.lock().said = what;
    }

    /// Wait until half of the clients have ended.
    pub async fn half_done(&self) {
        let half = self.total / 2;
        // The sender lives as long as the board: this cannot fail.
        let _ = self.ended.subscribe().wait_for(|ended| *ended >= half).await;
    }

    /// Where things stand, in one line of at most 79 characters.
    pub fn line(&self) -> String {
        let State { created, taken, left, died, sessions, said } = self.lock().clone();
        let seconds = self.began.elapsed().as_secs_f32();
        let rest = match sessions {
            None => {
                let ended = created + taken + left + died;
                format!("{ended}/{}: {created} ok {taken} taken {left} failed {died} died", self.total)
            }
            Some(sessions) => {
                let Sessions { active, stored, repeating, parked } = sessions;
                format!("sessions: {active} active {stored} stored {repeating} repeating {parked} parked")
            }
        };
        let said = if said.is_empty() { String::new() } else { format!("; {said}") };
        format!("{seconds:5.1} s  {rest}{said}")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that shows a board.
pub struct Drawing {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

/// Show a board on standard error until told to stop.
pub fn show(board: Arc<Board>) -> Drawing {
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let task = tokio::spawn(async move {
        let is_terminal = stderr().is_terminal();
        let every = if is_terminal { REWRITE_EVERY } else { WRITE_EVERY };
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => draw(&board.line(), is_terminal, false),
                () = stopped.notified() => break draw(&board.line(), is_terminal, true),
            }
        }
    });
    Drawing { stop, task }
}

impl Drawing {
    /// Show the board a last time, and end.
    pub async fn stop(self) {
        self.stop.notify_one();
        // It does not fail; if it did, there would be nothing to show it on.
        let _ = self.task.await;
    }
}

fn draw(line: &str, is_terminal: bool, is_last: bool) {
    let mut err = stderr().lock();
    // A closed standard error is no reason to end the demonstration.
    let _ = match (is_terminal, is_last) {
        // To the line's start, the text, and clear what is left of a longer one.
        (true, false) => write!(err, "\r{line}\x1b[K").and_then(|()| err.flush()),
        (true, true) => writeln!(err, "\r{line}\x1b[K"),
        (false, _) => writeln!(err, "{line}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_eighty_columns() {
        let board = Board::new(99_999);
        *board.lock() =
            State { created: 85_000, taken: 1_000, left: 10_000, died: 3_999, sessions: None, said: "host is back" };
        assert!(board.line().len() < 80, "{}", board.line());
        let sessions = Sessions { active: 999, stored: 9_999, repeating: 16, parked: 999 };
        board.waiting_for(sessions);
        board.say("checking");
        assert!(board.line().len() < 80, "{}", board.line());
    }

    #[tokio::test]
    async fn half_done_is_half() {
        let board = Arc::new(Board::new(4));
        let waits = tokio::spawn({
            let board = Arc::clone(&board);
            async move { board.half_done().await }
        });
        board.ended(&Outcome { fate: Fate::Created(1), died: false });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        board.ended(&Outcome { fate: Fate::Unfinished, died: true });
        assert!(waits.await.is_ok());
    }
}
