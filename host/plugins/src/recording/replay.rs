//! The surroundings of a recorded run, once more: the same clocks, chance and answers, and nothing that reaches anybody.
//!
//! It is to run where time is virtual (`start_paused` of a tokio runtime): an answer takes as long as it took then, so that what
//! was ready before something else is so again.

use std::{
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use mpy6a_sessions::{Claimed, Handle, Key, SessionOp};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};

use super::{
    Answered, Asked, Exchanged, Given, Got, Recording,
    played::{Played, Readings},
};
use crate::{
    barrier::{Barrier, Committing},
    egress::{Body, Exchange, HttpRule, SendError, Transport, chain},
    plugin::{Grants, PluginSpec},
    run::Job,
    surroundings::{Clock, Surroundings},
};

/// What a handler is answered to a request that was not made then.
const NOT_MADE: &str = "this request was not made then, and a replay sends nothing: look at the requests that were";

/// Plays one recording, once.
pub struct Replayer {
    got: Mutex<Left>,
    began: Instant,
}

/// What was not asked for yet.
struct Left {
    wall: Readings,
    monotonic: Readings,
    exchanges: Vec<Option<Exchanged>>,
    /// What the replayed run asked of its session so far.
    ops: Vec<SessionOp>,
    requests: Vec<Requested>,
}

/// A request of the replayed run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// What it asked.
    pub asked: Asked,
    /// Whether it was made then, too.
    pub was_made: bool,
}

impl Recording {
    /// What the handler is to run over.
    #[must_use]
    pub fn job(&self) -> Job {
        let Given { session, records, due, claimed_ms, kind_name, max_repeats, .. } = self.given.clone();
        let handle = Handle { id: session.id, key: Key(0) };
        let (late, claimed_at) = (Duration::ZERO, Duration::ZERO);
        let claimed = Claimed { session, records, handle, due, claimed_ms, late, claimed_at };
        Job { claimed, kind_name, max_repeats }
    }

    /// What this plugin file may use and reach, if it is to be what ran then.
    #[must_use]
    pub fn spec(&self, file: std::path::PathBuf) -> PluginSpec {
        // A target that does not parse is none that a config had.
        let rule = |target: &String| HttpRule::parse(target, &[] as &[&str]).ok();
        let http = self.given.targets.iter().filter_map(rule).collect();
        PluginSpec {
            file,
            sha256: None,
            limits: self.given.limits,
            grants: Grants { http, ..Grants::default() },
            settings: self.got.settings.clone().unwrap_or_default(),
        }
    }
}

impl Replayer {
    /// Play this.
    #[must_use]
    pub fn new(recording: &Recording) -> Arc<Self> {
        let Got { wall_ns, monotonic_ns, exchanges, .. } = recording.got.clone();
        let left = Left {
            wall: Readings::of(wall_ns),
            monotonic: Readings::of(monotonic_ns),
            exchanges: exchanges.into_iter().map(Some).collect(),
            ops: Vec::new(),
            requests: Vec::new(),
        };
        Arc::new(Self { got: Mutex::new(left), began: Instant::now() })
    }

    /// What the run is to find outside.
    #[must_use]
    pub fn surroundings(self: &Arc<Self>, recording: &Recording) -> Surroundings {
        Surroundings {
            clock: Some(Arc::clone(self) as _),
            seed: Some(recording.given.seed),
            transport: Some(Arc::clone(self) as _),
            ..Surroundings::default()
        }
    }

    /// What was asked of the session at barriers, and what of the world, in order.
    #[must_use]
    pub fn done(&self) -> (Vec<SessionOp>, Vec<Requested>) {
        let left = self.lock();
        (left.ops.clone(), left.requests.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, SendError> {
        let (head, body) = request.into_parts();
        let (digest, body_bytes) = digest(body).await?;
        let asked = Asked { method: head.method.to_string(), url: head.uri.to_string(), body: digest, body_bytes };
        let Some(exchanged) = self.lock().take(asked) else {
            return Err(SendError::Unreachable(NOT_MADE.to_owned()));
        };
        if exchanged.answer == Answered::Nothing {
            return pending().await;
        }
        sleep(Duration::from_micros(exchanged.wait_us)).await;
        match exchanged.answer {
            Answered::Failed(failed) => Err(failed.into()),
            Answered::Response { status, headers, announced, frames, end } => {
                Ok(response(status, &headers, Played::new(announced, frames, end)))
            }
            Answered::Nothing => Err(SendError::Timeout),
        }
    }
}

impl Left {
    /// The answer that this request got then, if it was made.
    fn take(&mut self, asked: Asked) -> Option<Exchanged> {
        let is_it = |it: &&mut Option<Exchanged>| it.as_ref().is_some_and(|it| it.request == asked);
        let found = self.exchanges.iter_mut().find(is_it).and_then(Option::take);
        self.requests.push(Requested { asked, was_made: found.is_some() });
        found
    }
}

async fn digest(mut body: Body) -> Result<([u8; 32], u64), SendError> {
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| SendError::Broken(chain(&*error)))?;
        if let Ok(data) = frame.into_data() {
            digest.update(&data);
            bytes += data.len() as u64;
        }
    }
    Ok((digest.finalize().into(), bytes))
}

fn response(status: u16, headers: &[(String, Bytes)], body: Played) -> Response<Body> {
    let mut response = Response::new(body.boxed_unsync());
    // What was received once has a status and headers that can be received again; a recording made by hand may have others.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        let (name, value) = (name.parse::<http::HeaderName>(), http::HeaderValue::from_bytes(value));
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

impl Transport for Replayer {
    fn begin(&self, request: Request<Body>) -> Exchange<'_> {
        Box::pin(self.answer(request))
    }
}

impl Barrier for Replayer {
    fn commit(&self, _: Handle, ops: Vec<SessionOp>) -> Committing<'_> {
        self.lock().ops.extend(ops);
        Box::pin(async { Ok(()) })
    }
}

impl Clock for Replayer {
    fn now(&self) -> Duration {
        let since = self.began.elapsed();
        self.lock().wall.next(since)
    }

    fn monotonic(&self) -> Duration {
        let since = self.began.elapsed();
        self.lock().monotonic.next(since)
    }
}
