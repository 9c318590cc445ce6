//! How quick the repeats were: read from the host's log, all its lives included.
//!
//! Every run of a handler ends with one event whose message is `repeat ended`; its field `total_us` is the time from
//! the moment the repeat was due until its outcome was committed.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read},
    path::Path,
};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::Trouble;

/// The longest time that is told apart from longer ones, in microseconds: an hour.
const LONGEST_US: u64 = 3_600_000_000;
/// The precision of the histogram, in significant decimal digits.
const DIGITS: u8 = 3;

/// The repeats of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    /// How many there were.
    pub count: u64,
    /// Half of them took no longer from due to committed, in microseconds.
    pub p50_us: u64,
    /// 99 of 100 took no longer.
    pub p99_us: u64,
}

/// Read the log at this path.
pub fn read_file(path: &Path) -> Result<Repeats, Trouble> {
    let log = File::open(path).map_err(|why| format!("{} cannot be read: {why}", path.display()))?;
    read(log)
}

/// Read a log: one JSON object a line. A line that is none is passed over: a killed host leaves half a line, and a
/// panic writes plain text.
pub fn read(log: impl Read) -> Result<Repeats, Trouble> {
    let mut times = Histogram::<u64>::new_with_bounds(1, LONGEST_US, DIGITS)?;
    for line in BufReader::new(log).split(b'\n') {
        if let Some(total_us) = total_us(&line?) {
            times.saturating_record(total_us);
        }
    }
    let at = |quantile| if times.is_empty() { 0 } else { times.value_at_quantile(quantile) };
    Ok(Repeats { count: times.len(), p50_us: at(0.5), p99_us: at(0.99) })
}

/// The time of a repeat, if this line tells of one.
fn total_us(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Event {
        message: String,
        total_us: u64,
    }
    let event: Event = serde_json::from_slice(line).ok()?;
    (event.message == "repeat ended").then_some(event.total_us)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn only_ended_repeats_count() {
        let mut log = String::from("{\"message\":\"ready\"}\n{\"message\":\"repeat en\n\n");
        log += "{\"message\":\"something else\",\"total_us\":5}\nthread main panicked\n";
        for total_us in 1..=100 {
            writeln!(log, "{{\"level\":\"INFO\",\"message\":\"repeat ended\",\"total_us\":{total_us}}}").unwrap();
        }
        assert_eq!(read(log.as_bytes()).unwrap(), Repeats { count: 100, p50_us: 50, p99_us: 99 });
    }

    #[test]
    fn no_repeats_are_no_time() {
        assert_eq!(read("".as_bytes()).unwrap(), Repeats::default());
    }
}
