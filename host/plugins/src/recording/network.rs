//! The network, with a record of what passes: requests by their digest, answers frame by frame, each with how long it took.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Instant,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame as HttpFrame, SizeHint};
use sha2::{Digest as _, Sha256};

use super::{Answered, Asked, BodyEnd, Frame, recorder::Tape};
use crate::egress::{Body, BoxError, Exchange, SendError, Transport, chain};

/// A transport whose exchanges are kept.
pub(super) struct Taped {
    pub(super) inner: Arc<dyn Transport>,
    pub(super) tape: Arc<Tape>,
}

impl Transport for Taped {
    fn begin(&self, request: Request<Body>) -> Exchange<'_> {
        let (method, url) = (request.method().to_string(), request.uri().to_string());
        let number = self.tape.asked(Asked { method, url, body: Sha256::digest([]).into(), body_bytes: 0 });
        let tape = || Arc::clone(&self.tape);
        let request = request.map(|body| {
            let is_whole = body.is_end_stream();
            Sent { body, tape: tape(), number, digest: Sha256::new(), bytes: 0, is_whole }.boxed_unsync()
        });
        let began = Instant::now();
        let sending = self.inner.begin(request);
        Box::pin(async move {
            let answered = sending.await;
            let wait_us = micros(began);
            match answered {
                Ok(response) => Ok(self.received(number, wait_us, response)),
                Err(error) => {
                    self.failed(number, wait_us, &error);
                    Err(error)
                }
            }
        })
    }
}

impl Taped {
    fn received(&self, number: usize, wait_us: u64, response: Response<Body>) -> Response<Body> {
        let headers: Vec<(String, Bytes)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), Bytes::copy_from_slice(value.as_bytes())))
            .collect();
        let bytes = headers.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum();
        let (status, announced) = (response.status().as_u16(), response.body().size_hint().lower());
        let end = if response.body().is_end_stream() { BodyEnd::Whole } else { BodyEnd::Unread };
        self.tape.known(number, bytes, |exchanged| {
            exchanged.wait_us = wait_us;
            exchanged.answer = Answered::Response { status, headers, announced, frames: Vec::new(), end };
        });
        let tape = Arc::clone(&self.tape);
        response.map(|body| Received { body, tape, number, waits: None }.boxed_unsync())
    }

    fn failed(&self, number: usize, wait_us: u64, error: &SendError) {
        self.tape.known(number, 0, |exchanged| {
            exchanged.wait_us = wait_us;
            exchanged.answer = Answered::Failed(error.clone().into());
        });
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The body of a request, on its way out.
struct Sent {
    body: Body,
    tape: Arc<Tape>,
    number: usize,
    digest: Sha256,
    bytes: u64,
    is_whole: bool,
}

impl Sent {
    /// A part is about to leave, or there is none any more.
    fn passed(&mut self, frame: Option<&Result<HttpFrame<Bytes>, BoxError>>) {
        if let Some(data) = frame.and_then(|frame| frame.as_ref().ok()).and_then(HttpFrame::data_ref) {
            self.digest.update(data);
            self.bytes += data.len() as u64;
        }
        if !matches!(frame, Some(Ok(_))) || self.body.is_end_stream() {
            self.whole();
        }
    }

    /// All of it is known.
    fn whole(&mut self) {
        if !self.is_whole {
            self.is_whole = true;
            let (digest, bytes) = (self.digest.finalize_reset().into(), self.bytes);
            self.tape.known(self.number, 0, |exchanged| {
                (exchanged.request.body, exchanged.request.body_bytes) = (digest, bytes);
            });
        }
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<HttpFrame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.passed(frame.as_ref());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Who found nobody to send a body to, or has all of one whose length is known, asks for no more. What was asked is known by the whole
/// of it all the same.
impl Drop for Sent {
    fn drop(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        while !self.is_whole {
            match Pin::new(&mut self.body).poll_frame(&mut cx) {
                Poll::Ready(frame) => self.passed(frame.as_ref()),
                Poll::Pending => {
                    self.tape.lacks("a request ended before the handler had written all of it: try another attempt");
                    self.whole();
                }
            }
        }
    }
}

/// The body of a response, on its way in.
struct Received {
    body: Body,
    tape: Arc<Tape>,
    number: usize,
    /// Since when its next part is waited for; none where nobody asked for it, or it was there at once.
    waits: Option<Instant>,
}

impl Received {
    fn keep(&mut self, frame: Option<&Result<HttpFrame<Bytes>, BoxError>>) {
        let wait_us = self.waits.take().map_or(0, micros);
        let (part, ended) = match frame {
            None => (None, Some(BodyEnd::Whole)),
            Some(Err(error)) => (None, Some(BodyEnd::Broken(chain(&**error)))),
            Some(Ok(frame)) => match frame.data_ref() {
                Some(bytes) => (Some(Frame { wait_us, bytes: bytes.clone() }), None),
                None => return self.tape.lacks("an answer had trailers, which are not kept: try another attempt"),
            },
        };
        let bytes = part.as_ref().map_or(0, |part| part.bytes.len() as u64);
        let ended = ended.or_else(|| self.body.is_end_stream().then_some(BodyEnd::Whole));
        self.tape.known(self.number, bytes, |exchanged| {
            if let Answered::Response { frames, end, .. } = &mut exchanged.answer {
                frames.extend(part);
                *end = ended.unwrap_or(BodyEnd::Unread);
            }
        });
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<HttpFrame<Bytes>, BoxError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            self.waits.get_or_insert_with(Instant::now);
            return Poll::Pending;
        };
        self.keep(frame.as_ref());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
