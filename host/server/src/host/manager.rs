//! Tells the service manager how the host is, in the words of sd_notify(3): systemd, or whatever else set `NOTIFY_SOCKET`.
//!
//! | what it is told | when |
//! |---|---|
//! | `READY=1` | health says SERVING; and again after a reload |
//! | `STATUS=…` | kinds and sessions by state, when that changed |
//! | `WATCHDOG=1` | the writer has answered; only where the manager asked for it, twice within its time |
//! | `RELOADING=1` | SIGHUP arrived, and everything is being read again |
//! | `STOPPING=1` | told to stop; with the time that it may take |
//!
//! The writer is what everything durable passes, so a host is alive if its writer is. One that waits for its disk for
//! longer than the manager's time is started again.
//!
//! A manager that does not listen must not hold up the host: a thread of its own talks to it, and what it is too slow for is
//! not said. Without a manager nothing here does anything, but that SIGHUP is still obeyed.

use std::{
    collections::BTreeMap,
    env, io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use mpy6a_sessions::{Counts, Error, Sessions};
use sd_notify::NotifyState;
use tokio::{signal::unix::Signal, sync::oneshot, time};
use tracing::{info, warn};

use crate::{
    limits::{MANAGER_MESSAGES_MAX, MANAGER_PATIENCE, MANAGER_STATUS_INTERVAL, MANAGER_WATCHDOG_MIN, STOP_SLACK},
    reload::{Bell, Board, InService},
};

/// What is said at once.
struct Message {
    /// States: a variable and its value each.
    states: Vec<String>,
    /// Closed when it was said, or could not be.
    said: oneshot::Sender<()>,
}

/// What started this process and watches over it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Manager {
    /// To the thread that talks to it, if there is one that listens.
    messages: Option<SyncSender<Message>>,
    /// It wants to hear of the writer at least this often.
    watchdog: Option<Duration>,
}

impl Manager {
    /// The one that the environment names.
    ///
    /// # Errors
    ///
    /// If the system has no thread to talk to it.
    pub fn of_this_process() -> io::Result<Self> {
        if env::var_os("NOTIFY_SOCKET").is_none() {
            return Ok(Self { messages: None, watchdog: None });
        }
        let (messages, to_say) = sync_channel(MANAGER_MESSAGES_MAX);
        thread::Builder::new().name("mpy6a-manager".to_owned()).spawn(move || talk(to_say))?;
        let watchdog = sd_notify::watchdog_enabled().filter(|within| *within >= MANAGER_WATCHDOG_MIN);
        Ok(Self { messages: Some(messages), watchdog })
    }

    /// From now on the host serves. Tells so, and how the host is for as long as its writer answers.
    pub async fn serving(&self, sessions: &Sessions, board: &Arc<Board>) {
        if self.messages.is_some() {
            let status = sessions.counts().await.map(|counts| status(&board.now(), &counts)).unwrap_or_default();
            self.tell(vec!["READY=1".to_owned(), format!("STATUS={status}")]);
            tokio::spawn(self.clone().go_on_telling(sessions.clone(), Arc::clone(board)));
        }
    }

    /// Read everything again at each SIGHUP.
    pub fn reload_at(self, mut hangup: Signal, bell: Bell) {
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                info!("SIGHUP: reading the config and every plugin again");
                // The time tells a manager that this answers its own signal and no earlier one.
                let now = NotifyState::monotonic_usec_now().map(|now| now.to_string()).unwrap_or_default();
                self.tell(vec!["RELOADING=1".to_owned(), now]);
                bell.ring().await;
                self.tell(vec!["READY=1".to_owned()]);
            }
        });
    }

    /// From now on it stops, which takes as long as runs may go on, and a little more.
    pub async fn stopping(&self, shutdown: Duration) {
        let most = format!("EXTEND_TIMEOUT_USEC={}", (shutdown + STOP_SLACK).as_micros());
        let states = vec!["STOPPING=1".to_owned(), "STATUS=stopping: what is under way may finish".to_owned(), most];
        // An idle host is gone in a moment, and this should be heard before.
        let _ = time::timeout(MANAGER_PATIENCE, self.tell(states)).await;
    }

    async fn go_on_telling(self, sessions: Sessions, board: Arc<Board>) {
        // Twice within its time: one late answer is no death.
        let watched = self.watchdog.map(|within| within / 2);
        let mut ticks = time::interval(watched.unwrap_or(MANAGER_STATUS_INTERVAL).min(MANAGER_STATUS_INTERVAL));
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        let mut told = String::new();
        loop {
            ticks.tick().await;
            let counts = match sessions.counts().await {
                Ok(counts) => counts,
                // Crowded out, which is no sign of death: ask until there is room.
                Err(Error::Overloaded(wait)) => {
                    ticks.reset_after(wait);
                    continue;
                }
                // The host is stopping, or its store failed: it ends, and has said why.
                Err(_) => return,
            };
            let status = status(&board.now(), &counts);
            let mut states = Vec::new();
            if status != told {
                states.push(format!("STATUS={status}"));
                told = status;
            }
            if self.watchdog.is_some() {
                states.push("WATCHDOG=1".to_owned());
            }
            if !states.is_empty() {
                self.tell(states);
            }
        }
    }

    /// Have this said. What comes back is over when it was.
    fn tell(&self, states: Vec<String>) -> oneshot::Receiver<()> {
        let (said, over) = oneshot::channel();
        if let Some(messages) = &self.messages {
            // Full where the manager does not listen: it has more to worry about than this.
            let _ = messages.try_send(Message { states, said });
        }
        over
    }
}

/// Tell the manager one message after another, for as long as there is somebody who has something to say.
fn talk(to_say: Receiver<Message>) {
    for Message { states, said } in to_say {
        let states: Vec<NotifyState<'_>> = states.iter().map(|state| NotifyState::Custom(state)).collect();
        if let Err(error) = sd_notify::notify(&states) {
            warn!(%error, "the service manager cannot be told how the host is: let NOTIFY_SOCKET name its socket, or unset it");
        }
        drop(said);
    }
}

/// A line for people: `kinds: 3; active: 12, stored: 4, repeating: 1, parked: 2`, and what somebody should look at.
fn status(now: &InService, counts: &BTreeMap<u32, Counts>) -> String {
    let sum = |count: fn(&Counts) -> u64| counts.values().map(count).sum::<u64>();
    let mut text = format!(
        "kinds: {}; active: {}, stored: {}, repeating: {}, parked: {}",
        now.config.kinds.len(),
        sum(|count| count.active),
        sum(|count| count.stored),
        sum(|count| count.repeating),
        sum(|count| count.parked),
    );
    if now.config_trouble.is_some() {
        text.push_str("; the config is wrong, the old one is in service");
    }
    if !now.plugin_troubles.is_empty() {
        text.push_str(&format!("; kinds whose plugin is wrong: {}", now.plugin_troubles.len()));
    }
    text
}
