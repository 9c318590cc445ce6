//! Recordings of runs: files of a host's folder, and what comes over the wire from a host that may be another's.
//!
//! Input: a byte that picks between a whole file, head and digest included, and a recording alone; then its bytes.
//!
//! * What is refused is refused with a remedy, and in little memory.
//! * What is accepted is the same when it is written and read again, and a file of it is accepted.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mpy6a::recordings::format;
use mpy6a_plugins::{
    Recording, RunLimits,
    recording::{Answered, Asked, BodyEnd, Did, Exchanged, Failed, Frame, Given, Got},
};
use mpy6a_sessions::{
    Due, Index, Key, Limits, Origin, Outcome, Report, Session, SessionOp, State,
    limits::RetryLimits,
    session::{Client, Standing},
};

use crate::{Parsed, Target, memory::Bound, words};

/// The target.
pub const TARGET: Target = Target { name: "recording", input_bytes_max: 2048, run, seeds, words: &["mpy6aR2\n"] };

/// Each list is given room for at most a megabyte before its first element is read, by serde.
const MEMORY: Bound = Bound { factor: 256, base: 16 << 20 };

fn run(bytes: &[u8]) -> Parsed {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let is_file = first.is_multiple_of(2);
    let read = MEMORY.hold(rest.len(), || match is_file {
        true => format::read(rest).map_err(|error| error.to_string()),
        false => Recording::from_bytes(rest).map_err(|error| error.to_string()),
    });
    match &read {
        Ok(recording) => {
            let again = Recording::from_bytes(&recording.to_bytes().unwrap()).unwrap();
            assert_eq!(again, *recording);
            let (entry, file) = format::file(recording).unwrap();
            assert_eq!(entry.bytes, file.len() as u64);
            assert_eq!(format::read(&file).unwrap(), *recording);
        }
        Err(error) => words::check(error),
    }
    Parsed::of(&read)
}

fn seeds() -> Vec<Vec<u8>> {
    let ends = [Outcome::Returned, Outcome::TimedOut, Outcome::Trapped("unreachable".to_owned())];
    let recordings: Vec<Recording> = ends.map(recording).into();
    let files = recordings.iter().map(|it| [&[0], format::file(it).unwrap().1.as_slice()].concat());
    let bodies = recordings.iter().map(|it| [&[1], it.to_bytes().unwrap().as_slice()].concat());
    files.chain(bodies).collect()
}

fn recording(outcome: Outcome) -> Recording {
    let index = |index| Index { term: 3, index };
    let due = Due { at_ms: 1_700_000_000_000, stored: index(7) };
    let session = Session {
        id: index(5),
        kind: 1,
        change_id: index(8),
        fence: index(8),
        client: Client { key: Key(0), lease_ms: 10_000, standing: Standing::Lost, last: None },
        state: State::Repeating { key: Key(0), due, since_ms: due.at_ms },
        created_ms: due.at_ms,
        stored_ms: due.at_ms,
        repeats: 1,
        records: 1,
        bytes: 2,
        attempts: 0,
        traceparent: None,
        origin: Origin::default(),
    };
    // Not the defaults, which change more often than the form.
    let time = Duration::from_secs(10);
    let limits = RunLimits { fuel: 1_000, memory_bytes: 1 << 20, time, response_bytes: 1 << 16, log_bytes: 1 << 12 };
    let host_limits = Limits {
        record_bytes_max: 1 << 16,
        session_bytes_max: 1 << 20,
        session_records_max: 100,
        timeout_s_max: 3_600,
        queue_ops_max: 100,
        queue_bytes_max: 1 << 20,
        retries: RetryLimits { unnamed_max: 1, named_max: 1, clients_max: 1, forgotten_in_rows_max: 0 },
    };
    let given = Given {
        session,
        records: vec![Bytes::from_static(b"{}")],
        due,
        claimed_ms: due.at_ms,
        kind_name: "orders".to_owned(),
        max_repeats: 10,
        limits,
        host_limits,
        targets: vec!["http://127.0.0.1:8081".to_owned()],
        seed: [7; 32],
    };
    let settings = Some(BTreeMap::from([("shop".to_owned(), "http://127.0.0.1:8081".to_owned())]));
    let got = Got { settings, wall_ns: vec![1, 2], monotonic_ns: vec![0, 5], exchanges: exchanges() };
    let ops = vec![SessionOp::Append(Bytes::from_static(b"sent")), SessionOp::Store { timeout_s: Some(60) }];
    let did = Did { ops, report: Report::bare(outcome) };
    Recording { program: "0.1.0".to_owned(), given, got, did, lacks: None }
}

fn exchanges() -> Vec<Exchanged> {
    let frames = vec![Frame { wait_us: 9, bytes: Bytes::from_static(b"fine") }];
    let headers = vec![("content-type".to_owned(), Bytes::from_static(b"text/plain"))];
    let response =
        |end| Answered::Response { status: 200, headers: headers.clone(), announced: 4, frames: frames.clone(), end };
    let answers = [
        Answered::Nothing,
        Answered::Failed(Failed::Unreachable("refused".to_owned())),
        Answered::Failed(Failed::TooLarge(8)),
        response(BodyEnd::Whole),
        response(BodyEnd::Broken("reset".to_owned())),
    ];
    let request =
        Asked { method: "POST".to_owned(), url: "http://127.0.0.1:8081/x".to_owned(), body: [1; 32], body_bytes: 3 };
    answers.map(|answer| Exchanged { request: request.clone(), wait_us: 800, answer }).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the head of a file says of the recording behind it.
    const DIGEST: &str = "90bb285996be9fa74b5336ab2e462959c78ef9868a38355900ef09add97e0f95";

    #[test]
    fn the_form_is_the_one_that_the_first_line_of_a_file_names() {
        let file = format::file(&recording(Outcome::Returned)).unwrap().1;
        let digest: String =
            file[format::HEAD_BYTES - 32..format::HEAD_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            digest, DIGEST,
            "recordings have another form now: raise the version in their first line, then write this here"
        );
    }
}
