//! Requests of clients and operators: from bytes through the conversion to the verdict of the rules.
//!
//! Input: steps. Each is a byte that picks what happens, and for a request its message, counted. Requests work on the one
//! session that the first `New` opened; between them its lease ends, or a run claims it.
//!
//! * A message that decodes is encoded to one that means the same.
//! * What the rules accept keeps within the limits, and records and counts agree; what they refuse changes nothing.
//! * A numbered operation that is sent again gets its first answer.
//! * A refusal has a code, a reason, and words with a remedy. No answer has a key in it but the one to `New`.

mod operate;
mod session;
mod wire;

use mpy6a::grpc::convert;
use mpy6a_proto::v1;
use mpy6a_sessions::{SessionOp, op::Op};
use prost::Message;

use self::{session::Host, wire::decode};
use crate::{
    Parsed, Target,
    input::{Input, counted},
};

/// The target.
pub const TARGET: Target = Target {
    name: "requests",
    input_bytes_max: 2048,
    run,
    seeds,
    words: &["\x11KKKKKKKK", "\x0a\x04\x08\x01\x10\x01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
};

/// What a step does.
const NEW: u8 = 0;
const APPEND: u8 = 1;
const REPLACE: u8 = 2;
const DELETE: u8 = 3;
const STORE: u8 = 4;
const RENEW: u8 = 5;
const GET_SESSION: u8 = 6;
const OPERATE: u8 = 7;
const LEASE_ENDS: u8 = 8;
const CLAIM: u8 = 9;
const ANSWERS: u8 = 10;
const ACT: u8 = 11;
const LIST: u8 = 12;
const STEPS: u8 = 13;

fn run(bytes: &[u8]) -> Parsed {
    let (mut input, mut host, mut accepted) = (Input::new(bytes), Host::default(), true);
    while !input.is_done() {
        accepted &= step(&mut input, &mut host).is_some();
    }
    if accepted { Parsed::Accepted } else { Parsed::Refused }
}

/// None where the message is none.
fn step(input: &mut Input<'_>, host: &mut Host) -> Option<()> {
    match input.byte() % STEPS {
        NEW => host.call_new(decode(input.counted())?),
        APPEND => {
            let v1::AppendRequest { handle, number, record, .. } = decode(input.counted())?;
            host.operate(handle, number, SessionOp::Append(record));
        }
        REPLACE => {
            let v1::ReplaceRequest { handle, number, record, .. } = decode(input.counted())?;
            host.operate(handle, number, SessionOp::Replace(record));
        }
        DELETE => {
            let v1::DeleteRequest { handle, number, .. } = decode(input.counted())?;
            host.operate(handle, number, SessionOp::Delete);
        }
        STORE => {
            let v1::StoreRequest { handle, number, timeout_s, .. } = decode(input.counted())?;
            host.operate(handle, number, convert::store(timeout_s));
        }
        RENEW => {
            let v1::RenewRequest { handles, .. } = decode(input.counted())?;
            handles.into_iter().for_each(|handle| host.renew(handle));
        }
        GET_SESSION => {
            let v1::GetSessionRequest { id } = decode(input.counted())?;
            host.show(id);
        }
        OPERATE => operate::operate(decode(input.counted())?, host),
        LEASE_ENDS => host.by_itself(Op::LeaseEnded),
        CLAIM => host.by_itself(|id| Op::Claim { id, key: session::RUN_KEY }),
        ACT => host.act(&decode(input.counted())?),
        LIST => host.list(decode(input.counted())?),
        _ => answers(input.counted()),
    }
    Some(())
}

/// What the client reads. The same bytes are read as each answer there is.
fn answers(bytes: &[u8]) {
    let _ = decode::<v1::NewResponse>(bytes).is_some() | decode::<v1::StoreResponse>(bytes).is_some();
    let _ = decode::<v1::RenewResponse>(bytes).is_some() | decode::<v1::OperateResponse>(bytes).is_some();
    let _ = decode::<v1::GetSessionResponse>(bytes).is_some() | decode::<v1::ListKindsResponse>(bytes).is_some();
    let _ = decode::<v1::ListSessionsResponse>(bytes).is_some() | decode::<v1::ActOnSessionsResponse>(bytes).is_some();
}

fn step_of(which: u8, message: &impl Message) -> Vec<u8> {
    [vec![which], counted(message.encode_to_vec())].concat()
}

/// A session that a person parks, lists and redrives.
fn administered() -> Vec<u8> {
    let id = Some(convert::index(session::HANDLE.id));
    let act = |action: v1::Action, force| {
        let targets = vec![v1::Target { id, unchanged_since: None }, v1::Target { id, unchanged_since: id }];
        step_of(ACT, &v1::ActOnSessionsRequest { action: action.into(), targets, force })
    };
    let filter = v1::Filter {
        kinds: vec![1],
        states: vec![v1::SessionState::Parked.into()],
        created_until_ms: Some(1 << 40),
        repeats_min: Some(0),
        last_outcome: "trapped".into(),
        last_cause_has: "unreachable".into(),
        ..v1::Filter::default()
    };
    let page_token = "p.1.1700000000000.1-1".to_owned();
    let list = v1::ListSessionsRequest { filter: Some(filter), page_size: 7, page_token };
    let new = v1::NewRequest { kind: 1, ..v1::NewRequest::default() };
    let steps = [
        step_of(NEW, &new),
        act(v1::Action::Park, true),
        step_of(LIST, &list),
        act(v1::Action::Redrive, false),
        act(v1::Action::Repeat, false),
        act(v1::Action::Delete, false),
    ];
    steps.concat()
}

fn seeds() -> Vec<Vec<u8>> {
    let handle = Some(convert::handle(session::HANDLE));
    let new = v1::NewRequest {
        kind: 1,
        record: Some("r".into()),
        request_id: "id".into(),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        outlives_stream: true,
        ..Default::default()
    };
    let numbered = v1::NewRequest {
        request_id: String::new(),
        number: 1,
        caller: Some(v1::Caller { client_id: vec![7; 16].into(), settled_below: 1 }),
        ..new.clone()
    };
    let append = |number| v1::AppendRequest { handle, number, record: "more".into(), ..Default::default() };
    let replace = v1::ReplaceRequest { handle, number: 3, record: "other".into(), ..Default::default() };
    let delete = v1::DeleteRequest { handle, number: 4, ..Default::default() };
    let store = v1::StoreRequest { handle, number: 5, timeout_s: Some(7), ..Default::default() };
    let renew =
        v1::RenewRequest { handles: handle.into_iter().chain([v1::Handle::default()]).collect(), ..Default::default() };
    let get = v1::GetSessionRequest { id: handle.and_then(|handle| handle.id) };
    let opened = step_of(NEW, &new);
    let shown = step_of(GET_SESSION, &get);
    vec![
        [opened.clone(), step_of(APPEND, &append(1)), step_of(APPEND, &append(0)), shown.clone()].concat(),
        [opened.clone(), step_of(REPLACE, &replace), step_of(DELETE, &delete)].concat(),
        [opened.clone(), step_of(STORE, &store), vec![CLAIM], shown.clone()].concat(),
        [opened, vec![LEASE_ENDS], step_of(RENEW, &renew), vec![LEASE_ENDS, CLAIM], shown].concat(),
        step_of(NEW, &numbered),
        administered(),
        step_of(OPERATE, &operate::seed()),
        step_of(ANSWERS, &v1::NewResponse { handle, fence: None, lease_ms: 1 }),
    ]
}
