//! Asks the writer how all kinds stand, for whoever looks.
//!
//! The writer may be stuck: at a disk that does not answer, for example. Then a look must say so instead of waiting, and looks that
//! come again and again must not pile up in the writer's queue. So there is one question at most, with a time limit to wait for
//! its answer; the next look waits for the answer to the same question.

use mpy6a_sessions::{Overview, Sessions};
use tokio::{sync::Mutex, task::JoinHandle, time::timeout};

use crate::limits::LOOK_TIME_MAX;

/// Asks, one question at a time.
pub struct Asker {
    sessions: Sessions,
    asked: Mutex<Option<JoinHandle<Option<Overview>>>>,
}

impl Asker {
    /// Asks this state machine.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions, asked: Mutex::default() }
    }

    /// How all kinds stand; none where the writer does not answer in time, or has ended.
    pub async fn ask(&self) -> Option<Overview> {
        let answer = async {
            let mut asked = self.asked.lock().await;
            let question = asked.get_or_insert_with(|| {
                let sessions = self.sessions.clone();
                tokio::spawn(async move { sessions.overview().await.ok() })
            });
            let answer = question.await.ok().flatten();
            *asked = None;
            answer
        };
        // Out of time the question stays where it is.
        timeout(LOOK_TIME_MAX, answer).await.ok().flatten()
    }
}
