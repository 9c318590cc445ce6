//! One fault at every call of the disk, one history after another: what chance may miss, a sweep does not.

use std::time::Instant;

use crate::{
    disk::FaultKind,
    world::{self, Failure, Plan, Weather},
};

/// What was swept.
pub struct Sweep {
    pub calls: u64,
    pub histories: u64,
}

/// Live a history without a fault, and then once more for each of its calls and each kind of fault; until `end`.
pub fn run(plan: Plan, end: Instant) -> Result<Sweep, (Plan, Failure)> {
    let sorts = world::run(plan).map_err(|failure| (plan, failure))?.sorts;
    let calls = sorts.len() as u64;
    let mut histories = 1;
    for (call, sort) in (0..).zip(sorts) {
        for kind in FaultKind::ALL.into_iter().filter(|kind| kind.concerns(sort)) {
            if now() >= end {
                return Ok(Sweep { calls, histories });
            }
            let plan = Plan { weather: Weather::Fault(Some((kind, call))), ..plan };
            world::run(plan).map_err(|failure| (plan, failure))?;
            histories += 1;
        }
    }
    Ok(Sweep { calls, histories })
}

#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}
