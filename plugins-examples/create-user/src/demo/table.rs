//! The table at the end: for a person, within 80 columns.

use std::fmt::Write as _;

use super::report::Report;
use crate::service::faults::Counts;

/// How many wrong users are listed; the others are only counted.
const WRONG_SHOWN: usize = 10;
/// How much of a nick is shown, in characters.
const NICK_SHOWN: usize = 70;

/// The report as text, without a newline at the end.
pub fn render(report: &Report) -> String {
    let mut text = String::from("\n");
    told(&mut text, report);
    let lines: [(&str, String, &str); 8] = [
        ("created straight", number(report.created_straight), "the client went through all its steps"),
        ("rolled forward", number(report.rolled_forward), "the client did not; the handler finished"),
        ("rolled back", number(report.rolled_back), "the client did not; nothing is left of it"),
        ("nick taken", number(report.nick_taken), "another row has the nick"),
        ("repeats", number(report.repeats.count), "runs of the handler"),
        ("repeat latency p50", time(report.repeats.p50_us), "from due to committed"),
        ("repeat latency p99", time(report.repeats.p99_us), ""),
        ("parked", number(report.parked), "sessions out of repeats"),
    ];
    for (name, value, meaning) in &lines {
        line(&mut text, name, value, meaning);
    }
    if report.not_begun > 0 {
        line(&mut text, "never begun", &number(report.not_begun), "no session could be opened");
    }
    if report.bad_rows > 0 {
        line(&mut text, "left out", &number(report.bad_rows), "rows that cannot be users");
    }
    line(&mut text, "wrong", &number(report.wrong.len() as u64), "half-created, missing or unasked for");
    wrong(&mut text, report);
    text.truncate(text.trim_end().len());
    text
}

/// What was done to them, in words.
fn told(text: &mut String, report: &Report) {
    let Report { rows, died, seconds, calls_a, calls_b, .. } = report;
    let rows = number(*rows);
    let fenced = calls_a.fenced + calls_b.fenced;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {rows} users in {seconds:.1} s; {died} clients died; the host was killed once.");
    let _ = writeln!(text, "  {}\n  {}", calls("A", calls_a), calls("B", calls_b));
    let _ = writeln!(text, "  Late calls of operators that had lost their session, refused: {fenced}.\n");
}

fn calls(service: &str, counts: &Counts) -> String {
    let Counts { calls, failed, hung, lost, .. } = *counts;
    let calls = number(calls);
    format!("Of {calls} calls of {service}, {failed} failed, {hung} hung, {lost} lost their answer.")
}

fn line(text: &mut String, name: &str, value: &str, meaning: &str) {
    let row = format!("  {name:<20}{value:>10}   {meaning}");
    let _ = writeln!(text, "{}", row.trim_end());
}

fn wrong(text: &mut String, report: &Report) {
    for (nick, why) in report.wrong.iter().take(WRONG_SHOWN) {
        // Debug form: a nick may hold newlines and marks that reverse the line.
        let nick = format!("{nick:?}");
        let _ = writeln!(text, "    {nick:.NICK_SHOWN$}\n      {why}");
    }
    let more = report.wrong.len().saturating_sub(WRONG_SHOWN);
    if more > 0 {
        let _ = writeln!(text, "    … and {more} more");
    }
}

/// 1234567 as `1,234,567`.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds, in the unit that reads best.
fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{:.1} ms", us as f64 / 1e3),
        _ => format!("{:.1} s", us as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::latency::Repeats;

    fn report() -> Report {
        Report {
            rows: 1_000,
            created_straight: 612,
            rolled_forward: 268,
            rolled_back: 90,
            nick_taken: 30,
            repeats: Repeats { count: 1_431, p50_us: 1_840, p99_us: 1_512_000 },
            died: 51,
            calls_a: Counts { calls: 2_310, failed: 152, hung: 149, lost: 161, fenced: 17 },
            calls_b: Counts { calls: 1_204, failed: 80, hung: 77, lost: 84, fenced: 3 },
            seconds: 21.34,
            ..Report::default()
        }
    }

    #[test]
    fn all_went_well() {
        let golden = include_str!("table_golden/right.txt");
        assert_eq!(render(&report()), golden.trim_end_matches('\n'));
    }

    #[test]
    fn something_is_wrong() {
        let mut wrong: Vec<_> = (1..=12).map(|id| (format!("user{id}"), "half-created".to_owned())).collect();
        wrong[0] = ("\u{202e}evil\n".into(), "half-created: A keeps user 7, B has not indexed it".into());
        let report = Report { wrong, bad_rows: 2, not_begun: 1, parked: 1, ..report() };
        let golden = include_str!("table_golden/wrong.txt");
        assert_eq!(render(&report), golden.trim_end_matches('\n'));
    }

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([7, 999, 1_840, 1_512_000].map(time), ["7 µs", "999 µs", "1.8 ms", "1.5 s"]);
    }
}
