//! Handlers that misbehave harm nothing but their own run: each ends with its typed cause, its session is repeated and
//! parked as designed, and other kinds' sessions are repeated undisturbed meanwhile.
//!
//! | file | what the handler does |
//! |---|---|
//! | [`ended`] | what the host ends the run for |
//! | [`lies`] | what no toolchain makes: guests written by hand |
//! | [`refused`] | what the host refuses, and the handler goes on |
//! | [`others`] | anything, for ever, with all its workers |

mod ended;
mod lies;
mod others;
mod refused;

use crate::harness::{Config, Kind};

/// How often a session is repeated before it is parked.
const REPEATS: u32 = 2;

/// Limits under which a bad run ends soon and a good one with ease.
fn limited(kind: Kind) -> Kind {
    kind.set("max_repeats", REPEATS).set("plugin.memory", "16MiB").set("plugin.fuel", 50_000_000)
}

/// What a handler does; its outcome and a part of the cause; the records that are left, but for the first.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);

fn config() -> Config {
    Config::of([limited(Kind::misbehave(1))])
        .set("limits.record", "1KiB")
        .set("limits.session", "4KiB")
        .set("limits.timeout", "1h")
}
