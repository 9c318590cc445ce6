//! A and B, as far as a handler can tell: one server that answers as it is told, A's calls below `/a`, B's below `/b`.

use std::{
    future,
    sync::{Arc, Mutex},
};

use axum::http::{HeaderValue, Response, StatusCode, header};

use crate::harness::{Effects, Seen, plain};

/// What a service answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// This status and body.
    Says(u16, &'static str),
    /// Never.
    Hangs,
}

/// Both services.
pub struct Services {
    effects: Effects,
    /// What A and B answer, and how many calls there were when that was said.
    now: Arc<Mutex<(Answer, Answer, usize)>>,
}

impl Services {
    /// Services that answer nothing yet.
    pub async fn start() -> Self {
        let now = Arc::new(Mutex::new((Answer::Hangs, Answer::Hangs, 0)));
        let told = Arc::clone(&now);
        let effects = Effects::start(move |seen| {
            let (a, b, _) = *told.lock().unwrap();
            answered(if seen.path.starts_with("/a/") { a } else { b })
        })
        .await;
        Self { effects, now }
    }

    /// Answer so from now on, and forget what was asked.
    pub fn answer(&self, a: Answer, b: Answer) {
        *self.now.lock().unwrap() = (a, b, self.effects.seen().len());
    }

    /// Answer so from now on.
    pub fn answer_from_now_on(&self, a: Answer, b: Answer) {
        let mut now = self.now.lock().unwrap();
        (now.0, now.1) = (a, b);
    }

    /// What was asked since.
    pub fn seen(&self) -> Vec<Seen> {
        let (.., before) = *self.now.lock().unwrap();
        self.effects.seen().split_off(before)
    }

    /// What the config has to allow.
    pub fn url(&self) -> &str {
        &self.effects.url
    }

    /// The base URL of A.
    pub fn a(&self) -> String {
        format!("{}/a", self.effects.url)
    }

    /// The base URL of B.
    pub fn b(&self) -> String {
        format!("{}/b", self.effects.url)
    }
}

async fn answered(answer: Answer) -> Response<String> {
    let Answer::Says(status, body) = answer else { return future::pending().await };
    let mut response = plain(StatusCode::from_u16(status).unwrap(), body);
    let json = if body.starts_with('{') { "application/json" } else { "text/html" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(json));
    response
}
