//! Effects under a name that is made of the clock: `PUT …/payments/1700000000000`, and under another one when repeated.
//!
//! The undisturbed life does not have the second one, but neither has it what a handler rightly does that decides otherwise later. What
//! tells them apart is a third life with the same deaths, longer ones: a decision comes to the same request again, a clock to another.

use std::collections::BTreeMap;

use crate::{offline::life::Life, outside::answer::Answer};

/// Requests that took effect, and how often.
type Lines = BTreeMap<String, usize>;

/// The lines of a life's effects.
pub(super) fn lines(life: &Life) -> Lines {
    let mut counts = Lines::new();
    life.outside.effects.list().into_iter().for_each(|effect| *counts.entry(effect.line).or_default() += 1);
    counts
}

/// Whether a life has effects that the undisturbed one does not have, which may be under another name.
pub(super) fn is_possible(whole: &Life, life: &Life) -> bool {
    let should = lines(whole);
    lines(life).keys().any(|line| !should.contains_key(line))
}

/// What took effect in a life and once more under a name that was another one in the life with longer deaths, so that more requests of
/// its sort took effect than should. Requests are of one sort that have the same method, and the same answer in the scenario.
pub(super) fn repeated(whole: &Life, life: &Life, longer: &Life, answers: &[Answer]) -> Vec<String> {
    let (should, did, later) = (lines(whole), lines(life), lines(longer));
    let mut found = BTreeMap::new();
    for line in should.keys() {
        let Some(of) = sort(line, answers) else { continue };
        let count = |lines: &Lines, others: &[&Lines]| -> usize {
            let is_alone = |line: &str| others.iter().all(|others| !others.contains_key(line));
            let counted = lines.iter().filter(|(line, _)| sort(line, answers) == Some(of) && is_alone(line));
            counted.map(|(_, times)| times).sum()
        };
        let (named, missing) = (count(&did, &[&should, &later]), count(&should, &[&did]));
        if named > missing && count(&later, &[&should, &did]) > 0 {
            found.entry(of).or_insert_with(|| otherwise(line));
        }
    }
    found.into_values().collect()
}

/// The method of a request, and the first answer that it may have.
fn sort<'l>(line: &'l str, answers: &[Answer]) -> Option<(&'l str, usize)> {
    let (method, url) = line.split_once(' ')?;
    Some((method, answers.iter().position(|answer| answer.is_of(method, url))?))
}

fn otherwise(line: &str) -> String {
    format!(
        "{line} took effect and was repeated otherwise, under a name that changes with the clock: record the name before it is \
         used, and take it from there"
    )
}
