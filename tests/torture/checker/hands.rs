//! One operator at a time, read off the fences.

use super::{Complaint, complaint};
use crate::history::{Answer, History};

pub fn check(session: &History) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for pair in session.handed.windows(2) {
        let [before, after] = pair else { continue };
        // What a host sent just before it was killed may be read after what the next one sent.
        let of_one_host = before.fence.term == after.fence.term;
        if after.fence == before.fence || (of_one_host && after.fence < before.fence) {
            let seen = format!("handed with fence {} and then with {}", before.fence, after.fence);
            complaints.push(complaint("fences do not grow", session, seen));
        }
        if of_one_host && before.told.last().is_some_and(|told| *told > after.seen) {
            let seen = format!("the run of {} still acted after that of {} had begun", before.fence, after.fence);
            complaints.push(complaint("two operators at once", session, seen));
        }
        if before.session != after.session {
            let seen = format!("one New opened {} and {}", before.session, after.session);
            complaints.push(complaint("opened twice", session, seen));
        }
    }
    if let (Some(id), Some(handed)) = (session.id(), session.handed.first())
        && handed.session != id
    {
        complaints.push(complaint("opened twice", session, format!("one New opened {id} and {}", handed.session)));
    }
    complaints.extend(after_the_claim(session));
    complaints.extend(forged(session));
    complaints
}

/// Nothing that the client asked for is applied once a run was handed the session.
fn after_the_claim(session: &History) -> Vec<Complaint> {
    let Some(handed) = session.first_run() else { return Vec::new() };
    let late = session.calls.iter().filter(|call| match &call.answer {
        Answer::Done { change: Some(change), .. } => *change > handed.fence,
        // Without an index only what was sent after the run was seen is surely late, and no retry of something older.
        Answer::Done { change: None, .. } => call.number == 0 && call.began > handed.seen,
        _ => false,
    });
    late.map(|call| {
        let seen = format!("{:?} was acknowledged after the run of {} had the session", call.what, handed.fence);
        complaint("two operators at once", session, seen)
    })
    .collect()
}

fn forged(session: &History) -> Vec<Complaint> {
    let done = session.calls.iter().filter(|call| call.forged && matches!(call.answer, Answer::Done { .. }));
    done.map(|call| complaint("a wrong key was taken", session, format!("{:?}", call.what))).collect()
}
