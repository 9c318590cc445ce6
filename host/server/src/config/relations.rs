//! What must hold between values that are each right by themselves.

use std::collections::BTreeMap;

use super::{Fixed, Kind, reader::Table, values::SizeText};

/// Relations between the limits: what fits into a smaller one has to fit into the larger.
pub(super) fn check_limits(table: &Table<'_, '_>, fixed: &Fixed) {
    let limits = &fixed.limits;
    let (record, session) = (limits.record_bytes_max, limits.session_bytes_max);
    if record > session {
        let message =
            format!("{} is over `session`, {}: lower it, or raise `session`", SizeText(record), SizeText(session));
        table.problem("record", message);
    }
    if record > limits.queue_bytes_max as u64 {
        let queue = SizeText(limits.queue_bytes_max as u64);
        let message = format!("{queue} holds not even one record of {}: raise it, or lower `record`", SizeText(record));
        table.problem("queue_bytes", message);
    }
    let share = (fixed.connections_per_address_max, fixed.connections_max);
    check_share(table, ("connections_per_address", "connections"), share, "one address could take every place");
    let share = (fixed.requests_max, fixed.requests_total_max);
    check_share(table, ("requests", "requests_total"), share, "one connection could take every place");
}

/// A bound on one of many protects the bound on all of them only while it is lower.
fn check_share(
    table: &Table<'_, '_>,
    (share, total): (&'static str, &'static str),
    (share_max, total_max): (u32, u32),
    harm: &str,
) {
    if share_max >= total_max {
        let message =
            format!("{share_max} is not below `{total}`, {total_max}, so {harm}: lower it, or raise `{total}`");
        table.problem(share, message);
    }
}

/// Relations between the kinds and the limits of the host.
pub(super) fn check_kinds(root: &Table<'_, '_>, fixed: &Fixed, kinds: &BTreeMap<u32, Kind>) {
    if let Err(message) = fits(fixed, kinds) {
        root.problem("kind", message);
    }
}

/// Whether a host with these limits can run these kinds: asked of a config by itself, and again when a running host,
/// whose limits stay as they are, gets new kinds.
///
/// # Errors
///
/// What does not fit, and what to do.
pub(super) fn fits(fixed: &Fixed, kinds: &BTreeMap<u32, Kind>) -> Result<(), String> {
    // At most KINDS_MAX times RUNS_MAX: far from overflow in 64 bits.
    let sum: u64 = kinds.values().map(|kind| u64::from(kind.policy.max_running)).sum();
    if sum > u64::from(fixed.runs_max) {
        return Err(format!(
            "the kinds' `max_running` add up to {sum}, over `limits.runs`, {}: each kind's workers are its own, so raise \
             `limits.runs` or lower a `max_running`",
            fixed.runs_max
        ));
    }
    let max = fixed.run_memory_bytes_max;
    let greedy = kinds.iter().find(|(_, kind)| kind.plugin.limits.memory_bytes > max);
    if let Some((id, kind)) = greedy {
        let (memory, max) = (SizeText(kind.plugin.limits.memory_bytes), SizeText(max));
        return Err(format!(
            "kind {id} grants a run {memory} of memory, over `limits.run_memory`, {max}: raise `limits.run_memory` or lower \
             the kind's `plugin.memory`"
        ));
    }
    Ok(())
}
