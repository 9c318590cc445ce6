//! Log lines on their way to stderr: a bounded queue, and a thread that writes.
//!
//! The reader of stderr may stop reading: a pipe is full after 64 KiB then, a terminal is paused, a file system hangs. Only the
//! thread waits for it.
//!
//! ```text
//! an event --> format, escape --> room? --> queue --> thread --> stderr
//!                                   +--> dropped, counted; told when there is room again
//! ```
//!
//! Invariants:
//!
//! * [`Queue::push`] never waits for a reader.
//! * Lines are whole and in order. A line says where others are missing, and how many.
//! * The queue is bounded in lines and in bytes. After a drop it takes lines again when half of it is free, so that a reader that
//!   is only slow finds runs of lines with a gap now and then, not a gap behind each line.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Write},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// How much waits at most.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Lines.
    pub lines: usize,
    /// Their bytes, line ends included.
    pub bytes: usize,
}

/// Bytes of one write, unless a single line is longer.
const CHUNK_BYTES: usize = 64 << 10;

/// How long the thread rests after a failed write: a full disk may have room later, and a closed pipe stays closed.
const FAILED_REST: Duration = Duration::from_millis(100);

/// A queue of lines.
pub struct Queue {
    room: Room,
    /// Makes the line that tells how many were dropped.
    tell: fn(u64) -> String,
    state: Mutex<State>,
    /// Woken when a line comes.
    filled: Condvar,
    /// Woken when everything is written.
    emptied: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    lines: VecDeque<Line>,
    bytes: usize,
    /// Dropped since the last line that told of it.
    untold: u64,
    /// The thread has lines in hand.
    writing: bool,
}

/// A line, its end included.
struct Line {
    bytes: Vec<u8>,
    /// How many dropped ones it tells of; none where it is a line of its own.
    tells: Option<u64>,
}

impl Queue {
    /// An empty one, which nothing empties yet. `tell` makes the line, its end included, that stands for dropped ones.
    #[must_use]
    pub fn new(room: Room, tell: fn(u64) -> String) -> Arc<Self> {
        let (state, filled, emptied) = (Mutex::default(), Condvar::new(), Condvar::new());
        Arc::new(Self { room, tell, state, filled, emptied, dropped: AtomicU64::new(0) })
    }

    /// Start the thread that writes to `out`. It ends with the process.
    ///
    /// # Errors
    ///
    /// The system has no thread.
    pub fn write_to(self: &Arc<Self>, mut out: impl Write + Send + 'static) -> io::Result<()> {
        let queue = Arc::clone(self);
        let run = move || {
            // The last write ended within a line.
            let mut is_cut = false;
            loop {
                let lines = queue.take();
                let end = is_cut.then_some(b"\n".as_slice());
                let chunk: Vec<u8> =
                    end.into_iter().chain(lines.iter().map(|line| &*line.bytes)).flatten().copied().collect();
                let (written, result) = write_all(&mut out, &chunk);
                is_cut = chunk[..written].last().map_or(is_cut, |last| *last != b'\n');
                if result.is_err() {
                    queue.lost(&lines, written.saturating_sub(end.map_or(0, <[u8]>::len)));
                    thread::sleep(FAILED_REST);
                }
            }
        };
        thread::Builder::new().name("mpy6a-log".to_owned()).spawn(run).map(drop)
    }

    /// Queue a line, its end included, or drop it.
    pub fn push(&self, line: Vec<u8>) {
        let mut state = self.lock();
        let factor = if state.untold > 0 { 2 } else { 1 };
        let fits = state.lines.len() < self.room.lines / factor
            && state.bytes.saturating_add(line.len()) <= self.room.bytes / factor;
        if !fits {
            state.untold += 1;
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        self.tell_of_dropped(&mut state);
        state.put(Line { bytes: line, tells: None });
        drop(state);
        self.filled.notify_one();
    }

    /// How many lines were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Wait until everything is written, at most so long.
    pub fn flush(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut state = self.lock();
        while !state.is_written() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.emptied.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Wait for lines, and take some of them.
    fn take(&self) -> Vec<Line> {
        let mut state = self.lock();
        state.writing = false;
        loop {
            if state.lines.is_empty() {
                self.tell_of_dropped(&mut state);
            }
            if state.is_written() {
                self.emptied.notify_all();
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.writing = true;
            return state.take();
        }
    }

    /// Only so many bytes of these could be written.
    fn lost(&self, lines: &[Line], written: usize) {
        let mut end = 0;
        let lost = lines.iter().filter(|line| {
            end += line.bytes.len();
            end > written
        });
        let (mut own, mut untold) = (0, 0);
        for line in lost {
            own += u64::from(line.tells.is_none());
            untold += line.tells.unwrap_or(1);
        }
        self.lock().untold += untold;
        self.dropped.fetch_add(own, Relaxed);
    }

    /// Put the line that stands for dropped ones behind those that came before them.
    fn tell_of_dropped(&self, state: &mut State) {
        let untold = std::mem::take(&mut state.untold);
        if untold > 0 {
            state.put(Line { bytes: (self.tell)(untold).into_bytes(), tells: Some(untold) });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, line: Line) {
        self.bytes += line.bytes.len();
        self.lines.push_back(line);
    }

    fn is_written(&self) -> bool {
        self.lines.is_empty() && self.untold == 0 && !self.writing
    }

    fn take(&mut self) -> Vec<Line> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while let Some(line) = self.lines.pop_front_if(|line| bytes == 0 || bytes + line.bytes.len() <= CHUNK_BYTES) {
            bytes += line.bytes.len();
            lines.push(line);
        }
        self.bytes -= bytes;
        lines
    }
}

/// Write all of it, also where the descriptor was made not to wait by another process that shares it. Answers how much was written.
fn write_all(out: &mut impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match out.write(&bytes[written..]) {
            Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FAILED_REST),
            Err(error) => return (written, Err(error)),
        }
    }
    (written, out.flush())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Writes wait until the test reads: a pipe without any buffer.
    struct Pipe(Sender<Vec<u8>>, Receiver<()>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.recv().map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            self.0.send(bytes.to_vec()).map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Reader(Receiver<Vec<u8>>, Sender<()>);

    impl Reader {
        fn reads(&self) -> String {
            self.1.send(()).unwrap();
            String::from_utf8(self.0.recv().unwrap()).unwrap()
        }

        fn reads_up_to(&self, end: &str) -> Vec<String> {
            let mut text = String::new();
            while !text.ends_with(end) {
                text.push_str(&self.reads());
            }
            text.lines().map(str::to_owned).collect()
        }
    }

    const ROOM: Room = Room { lines: 8, bytes: 1_000 };

    fn queue(room: Room) -> (Arc<Queue>, Reader) {
        let queue = Queue::new(room, |count| format!("{count} dropped\n"));
        let ((to_reader, from_writer), (to_writer, from_reader)) = (channel(), channel());
        queue.write_to(Pipe(to_reader, from_reader)).unwrap();
        (queue, Reader(from_writer, to_writer))
    }

    /// Have the thread take a line and wait with it for the reader.
    fn occupied(queue: &Queue) {
        queue.push(b"first\n".to_vec());
        while !queue.lock().writing {
            thread::yield_now();
        }
    }

    fn push(queue: &Queue, numbers: impl IntoIterator<Item = u32>) {
        numbers.into_iter().for_each(|number| queue.push(format!("{number}\n").into_bytes()));
    }

    #[test]
    fn what_does_not_fit_is_dropped_counted_and_told_where_it_is_missing() {
        let (queue, reader) = queue(ROOM);
        occupied(&queue);
        push(&queue, 0..20);
        assert_eq!((queue.dropped(), queue.lock().lines.len()), (12, 8));
        let lines = reader.reads_up_to("12 dropped\n");
        assert_eq!(lines, ["first", "0", "1", "2", "3", "4", "5", "6", "7", "12 dropped"]);
        push(&queue, [20]);
        assert_eq!(reader.reads(), "20\n");
    }

    #[test]
    fn after_a_drop_lines_are_taken_again_when_half_is_free() {
        let queue = Queue::new(ROOM, |count| format!("{count} dropped\n"));
        push(&queue, 0..9);
        let taken = |queue: &Queue, count: usize| {
            let mut state = queue.lock();
            for line in state.lines.drain(..count).collect::<Vec<_>>() {
                state.bytes -= line.bytes.len();
            }
        };
        taken(&queue, 4);
        push(&queue, [9]);
        taken(&queue, 1);
        push(&queue, [10]);
        let lines: Vec<Vec<u8>> = queue.lock().lines.iter().map(|line| line.bytes.clone()).collect();
        assert_eq!(lines.concat(), b"5\n6\n7\n2 dropped\n10\n");
    }

    #[test]
    fn bytes_are_bounded_and_a_line_longer_than_all_of_them_is_dropped() {
        let queue = Queue::new(Room { lines: 8, bytes: 10 }, |_| String::new());
        queue.push(vec![b'x'; 11]);
        assert_eq!((queue.dropped(), queue.lock().bytes), (1, 0));
        queue.push(vec![b'x'; 5]);
        queue.push(vec![b'x'; 5]);
        assert_eq!(queue.dropped(), 1);
        queue.push(vec![b'x'; 1]);
        assert_eq!((queue.dropped(), queue.lock().bytes), (2, 10));
    }

    #[test]
    fn flushing_waits_for_a_reader_and_not_for_ever() {
        let (queue, reader) = queue(ROOM);
        queue.flush(Duration::from_secs(60));
        occupied(&queue);
        // No reader: this must come back.
        queue.flush(Duration::from_millis(1));
        assert_eq!(reader.reads(), "first\n");
        queue.flush(Duration::from_secs(60));
        assert!(queue.lock().is_written());
    }

    #[test]
    fn lines_for_a_closed_pipe_are_counted_once_each() {
        let (queue, reader) = queue(ROOM);
        drop(reader);
        push(&queue, 0..3);
        while queue.dropped() < 3 {
            thread::yield_now();
        }
        // The line that tells of them cannot be written either, and counts for nothing.
        let told = || {
            let state = queue.lock();
            state.lines.iter().filter_map(|line| line.tells).sum::<u64>() + state.untold
        };
        while told() != 3 {
            thread::yield_now();
        }
        assert_eq!(queue.dropped(), 3);
    }

    /// Takes a few bytes and fails, as a full disk does; then there is room.
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            let fits = disk.1.min(bytes.len());
            disk.1 -= fits;
            disk.0.extend_from_slice(&bytes[..fits]);
            if fits == 0 {
                disk.1 = usize::MAX;
                return Err(ErrorKind::StorageFull.into());
            }
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_was_cut_by_a_full_disk_ends_before_the_next_begins() {
        let disk = Arc::new(Mutex::new((Vec::new(), 9)));
        let queue = Queue::new(ROOM, |count| format!("{count} dropped\n"));
        ["first\n", "second\n", "third\n"].iter().for_each(|line| queue.push(line.as_bytes().to_vec()));
        queue.write_to(Disk(Arc::clone(&disk))).unwrap();
        queue.flush(Duration::from_secs(60));
        assert_eq!(String::from_utf8_lossy(&disk.lock().unwrap().0), "first\nsec\n2 dropped\n");
        assert_eq!(queue.dropped(), 2);
    }
}
