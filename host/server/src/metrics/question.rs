//! Something that is asked when somebody looks, and may get no answer: of the writer, of the disk.
//!
//! Either may be stuck, the writer at a disk that does not answer, for example. Then a look must say so instead of waiting, and looks
//! that come again and again must not pile up behind it. So there is one question at most, with a time limit to wait for its
//! answer; the next look waits for the answer to the same question.

use std::time::Duration;

use tokio::{sync::Mutex, task::JoinHandle, time::timeout};

use crate::limits::LOOK_TIME_MAX;

/// A question, asked once at a time.
#[derive(Debug)]
pub struct Question<T>(Mutex<Option<JoinHandle<Option<T>>>>);

impl<T> Default for Question<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Question<T> {
    /// The answer; none where there is none in time. `ask` is called where the question is not under way already.
    pub async fn answer(&self, ask: impl FnOnce() -> JoinHandle<Option<T>>) -> Option<T> {
        self.answer_within(LOOK_TIME_MAX, ask).await
    }

    async fn answer_within(&self, time: Duration, ask: impl FnOnce() -> JoinHandle<Option<T>>) -> Option<T> {
        let answer = async {
            let mut asked = self.0.lock().await;
            let answer = asked.get_or_insert_with(ask).await.ok().flatten();
            *asked = None;
            answer
        };
        // Out of time the question stays where it is.
        timeout(time, answer).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_question_without_an_answer_is_not_asked_twice() {
        let question = Question::default();
        let (answer, asked) = oneshot::channel();
        let ask = || tokio::spawn(async { asked.await.ok() });
        assert_eq!(question.answer_within(Duration::from_millis(1), ask).await, None);
        let (_never, again) = oneshot::channel::<u32>();
        answer.send(7).unwrap();
        assert_eq!(question.answer(|| tokio::spawn(async { again.await.ok() })).await, Some(7), "the first question's");
        assert_eq!(question.answer(|| tokio::spawn(async { Some(8) })).await, Some(8));
    }
}
