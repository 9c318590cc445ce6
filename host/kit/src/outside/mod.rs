//! The world outside, as a scenario describes it: answers to requests, facts that it remembers, and what was done to it.
//!
//! | file | job |
//! |---|---|
//! | [`answer`] | one answer: to which requests, under which facts, with what effect |
//! | [`effects`] | which requests changed something, each counted once however often it was repeated safely |
//!
//! The world outlives a crash of the host, so it is the only thing that two runs of a life share besides the session.

pub mod answer;
pub mod effects;

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use mpy6a_plugins::{
    Transport,
    egress::{self, Body, Exchange, SendError},
};

use self::{
    answer::{Answer, Failure},
    effects::Effects,
};

/// The longest body of a request that the world reads, in bytes: more than the host lets out of a guest in one call.
const REQUEST_BYTES_MAX: u64 = 64 << 20;

/// Most requests that one life may make: a handler that makes more loops.
const REQUESTS_MAX: usize = 10_000;

/// A request that reached the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In capitals.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// Of the step that the handler named.
    pub idempotency_key: Option<String>,
    /// The whole body.
    pub body: Bytes,
    /// What it was answered: a status, or how it failed.
    pub answered: String,
}

impl Seen {
    /// `POST http://shop.test/orders`
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}

/// The world outside.
pub struct Outside {
    answers: Vec<Answer>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    facts: BTreeSet<String>,
    requests: Vec<Seen>,
    effects: Effects,
    /// Requests that nobody in the scenario answers.
    unanswered: BTreeSet<String>,
}

/// What was done to the world.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Every request, in order.
    pub requests: Vec<Seen>,
    /// What they changed.
    pub effects: Effects,
    /// Requests that nobody in the scenario answers, once each.
    pub unanswered: Vec<String>,
}

impl Outside {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new(answers: Vec<Answer>) -> Self {
        Self { answers, now: Mutex::default() }
    }

    /// What was done to it so far.
    #[must_use]
    pub fn done(&self) -> Done {
        let now = self.lock();
        Done {
            requests: now.requests.clone(),
            effects: now.effects.clone(),
            unanswered: now.unanswered.iter().cloned().collect(),
        }
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, SendError> {
        let mut seen = read(request).await?;
        let (answer, result) = self.carry_out(&mut seen);
        if let Some(delay) = answer.as_ref().and_then(|answer| answer.delay) {
            tokio::time::sleep(delay).await;
        }
        match result {
            // Whoever asked has a time limit of their own.
            Err(SendError::Timeout) => std::future::pending().await,
            result => result,
        }
    }

    /// What the request does to the world, and what it is answered.
    fn carry_out(&self, seen: &mut Seen) -> (Option<Answer>, Result<Response<Body>, SendError>) {
        let mut now = self.lock();
        let found = self.answers.iter().find(|answer| answer.is_for(seen, &now.facts)).cloned();
        let result = match &found {
            Some(answer) => answer.result(),
            None => {
                let line = seen.line();
                let why = format!("the scenario has no answer to {line}");
                now.unanswered.insert(line);
                Err(SendError::Unreachable(why))
            }
        };
        seen.answered = match (&found, &result) {
            (_, Ok(response)) => response.status().as_u16().to_string(),
            (Some(Answer { fails: Some(failure), .. }), _) => failure.name().to_owned(),
            _ => "no answer".to_owned(),
        };
        if let Some(answer) = &found {
            if answer.has_effect(seen) {
                now.effects.add(seen);
            }
            if let Some(fact) = answer.sets.clone().filter(|_| answer.fails != Some(Failure::Unreachable)) {
                now.facts.insert(fact);
            }
        }
        if now.requests.len() < REQUESTS_MAX {
            now.requests.push(seen.clone());
        }
        (found, result)
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Outside {
    fn begin(&self, request: Request<Body>) -> Exchange<'_> {
        Box::pin(self.answer(request))
    }
}

async fn read(request: Request<Body>) -> Result<Seen, SendError> {
    let (head, body) = request.into_parts();
    let key = head.headers.get("idempotency-key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    let body = egress::read(body, REQUEST_BYTES_MAX).await?;
    Ok(Seen {
        method: head.method.as_str().to_owned(),
        url: head.uri.to_string(),
        idempotency_key: key,
        body,
        answered: String::new(),
    })
}

/// A whole body, as one that is streamed.
fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
