//! Why the host ended a run: a word for each reason.

use mpy6a_sessions::Outcome;

/// Why the host ended a run before its handler returned.
pub const TRAPS: [&str; 12] = [
    "unreachable",
    "stack",
    "memory-access",
    "arithmetic",
    "table",
    "exit",
    "trap",
    "out-of-fuel",
    "out-of-memory",
    "timed-out",
    "contract-broken",
    "not-started",
];

/// Why the host ended a run; none where its handler returned. Causes are text, and a handler can make its own: what is none of
/// the known ones is a `trap`.
#[must_use]
pub fn trap(outcome: &Outcome) -> Option<&'static str> {
    /// What wasmtime says of a trap, and the name for it. What the handler logged last may stand before it.
    const KNOWN: [(&str, &str); 9] = [
        ("wasm trap: wasm `unreachable` instruction executed", "unreachable"),
        ("wasm trap: call stack exhausted", "stack"),
        ("wasm trap: out of bounds memory access", "memory-access"),
        ("wasm trap: integer", "arithmetic"),
        ("wasm trap: invalid conversion to integer", "arithmetic"),
        ("wasm trap: undefined element", "table"),
        ("wasm trap: uninitialized element", "table"),
        ("wasm trap: indirect call type mismatch", "table"),
        ("it exited ", "exit"),
    ];
    match outcome {
        Outcome::Returned | Outcome::Retry(_) | Outcome::Permanent(_) | Outcome::HostDied => None,
        Outcome::Trapped(cause) => {
            Some(KNOWN.iter().find(|(text, _)| cause.contains(text)).map_or("trap", |(_, name)| name))
        }
        other => Some(other.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_be_ended_has_a_counter() {
        let text = String::new;
        for outcome in [
            Outcome::Trapped(text()),
            Outcome::OutOfFuel,
            Outcome::OutOfMemory,
            Outcome::TimedOut,
            Outcome::ContractBroken(text()),
            Outcome::NotStarted(text()),
        ] {
            assert!(trap(&outcome).is_some_and(|name| TRAPS.contains(&name)), "{outcome}");
        }
    }
}
