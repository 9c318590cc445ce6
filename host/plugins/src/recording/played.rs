//! What is given once more: the body of an answer, as it came, and readings of a clock.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame as HttpFrame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::{BodyEnd, Frame};
use crate::egress::BoxError;

/// A body to be read once more.
pub(super) struct Played {
    /// How many bytes it announces that are not read yet.
    announced: u64,
    frames: VecDeque<Frame>,
    end: BodyEnd,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Played {
    pub(super) fn new(announced: u64, frames: Vec<Frame>, end: BodyEnd) -> Self {
        Self { announced, frames: frames.into(), end, waiting: None }
    }

    /// Wait as long as then; nothing that was there at once is waited for.
    fn waited(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wait_us = self.frames.front().map_or(0, |frame| frame.wait_us);
        if wait_us > 0 {
            let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(Duration::from_micros(wait_us))));
            ready!(waiting.as_mut().poll(cx));
        }
        self.waiting = None;
        Poll::Ready(())
    }
}

impl HttpBody for Played {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<HttpFrame<Bytes>, BoxError>>> {
        ready!(self.waited(cx));
        if let Some(frame) = self.frames.pop_front() {
            self.announced = self.announced.saturating_sub(frame.bytes.len() as u64);
            return Poll::Ready(Some(Ok(HttpFrame::data(frame.bytes))));
        }
        match std::mem::replace(&mut self.end, BodyEnd::Whole) {
            BodyEnd::Whole => Poll::Ready(None),
            BodyEnd::Broken(why) => Poll::Ready(Some(Err(why.into()))),
            // Nothing came then, so nothing will: who waits, waits as long as then.
            BodyEnd::Unread => {
                self.end = BodyEnd::Unread;
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.end == BodyEnd::Whole
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.announced);
        hint
    }
}

/// Readings of a clock, each given once. A run that looks more often than then finds the last one, and time that passed since.
pub(super) struct Readings {
    left: VecDeque<u64>,
    last: Duration,
    /// When the last one was given, by the replay's own time.
    at: Duration,
}

impl Readings {
    pub(super) fn of(nanos: Vec<u64>) -> Self {
        Self { left: nanos.into(), last: Duration::ZERO, at: Duration::ZERO }
    }

    pub(super) fn next(&mut self, since: Duration) -> Duration {
        self.last = match self.left.pop_front() {
            Some(nanos) => Duration::from_nanos(nanos),
            None => self.last + since.saturating_sub(self.at),
        };
        self.at = since;
        self.last
    }
}
