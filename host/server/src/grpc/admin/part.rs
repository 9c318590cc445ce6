//! Where a listing has come to, as the text of a page token.
//!
//! A listing goes through parts in one fixed order: what is held, then kind by kind what is stored and what is parked. So a
//! token says all there is to say, and a host that was restarted meanwhile goes on from it.

use mpy6a_sessions::{Due, Index, Line, Part};

/// The text of a part: `h`, `h.3-1042`, `s.7`, `s.7.1700000000000.3-1042`, and the same with `p` for what is parked.
#[must_use]
pub fn token(part: Part) -> String {
    match part {
        Part::Held(None) => "h".to_owned(),
        Part::Held(Some(id)) => format!("h.{id}"),
        Part::Waiting(kind, line, after) => {
            let line = if line == Line::Stored { 's' } else { 'p' };
            match after {
                None => format!("{line}.{kind}"),
                Some(Due { at_ms, stored }) => format!("{line}.{kind}.{at_ms}.{stored}"),
            }
        }
    }
}

/// The part of a text; none if it is none of ours.
#[must_use]
pub fn parse(token: &str) -> Option<Part> {
    let parts: Vec<&str> = token.split('.').collect();
    let line = match *parts.first()? {
        "h" => return held(&parts[1..]),
        "s" => Line::Stored,
        "p" => Line::Parked,
        _ => return None,
    };
    match &parts[1..] {
        [kind] => Some(Part::Waiting(kind.parse().ok()?, line, None)),
        [kind, at_ms, stored] => {
            let after = Due { at_ms: at_ms.parse().ok()?, stored: stored.parse().ok()? };
            Some(Part::Waiting(kind.parse().ok()?, line, Some(after)))
        }
        _ => None,
    }
}

fn held(rest: &[&str]) -> Option<Part> {
    match rest {
        [] => Some(Part::Held(None)),
        [id] => Some(Part::Held(Some(id.parse::<Index>().ok()?))),
        _ => None,
    }
}

/// The part's place in the order of a listing.
#[must_use]
pub fn place(part: Part) -> (u64, bool) {
    match part {
        Part::Held(_) => (0, false),
        Part::Waiting(kind, line, _) => (1 + u64::from(kind), line == Line::Parked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_comes_back_from_its_token() {
        let id = Index { term: 3, index: u64::MAX };
        let after = Some(Due { at_ms: u64::MAX, stored: id });
        let waiting = |line, after| Part::Waiting(u32::MAX, line, after);
        let parts = [
            Part::Held(None),
            Part::Held(Some(id)),
            waiting(Line::Stored, None),
            waiting(Line::Stored, after),
            waiting(Line::Parked, None),
            waiting(Line::Parked, after),
        ];
        for part in parts {
            assert_eq!(parse(&token(part)), Some(part));
        }
        assert!(parts.windows(2).all(|two| place(two[0]) <= place(two[1])));
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "x",
            "h.",
            "h.3",
            "h.1-2.3",
            "s",
            "s.",
            "s.x",
            "s.1.2",
            "s.1.2.3",
            "s.1.2.3-4.5",
            "p.-1",
            "s.4294967296",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
