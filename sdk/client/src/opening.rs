//! Opening a session.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use mpy6a_proto::v1;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::Status;

use crate::{
    call::{Answered, Failed, Tries, Trouble, Way, Why, settle_in},
    client::{Client, Shared},
    error::Error,
    identity::Ticket,
    index::Index,
    lease::{Watch, Word},
    limits::TRY_TIMEOUT,
    numbers::Numbers,
    record::IntoRecord,
    room::Place,
    session::Session,
};

/// A session to be opened. Made by [`Client::session`].
///
/// It names its wish to the host by a *number* of the client's. So [`open`](Opening::open) called again after a failure resumes: if the
/// session was opened and only the answer lost, it is that one. Once it has opened a session, the next call opens another, as
/// it does after a change of the opening. Clones are the same opening. While one that failed
/// is kept, the host keeps its answer, and those to all that the client asked since: drop it to give it up.
///
/// Where the answer comes so late that the session was taken, or finished, since it was opened, the work is its handler's. That is an
/// error with [`Error::is_final`] and [`Error::maybe_applied`], and whenever the same opening is called again it is the same error:
/// only a new one, of [`Client::session`], begins the work anew.
///
/// ```no_run
/// # async fn example(client: mpy6a_client::Client) -> Result<(), mpy6a_client::Error> {
/// let opening = client.session(1).record("create user maria");
/// let session = match opening.open().await {
///     Err(error) if error.maybe_applied() => opening.open().await?, // the same session, if there is one
///     outcome => outcome?,
/// };
/// # session.delete().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is opened until `open`"]
pub struct Opening {
    client: Client,
    kind: u32,
    record: Option<Bytes>,
    traceparent: String,
    own_id: Option<String>,
    turns: Arc<Turns>,
}

/// What the calls of an opening share.
#[derive(Debug, Default)]
struct Turns {
    /// Held by the call whose turn it is: the session that it resumes can be had by one only.
    turn: tokio::sync::Mutex<()>,
    /// What the calls before have left. Only the call whose turn it is changes it; those that wait in vain look at it.
    left: Mutex<Left>,
}

/// What the calls of an opening have left.
#[derive(Debug, Default)]
enum Left {
    /// Nothing that the next one resumes.
    #[default]
    Nothing,
    /// A wish without an outcome.
    Pending(Pending),
    /// This session, which was opened and is over since. To open another would do its work twice.
    Over(Word, Index),
}

impl Turns {
    /// Nothing panics with the lock held, so its poison is of no concern.
    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leave nothing for the next call to resume.
    fn clear(&self) {
        *self.left() = Left::Nothing;
    }

    /// That a session was opened and is over, if so.
    fn over(&self) -> Option<Error> {
        match &*self.left() {
            Left::Over(word, session) => Some(word.of_opened(*session)),
            Left::Nothing | Left::Pending(_) => None,
        }
    }

    /// Whether a session may have been opened, or was.
    fn maybe_opened(&self) -> bool {
        !matches!(*self.left(), Left::Nothing)
    }
}

/// A wish without an outcome.
#[derive(Debug)]
struct Pending {
    name: Name,
    /// When it was first sent.
    since: Instant,
}

/// What the host knows a wish by.
#[derive(Debug)]
enum Name {
    /// A number of this client.
    Numbered(Ticket),
    /// A request id of the caller's own.
    Own(String),
}

impl Opening {
    pub(crate) fn new(client: Client, kind: u32) -> Self {
        Self { client, kind, record: None, traceparent: String::new(), own_id: None, turns: Arc::default() }
    }

    /// The first record: saves an [`append`](Session::append), and with it a commit.
    pub fn record(mut self, record: impl IntoRecord) -> Self {
        self.record = Some(record.into_record());
        self.changed()
    }

    /// A W3C traceparent, handed to the session's repeat handler. At most 128 bytes.
    pub fn traceparent(mut self, traceparent: impl Into<String>) -> Self {
        self.traceparent = traceparent.into();
        self.changed()
    }

    /// A request id of one's own, instead of one made here: the id of an order, say, with a secret part. Then opening with the
    /// same id, kind and record resumes also in another process, for as long as the host remembers the answer.
    ///
    /// * It must not be guessable: whoever sends it gets the session.
    /// * Every call with it is for the same session. The one that opened it last goes on with it: an operation of an earlier
    ///   [`Session`] is then refused as `OPERATION_NUMBER_STALE`.
    pub fn request_id(mut self, request_id: impl Into<String>) -> Self {
        self.own_id = Some(request_id.into());
        self.changed()
    }

    /// Another content, another wish: what was asked before, by a clone perhaps, is not resumed by this one.
    fn changed(mut self) -> Self {
        let is_fresh = Arc::get_mut(&mut self.turns).is_some_and(|turns| !turns.maybe_opened());
        if !is_fresh {
            self.turns = Arc::default();
        }
        self
    }

    /// Open it. When this returns, the session and its first record are durable, and its lease is being kept.
    ///
    /// Tried again like any operation, with the same number, so that not two are opened. If the future is dropped, or
    /// fails with [`Error::maybe_applied`], a session may have been opened: call it again to have that one. If you do not, its
    /// lease ends and its repeat handler finds it. Calls of one opening wait for each other, within the time and the room that
    /// each of them has.
    ///
    /// The future borrows nothing, and can be spawned.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Unreachable`], [`Error::Overloaded`], [`Error::TooLarge`] for the first record, and
    /// [`Error::Rejected`]: with reason `KIND_UNKNOWN`, for instance. [`Error::LeaseLost`], [`Error::Finished`] and
    /// [`Error::NotFound`], where an earlier try opened a session that is over since: again at every further call.
    pub fn open(&self) -> impl Future<Output = Result<Session, Error>> + Send + use<> {
        let opening = self.clone();
        async move { opening.in_turn().await }
    }

    /// Open it when it is this call's turn. Room first, and the time runs from here: those that wait are bounded in both.
    async fn in_turn(self) -> Result<Session, Error> {
        if self.own_id.as_ref().is_some_and(String::is_empty) {
            return Err(rejected("REQUEST_INVALID", "the request id is empty: leave it out, or give one".to_owned()));
        }
        if let Some(error) = self.turns.over() {
            return Err(error);
        }
        let begun = Instant::now();
        let (shared, turns) = (self.client.shared.clone(), self.turns.clone());
        let tries = shared.tries(begun, Duration::ZERO, None);
        let bytes = self.record.as_ref().map_or(0, Bytes::len);
        let Some(place) = shared.room.enter(bytes, &shared.outage, tries.deadline()).await else {
            return Err(shared.full(None, turns.maybe_opened()));
        };
        let Ok(_turn) = timeout_at(tries.deadline(), turns.turn.lock()).await else {
            let status = Status::deadline_exceeded("another call of the same opening was under way all the time");
            return Err(shared.unavailable(None, 0, begun.elapsed(), turns.maybe_opened(), status));
        };
        self.once(place, tries, begun).await
    }

    async fn once(&self, place: Place<'_>, mut tries: Tries, begun: Instant) -> Result<Session, Error> {
        let (request, since) = self.wish(begun)?;
        tries.resume(since);
        let shared = &self.client.shared;
        let mut way = shared.way.another();
        let answered = match settle_in(place, shared, &mut way, &request, tries).await {
            Ok(answered) => answered,
            Err(failed) => {
                if !failed.maybe_applied {
                    self.turns.clear();
                }
                return Err(told(shared, failed, begun));
            }
        };
        let mut session = self.session(way, answered)?;
        // Otherwise this call has opened it, and its lease is new.
        if (since.is_some() || self.own_id.is_some())
            && let Some(word) = session.renew_now().await?
        {
            *self.turns.left() = Left::Over(word, session.id());
            return Err(word.of_opened(session.id()));
        }
        self.turns.clear();
        Ok(session)
    }

    /// What to ask: the wish that is without an outcome, and since when, or a new one. It is without an outcome from now on.
    fn wish(&self, begun: Instant) -> Result<(v1::NewRequest, Option<Instant>), Error> {
        let mut left = self.turns.left();
        match &*left {
            Left::Over(word, session) => Err(word.of_opened(*session)),
            Left::Pending(pending) => Ok((self.request(&pending.name), Some(pending.since))),
            Left::Nothing => {
                let numbered = || Name::Numbered(self.client.shared.identity.ticket());
                let name = self.own_id.clone().map_or_else(numbered, Name::Own);
                let request = self.request(&name);
                *left = Left::Pending(Pending { name, since: begun });
                Ok((request, None))
            }
        }
    }

    fn request(&self, name: &Name) -> v1::NewRequest {
        let (number, request_id) = match name {
            Name::Numbered(ticket) => (ticket.number(), String::new()),
            Name::Own(request_id) => (0, request_id.clone()),
        };
        v1::NewRequest {
            kind: self.kind,
            record: self.record.clone(),
            request_id,
            traceparent: self.traceparent.clone(),
            outlives_stream: self.client.shared.outlives_stream(),
            number,
            caller: None,
        }
    }

    /// The session that the host answered with.
    fn session(&self, way: Way, answered: Answered<v1::NewResponse>) -> Result<Session, Error> {
        let Answered { answer, counted_from } = answered;
        let shared = self.client.shared.clone();
        let handle = answer.handle.ok_or_else(|| incomplete("handle"))?;
        let id: Index = handle.id.ok_or_else(|| incomplete("handle.id"))?.into();
        let fence = answer.fence.ok_or_else(|| incomplete("fence"))?.into();
        let epoch = shared.registry.epoch;
        let watch = Arc::new(Watch::new(id, handle, epoch, counted_from, answer.lease_ms));
        let own = self.own_id.is_some();
        let numbers = if own { Numbers::after(now_us()) } else { Numbers::of(shared.identity.clone()) };
        Ok(Session::new(shared, way, watch, numbers, fence))
    }
}

impl IntoFuture for Opening {
    type Output = Result<Session, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Session, Error>> + Send>>;

    /// [`Opening::open`]: `client.session(1).record("…").await`.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

impl Session {
    /// Begin the lease anew, before anybody relies on it. The host may have opened the session long ago: its answer says neither
    /// how much of the lease is left, nor whether the session was taken since. The word, if it is over.
    async fn renew_now(&mut self) -> Result<Option<Word>, Error> {
        let sent = Instant::now();
        let renewed = timeout(TRY_TIMEOUT, self.way.renew(vec![self.watch.handle])).await;
        let renewed = renewed.unwrap_or_else(|_| Err(Trouble::late(true)));
        let outcome = renewed.map(|renewed| renewed.into_iter().next().and_then(|renewed| renewed.outcome));
        let status = match outcome {
            Ok(Some(v1::renewed::Outcome::LeaseMs(lease_ms))) => {
                self.watch.renewed(sent, lease_ms);
                return Ok(None);
            }
            Ok(Some(v1::renewed::Outcome::Refused(refused))) => match Word::of_reason(&refused.reason) {
                Some(word) => return Ok(Some(word)),
                None => Status::unavailable(refused.message),
            },
            Ok(None) => Status::internal("the answer to Renew is empty"),
            Err(trouble) => trouble.status,
        };
        Err(self.shared.unavailable(None, 1, sent.elapsed(), true, status))
    }
}

/// Microseconds since 1970: larger than any number that an earlier session with the same request id has used.
fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX / 2)
}

/// There is no session yet that an error could name, and none that could be lost.
fn told(shared: &Shared, failed: Failed, begun: Instant) -> Error {
    let Failed { why, tries, maybe_applied } = failed;
    let elapsed = begun.elapsed();
    match why {
        Why::Refused(refusal) => refusal.into_error(Index::default(), maybe_applied),
        Why::Overloaded => Error::Overloaded { tries, elapsed },
        Why::RuntimeEnded => Error::RuntimeEnded { maybe_applied },
        Why::Unreachable(status) => shared.unreachable(status, maybe_applied),
        Why::Full => shared.full(None, maybe_applied),
        Why::Unavailable(status) => shared.unavailable(None, tries, elapsed, maybe_applied, status),
    }
}

fn incomplete(field: &str) -> Error {
    rejected("ANSWER_INCOMPLETE", format!("the answer to New lacks `{field}`: is this an mpy6a host of protocol v1?"))
}

fn rejected(reason: &str, message: String) -> Error {
    Error::Rejected { reason: reason.to_owned(), message, maybe_applied: reason == "ANSWER_INCOMPLETE" }
}
