//! What a client makes of a host's refusals: a status of gRPC, with its details, as it stands in the head of an answer.
//!
//! Input: a byte that picks what follows. Either an error of the host, by its number, with numbers in it; or a status that
//! anybody made up: code, message (counted) and details.
//!
//! * What the host refuses, the client hears as it was meant: the same reason, and whether it was applied.
//! * Nothing that somebody else says passes for the host's word that a session is lost, or that nothing was applied.
//! * Every error that the caller gets has words.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use mpy6a::error::status;
use mpy6a_client::{Error as ClientError, Index as ClientIndex, Proves, Refusal as Told, Verdict};
use mpy6a_proto::ERROR_DOMAIN;
use mpy6a_sessions::{Error, Index, Refusal};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    Parsed, Target,
    input::{Input, counted},
    memory::Bound,
    words,
};

/// The target.
pub const TARGET: Target = Target {
    name: "replies",
    input_bytes_max: 1024,
    run,
    seeds,
    words: &[
        "mpy6a",
        "type.googleapis.com/google.rpc.ErrorInfo",
        "type.googleapis.com/google.rpc.RetryInfo",
        "LEASE_LOST",
        "SESSION_FINISHED",
        "SESSION_NOT_FOUND",
        "KEY_WRONG",
        "OVERLOADED",
        "SHUTTING_DOWN",
        "STORE_FAILED",
        "RECORD_TOO_LARGE",
        "SESSION_TOO_LARGE",
        "limit",
    ],
};

const MEMORY: Bound = Bound { factor: 64, base: 64 << 10 };
const SESSION: ClientIndex = ClientIndex { term: 3, index: 1042 };

fn run(bytes: &[u8]) -> Parsed {
    let mut input = Input::new(bytes);
    if input.byte().is_multiple_of(2) {
        from_the_host(&mut input);
        return Parsed::Accepted;
    }
    let code = Code::from_i32(i32::from(input.byte()));
    let (message, details) = (input.text(), input.rest());
    let made_up = Status::with_details(code, message, details.to_vec().into());
    let verdict = MEMORY.hold(bytes.len(), || Verdict::of(&made_up));
    check_made_up(&made_up, verdict)
}

/// Everything that the host refuses, by number.
fn error(input: &mut Input<'_>) -> Error {
    let id = Index { term: input.number(), index: input.number() };
    let (number, max) = (input.number(), input.number());
    let small = number as u32;
    let refusals = [
        Refusal::KindUnknown(small),
        Refusal::SessionNotFound(id),
        Refusal::SessionFinished(id),
        Refusal::LeaseLost(id),
        Refusal::KeyWrong(id),
        Refusal::RecordTooLarge { bytes: number, max },
        Refusal::SessionTooLarge { bytes: number, max },
        Refusal::TooManyRecords { max: small },
        Refusal::TimeoutTooLong { timeout_s: small, max_s: max as u32 },
        Refusal::NumberReused { number },
        Refusal::NumberStale { number, last: max },
        Refusal::RequestIdReused,
        Refusal::RequestSettled { number: 3, settled_below: 4 },
        Refusal::LocalInUse(number),
        Refusal::LocalNotOpen(number),
        Refusal::StreamFull { max: small as usize },
        Refusal::TooLong { what: "the request id (in bytes)", max: number as usize },
    ];
    let others =
        [Error::Overloaded(Duration::from_millis(number % 86_400_000)), Error::ShuttingDown, Error::StoreFailed];
    let all: Vec<Error> = refusals.into_iter().map(Error::Refused).chain(others).collect();
    all[usize::from(input.byte()) % all.len()].clone()
}

/// What the host says arrives as it was said.
fn from_the_host(input: &mut Input<'_>) {
    let error = error(input);
    let sent = status(&error);
    words::check(sent.message());
    let mut head = HeaderMap::new();
    sent.add_header(&mut head).expect("a status fits into a head");
    let heard = Status::from_header_map(&head).expect("there is a status");
    assert_eq!((heard.code(), heard.message(), heard.details()), (sent.code(), sent.message(), sent.details()));
    let expected = match &error {
        Error::Refused(_) => {
            let info = sent.get_details_error_info().expect("a refusal has details");
            let Verdict::Refused(told) = Verdict::of(&heard) else { panic!("{error} is no refusal to the client") };
            assert_eq!((told.reason.as_str(), told.message.as_str()), (info.reason.as_str(), sent.message()));
            return check_told(told, true);
        }
        Error::Overloaded(after) => Verdict::NotApplied { overloaded: true, after: Some(*after) },
        Error::ShuttingDown => {
            let Verdict::NotApplied { overloaded: false, after: Some(_) } = Verdict::of(&heard) else {
                panic!("{heard}")
            };
            return;
        }
        Error::StoreFailed => Verdict::Unknown,
    };
    assert_eq!(Verdict::of(&heard), expected);
}

fn check_made_up(status: &Status, verdict: Verdict) -> Parsed {
    // As it would arrive, unless it cannot be sent at all.
    let mut head = HeaderMap::new();
    if status.add_header(&mut head).is_ok() {
        head.insert("x", HeaderValue::from_static("y"));
        Status::from_header_map(&head).map(|heard| Verdict::of(&heard));
    }
    let details = status.get_error_details();
    let is_of_host = details.error_info().is_some_and(|info| info.domain == ERROR_DOMAIN);
    match verdict {
        Verdict::Refused(told) => check_told(told, is_of_host),
        Verdict::NotApplied { .. } => assert!(is_of_host, "only the host can say that nothing was applied"),
        Verdict::Unreachable { .. } => panic!("nothing that was answered says that there was no connection"),
        Verdict::Unknown => {}
    }
    if is_of_host { Parsed::Accepted } else { Parsed::Refused }
}

fn check_told(told: Told, is_of_host: bool) {
    assert_eq!(is_of_host, told.proves > Proves::Nothing, "only the host's words prove anything");
    let error = told.into_error(SESSION, false);
    assert!(is_of_host || !error.is_final(), "somebody else says that the session is lost: {error}");
    assert!(is_of_host || matches!(error, ClientError::Rejected { .. }));
}

fn seeds() -> Vec<Vec<u8>> {
    let numbers: Vec<u8> = [1_u64, 7, 300, 200].iter().flat_map(|number| number.to_le_bytes()).collect();
    let of_host = (0..19).map(|which| [&[0][..], &numbers, &[which]].concat());
    let made_up = [
        Error::Refused(Refusal::LeaseLost(Index { term: 3, index: 1042 })),
        Error::Overloaded(Duration::from_millis(250)),
    ];
    let made_up = made_up.map(|error| status(&error)).map(|status| {
        let code = u8::try_from(i32::from(status.code())).expect("codes are small");
        [vec![1, code], counted(status.message()), status.details().to_vec()].concat()
    });
    of_host.chain(made_up).collect()
}
