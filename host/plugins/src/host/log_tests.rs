use super::*;

fn sink(bytes_max: u64) -> LogSink {
    LogSink::new(Index { term: 1, index: 2 }, 7, 1, bytes_max)
}

#[test]
fn no_line_breaks_out_of_its_line_or_paints_the_terminal() {
    let log = sink(1000);
    log.line(Level::INFO, "a\x1b[31mred\r\nERROR forged\u{202e}\u{9b}");
    let tail = log.finish();
    assert_eq!(tail, "INFO a\\u{1b}[31mred\\r\\nERROR forged\\u{202e}\\u{9b}\n");
}

#[test]
fn a_flood_is_cut_at_the_limit_and_counted() {
    let log = sink(10 * (LINE_OVERHEAD_BYTES + 4));
    for _ in 0..1_000_000 {
        log.line(Level::INFO, "line");
    }
    let tail = log.finish();
    assert_eq!(tail.lines().filter(|line| *line == "INFO line").count(), 10);
    assert!(tail.ends_with("WARN 999990 more log lines dropped: over the kind's limit\n"), "{tail}");
}

#[test]
fn empty_lines_are_bounded_too() {
    let log = sink(10 * LINE_OVERHEAD_BYTES);
    log.bytes(Stream::Stdout, &[b'\n'; 1000]);
    assert_eq!(log.finish().lines().count(), 11);
}

#[test]
fn streams_become_lines_each_of_its_own() {
    let log = sink(1000);
    log.bytes(Stream::Stdout, b"one\r\ntw");
    log.bytes(Stream::Stderr, b"oops\n");
    log.bytes(Stream::Stdout, b"o\nthree");
    assert_eq!(log.finish(), "INFO one\nWARN oops\nINFO two\nINFO three\n");
}

#[test]
fn a_line_and_the_tail_stay_bounded() {
    let log = sink(u64::MAX);
    log.bytes(Stream::Stdout, &vec![b'x'; 10 * LOG_LINE_BYTES_MAX]);
    for _ in 0..100 {
        log.line(Level::DEBUG, &"ж".repeat(LOG_LINE_BYTES_MAX));
    }
    assert!(log.finish().len() <= 3 * LOG_TAIL_BYTES_MAX);
}
