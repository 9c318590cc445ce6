//! What is found while a config is read: everything that is wrong, and which keys were absent.

use std::{cell::RefCell, ops::Range};

use mpy6a_plugins::shown;

use super::problem::Problem;

/// What a parser of one value answers: the value, or what is wrong with it and what to write instead.
pub type Parsed<T> = Result<T, String>;

/// Gathers what is found while one file is read.
#[derive(Debug)]
pub struct Findings<'a> {
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
    absent: RefCell<Vec<String>>,
}

impl<'a> Findings<'a> {
    /// Nothing found yet in this text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, problems: RefCell::default(), absent: RefCell::default() }
    }

    /// Add a problem at a byte range of the text. What it repeats of the text is made fit for one line.
    pub fn add(&self, at: Option<Range<usize>>, key: &str, message: impl Into<String>) {
        let line = at.and_then(|at| self.text.get(..at.start)).map(|before| before.matches('\n').count() + 1);
        self.problems.borrow_mut().push(Problem {
            line,
            key: shown::line(key, shown::NAME_BYTES_MAX),
            message: shown::line(&message.into(), shown::MESSAGE_BYTES_MAX),
        });
    }

    /// Note that a key was asked for and absent.
    pub fn absent(&self, key: String) {
        self.absent.borrow_mut().push(key);
    }

    /// The problems in the order of their lines, and the keys that were absent.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Problem>, Vec<String>) {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        (problems, self.absent.into_inner())
    }
}
