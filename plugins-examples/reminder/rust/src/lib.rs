//! A handler without effects outside: remind three times, then forget the session.
//!
//! The first record is `{"text":"…"}`, what to remind of. Each run gives one reminder, a line in the log, and records
//! it, `{"reminded":n}`; then it stores the session until the next is due, and after the last deletes it.
//!
//! # Why it counts records
//!
//! The repeat number will not do: a handler that stores its session has made progress, so the host counts its repeats
//! anew. A record does: it is committed together with the end of the run. A run that is cut off leaves none, and the
//! next gives the same reminder again, with the same number.

use std::time::Duration;

use mpy6a_handler::{Failure, OrFail as _, Repeat, info, settings};
use serde::{Deserialize, Serialize};

mpy6a_handler::export!(handle);

/// How many reminders there are.
const REMINDERS: usize = 3;

/// Seconds from one reminder to the next, where the setting `every_s` does not say.
const EVERY_S_DEFAULT: u32 = 60;

/// The first record.
#[derive(Deserialize)]
struct Reminder {
    text: String,
}

/// Every other record: a reminder was given, the `reminded`-th.
#[derive(Deserialize, Serialize)]
struct Given {
    reminded: usize,
}

fn handle(repeat: Repeat) -> Result<(), Failure> {
    let Reminder { text } = repeat.record(0)?;
    let n = given(&repeat)? + 1;
    info!("reminder {n} of {REMINDERS}: {text}");
    repeat.append_json(&Given { reminded: n })?;
    if n < REMINDERS {
        repeat.store(every()?)?;
    } else {
        repeat.delete()?;
    }
    Ok(())
}

/// How many reminders were given before this run.
fn given(repeat: &Repeat) -> Result<usize, Failure> {
    let later = 1..repeat.records().len();
    later.clone().try_for_each(|index| repeat.record::<Given>(index).map(drop))?;
    Ok(later.len())
}

/// The time from one reminder to the next.
fn every() -> Result<Duration, Failure> {
    let every_s = match settings::get("every_s")? {
        Some(text) => text.parse().or_permanent("the setting `every_s`, in whole seconds")?,
        None => EVERY_S_DEFAULT,
    };
    Ok(Duration::from_secs(every_s.into()))
}

#[cfg(test)]
mod tests;
