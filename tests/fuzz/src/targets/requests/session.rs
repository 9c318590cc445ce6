//! One session under the rules, and what they must keep.

use bytes::Bytes;
use mpy6a::{
    error,
    grpc::{
        admin::{act, filter::Filter, list, part},
        caller::{Unfit, Who},
        convert,
    },
};
use mpy6a_proto::{ERROR_DOMAIN, v1};
use mpy6a_sessions::{
    Backoff, Caller, Handle, Index, Key, KindPolicy, Limits, Listed, New, Refusal, Session, SessionOp,
    limits::RetryLimits,
    op::{Op, Stamp},
    rules::{Change, Decision, Reply, decide},
};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::words;

/// The keys are such as no number of a test is, and easy to find for the fuzzer.
const KEY: Key = Key(0x4b4b_4b4b_4b4b_4b4b);
/// The key of runs.
pub const RUN_KEY: Key = Key(0x5252_5252_5252_5252);
/// What the first `New` answers.
pub const HANDLE: Handle = Handle { id: Index { term: 1, index: 1 }, key: KEY };

/// Small, so that inputs meet them.
const LIMITS: Limits = Limits {
    record_bytes_max: 16,
    session_bytes_max: 40,
    session_records_max: 4,
    timeout_s_max: 100,
    queue_ops_max: 1,
    queue_bytes_max: 1,
    retries: RetryLimits { unnamed_max: 1, named_max: 1, clients_max: 1, forgotten_in_rows_max: 0 },
};

const POLICY: KindPolicy = KindPolicy {
    lease_ms: 1000,
    delay_ms: 0,
    jitter_ms: 0,
    backoff: Backoff { initial_ms: 100, factor_hundredths: 200, max_ms: 350 },
    max_repeats: 3,
    max_running: 1,
    claimable: true,
};

/// The session, its records, and how many operations were applied.
#[derive(Debug, Default)]
pub struct Host {
    session: Option<Session>,
    records: Vec<Bytes>,
    applied: u64,
}

impl Host {
    /// `New`, as a call.
    pub fn call_new(&mut self, mut request: v1::NewRequest) {
        let mut who = Who::default();
        let heard = who.hear(request.caller.take()).map_err(Unfit::status);
        if given(heard).is_some()
            && let Some(new) = given(convert::new(request, &who, true).map_err(Unfit::status))
        {
            self.open(new);
        }
    }

    /// `New`; only the first opens the session.
    pub fn open(&mut self, new: New) {
        if self.session.is_none() && self.applied == 0 {
            self.apply(&Op::New { new, key: KEY, caller: Caller::default() });
        }
    }

    /// `Append`, `Replace`, `Delete`, `Store`; what is numbered twice, for its answer was lost.
    pub fn operate(&mut self, handle: Option<v1::Handle>, number: u64, op: SessionOp) {
        let Some(handle) = given(convert::given_handle(handle)) else { return };
        let op = Op::Client { handle, number, fingerprint: op.fingerprint(), op, caller: Caller::default() };
        let Some(first) = self.apply(&op) else { return };
        if number != 0 && self.session.is_some() {
            let before = self.applied;
            assert_eq!((self.apply(&op), self.applied), (Some(first), before), "a retry is answered anew");
        }
    }

    /// One session of a `Renew` whose lease had ended.
    pub fn renew(&mut self, handle: v1::Handle) {
        if let Some(handle) = given(convert::given_handle(Some(handle))) {
            self.apply(&Op::Resume(handle));
        }
    }

    /// What happens to the session without a request.
    pub fn by_itself(&mut self, op: impl FnOnce(Index) -> Op) {
        if let Some(id) = self.session.as_ref().map(|session| session.id) {
            self.apply(&op(id));
        }
    }

    /// `GetSession`.
    pub fn show(&self, id: Option<v1::Index>) {
        let Some(id) = given(convert::id(id)) else { return };
        let Some(session) = self.session.clone().filter(|session| session.id == id) else { return };
        let shown = v1::GetSessionResponse { records: self.records.clone(), ..convert::session(session) };
        let encoded = shown.encode_to_vec();
        assert_eq!(v1::GetSessionResponse::decode(encoded.as_slice()), Ok(shown.clone()));
        for key in [KEY, RUN_KEY] {
            // A record may hold whatever the client likes.
            let bare = v1::GetSessionResponse { records: Vec::new(), traceparent: String::new(), ..shown.clone() };
            words::hides(&format!("{bare:?}"), &key.0.to_string());
            assert!(!bare.encode_to_vec().windows(8).any(|bytes| bytes == key.0.to_le_bytes()), "a key is shown");
        }
    }

    /// `ActOnSessions`.
    pub fn act(&mut self, request: &v1::ActOnSessionsRequest) {
        for request in given(act::asked(request)).unwrap_or_default() {
            self.apply(&Op::Admin(request));
        }
    }

    /// `ListSessions`, as far as it is not the writer's.
    pub fn list(&self, request: v1::ListSessionsRequest) {
        let Some(filter) = given(Filter::new(request.filter)) else { return };
        let parts = filter.parts([1, u32::MAX].into_iter());
        assert!(parts.iter().map(|part| part::place(*part)).is_sorted());
        if let Some(Some(first)) = given(list::begin(&parts, &request.page_token)) {
            assert_eq!(part::parse(&part::token(first)), Some(first));
        }
        if let Some(session) = self.session.clone() {
            let _ = filter.matches(&Listed { session, last: None, lease_left: None });
        }
    }

    /// The rules' verdict.
    fn apply(&mut self, op: &Op) -> Option<Reply> {
        let stamp = Stamp {
            index: Index { term: 1, index: self.applied + 1 },
            now_ms: self.applied * 1_000_000,
            entropy: 0,
            policy: POLICY,
        };
        // As the writer does: an operation is decided over the session that it names.
        let named = match op {
            Op::Client { handle, .. } | Op::Resume(handle) => Some(handle.id),
            Op::Admin(request) => Some(request.id),
            Op::LeaseEnded(id) | Op::Claim { id, .. } => Some(*id),
            _ => None,
        };
        let session = self.session.as_ref().filter(|session| Some(session.id) == named);
        match decide(&LIMITS, session, op, &stamp) {
            Ok(Decision::Change(change)) => Some(self.change(*change, &stamp)),
            Ok(Decision::Answer(reply)) => Some(reply),
            Err(refusal) => {
                check_refusal(&refusal);
                None
            }
        }
    }

    fn change(&mut self, change: Change, stamp: &Stamp) -> Reply {
        self.applied += 1;
        if change.records.clear {
            self.records.clear();
        }
        self.records.extend(change.records.append);
        let session = change.session;
        assert_eq!(session.change_id, stamp.index);
        assert!(session.fence <= session.change_id && session.id <= session.fence);
        let bytes: usize = self.records.iter().map(Bytes::len).sum();
        assert_eq!((session.records as usize, session.bytes), (self.records.len(), bytes as u64));
        assert!(session.records <= LIMITS.session_records_max && session.bytes <= LIMITS.session_bytes_max);
        assert!(self.records.iter().all(|record| record.len() as u64 <= LIMITS.record_bytes_max));
        self.session = (!change.gone).then_some(session);
        change.reply
    }
}

/// A value from the wire; a refusal is checked.
fn given<T>(converted: Result<T, Status>) -> Option<T> {
    converted.map_err(|status| check_status(&status)).ok()
}

fn check_refusal(refusal: &Refusal) {
    check_status(&error::status(&refusal.clone().into()));
}

fn check_status(status: &Status) {
    assert!(!matches!(status.code(), Code::Ok | Code::Unknown | Code::Internal | Code::Unavailable), "{status}");
    words::check(status.message());
    let info = status.get_details_error_info().expect("a refusal has details");
    assert_eq!(info.domain, ERROR_DOMAIN);
    assert!(!info.reason.is_empty() && info.reason.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'));
    for key in [KEY, RUN_KEY] {
        words::hides(&format!("{status:?}"), &key.0.to_string());
    }
}
