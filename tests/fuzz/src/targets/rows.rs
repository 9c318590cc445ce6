//! Rows of the store: the seal around each, and what the sealed bodies hold.
//!
//! Input: a byte that picks the type; a key, counted; a body.
//!
//! * What is sealed is unsealed, under its own key only, and whole only.
//! * A flipped bit is found. Of many flips in a body one may slip through, since 32 bits of checksum let one in four
//!   billion pass; in the seal itself none may.
//! * Whatever body decodes is encoded to one that means the same, and from then on to the same bytes.

use std::fmt::Debug;

use mpy6a_sessions::{
    Access, Attempt, Caller, Index, Outcome, Report, RequestName, Session, State,
    op::{New, Op, SessionOp, Stamp},
    policy::KindPolicy,
    rules::{Decision, Opened, decide},
    store::{
        Tombstone, Waiting,
        before::{MemoryV1, SessionV1},
        redb::codec::{decode, encode, seal, unseal},
    },
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Parsed, Target,
    input::{Input, counted},
    memory::Bound,
    words,
};

/// The target.
pub const TARGET: Target = Target { name: "rows", input_bytes_max: 4096, run, seeds, words: &[] };

/// A list is given room for at most a megabyte before its first element is read, by serde.
const MEMORY: Bound = Bound { factor: 64, base: 2 << 20 };

/// How many flips are tried in a body; each costs a checksum over all of it.
const FLIPS: usize = 16;

/// The version and the checksum, in bytes.
const SEAL_BYTES: usize = 5;

fn run(bytes: &[u8]) -> Parsed {
    let mut input = Input::new(bytes);
    let (kind, key, body) = (input.byte(), input.counted(), input.rest());
    seal_holds(key, body);
    match kind % 6 {
        0 => row::<SessionV1>(key, body),
        1 => row::<Attempt>(key, body),
        2 => row::<Vec<MemoryV1>>(key, body),
        3 => row::<Waiting>(key, body),
        4 => row::<Session>(key, body),
        _ => row::<Vec<Tombstone>>(key, body),
    }
}

fn row<T: Serialize + DeserializeOwned + PartialEq + Debug>(key: &[u8], body: &[u8]) -> Parsed {
    let value = seal(key, body);
    let decoded = MEMORY.hold(value.len(), || decode::<T>("fuzzed", key, &value));
    match &decoded {
        Ok(it) => {
            let encoded = encode(key, it).expect("what decodes is encoded");
            let again: T = decode("fuzzed", key, &encoded).expect("what is encoded decodes");
            assert_eq!(again, *it);
            assert_eq!(encode(key, &again).ok(), Some(encoded));
        }
        Err(error) => words::check(&error.to_string()),
    }
    Parsed::of(&decoded)
}

fn seal_holds(key: &[u8], body: &[u8]) {
    let value = seal(key, body);
    assert_eq!(unseal("fuzzed", key, &value).ok(), Some(body));
    for at in 0..SEAL_BYTES {
        assert!(unseal("fuzzed", key, &flipped(&value, at * 8 + body.len() % 8)).is_err(), "a broken seal passes");
        assert!(unseal("fuzzed", key, &value[..at]).is_err(), "half a seal passes");
    }
    let bits = body.len() * 8;
    let unnoticed = (0..FLIPS.min(bits)).map(|n| SEAL_BYTES * 8 + n * bits / FLIPS.min(bits));
    let unnoticed = unnoticed.filter(|&bit| unseal("fuzzed", key, &flipped(&value, bit)).is_ok()).count();
    let other_key = unseal("fuzzed", &[key, b"x"].concat(), &value).is_ok();
    let cut = !body.is_empty() && unseal("fuzzed", key, &value[..value.len() - 1]).is_ok();
    assert!(unnoticed + usize::from(other_key) + usize::from(cut) <= 1, "damage passes unnoticed");
}

fn flipped(value: &[u8], bit: usize) -> Vec<u8> {
    let mut value = value.to_vec();
    value[bit / 8] ^= 1 << (bit % 8);
    value
}

fn seeds() -> Vec<Vec<u8>> {
    let active = opened();
    let stamp = stamp(8);
    let store = SessionOp::Store { timeout_s: Some(5) };
    let op = Op::Client {
        handle: active.client_handle(),
        number: 1,
        fingerprint: store.fingerprint(),
        op: store,
        caller: CALLER,
    };
    let stored = after(&active, &op, &stamp);
    let claim = Op::Claim { id: active.id, key: mpy6a_sessions::Key(7) };
    let repeating = after(&stored, &claim, &Stamp { now_ms: u64::MAX / 2, ..stamp });
    let parked = Session { state: State::Parked { since_ms: 9 }, traceparent: None, ..repeating.clone() };
    let report =
        Report { log_tail: "одна строка".to_owned(), ..Report::bare(Outcome::Retry("later".to_owned())) };
    let attempt = Attempt { fence: repeating.fence, repeat: 1, started_ms: 5, report };
    let answer = Opened { handle: active.client_handle(), fence: active.fence, lease_ms: 30_000 };
    let memories = vec![
        MemoryV1::Opened { request_id: "a-request".to_owned(), fingerprint: 1, opened: answer },
        MemoryV1::Gone { id: active.id, client: stored.client.clone() },
    ];
    let Session { id, client, origin, .. } = stored.clone();
    let tombstone = Tombstone { id, gone: stamp.index, gone_ms: stamp.now_ms, client, origin, unsettled: Some(9) };
    let key = active.id.to_bytes();
    let mut seeds: Vec<_> = [active, stored, repeating, parked].iter().map(|session| seed(4, &key, session)).collect();
    seeds.extend([
        seed(1, &key, &attempt),
        seed(2, &key, &memories),
        seed(3, b"\0\0\0\x01", &Waiting { stored: 300, parked: 2 }),
        seed(5, &key, &vec![tombstone]),
    ]);
    seeds
}

/// Somebody with an access, and no name.
const CALLER: Caller = Caller { access: Access(7), client: None };

fn opened() -> Session {
    let request = RequestName::of_id(Some("shop"), "a-request").ok();
    let new = New {
        kind: 1,
        record: Some("record".into()),
        request,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    };
    let op = Op::New { new, key: mpy6a_sessions::Key(u64::MAX), caller: CALLER };
    let Ok(Decision::Change(change)) = decide(&mpy6a_sessions::Limits::default(), None, &op, &stamp(7)) else {
        panic!("a session opens")
    };
    change.session
}

fn after(session: &Session, op: &Op, stamp: &Stamp) -> Session {
    let Ok(Decision::Change(change)) = decide(&mpy6a_sessions::Limits::default(), Some(session), op, stamp) else {
        panic!("{op:?} changes the session")
    };
    change.session
}

fn stamp(index: u64) -> Stamp {
    let index = Index { term: 1, index };
    Stamp { index, now_ms: 1_767_225_600_000, entropy: 3, policy: KindPolicy::default() }
}

fn seed(kind: u8, key: &[u8], value: &impl Serialize) -> Vec<u8> {
    let row = encode(key, value).expect("a seed is encoded");
    [vec![kind], counted(key), row[SEAL_BYTES..].to_vec()].concat()
}
