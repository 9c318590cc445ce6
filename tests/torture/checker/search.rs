//! Whether some order of a session's moves makes sense: after Wing and Gong, *Testing and verifying concurrent objects* (1993),
//! with Lowe's memory of dead ends (2017).
//!
//! Depth first. At each place the next move may be any that had begun before all others were over, that no smaller index
//! precedes, and that the model allows. What was seen must be made; what nobody was told of may be, or never.

use std::collections::HashSet;

use super::{
    Complaint, complaint,
    model::State,
    moves::{self, Move},
};
use crate::history::{At, History, Index};

/// The most moves of one session: a bit of a `u128` for each. Clients stop long before.
const MOVES_MAX: usize = 128;
/// The most places to look at for one session: several thousand times what one takes that is in order.
const PLACES_MAX: usize = 2_000_000;

/// A place: which moves were made, and what the session is then.
type Seen = HashSet<(u128, State)>;

pub fn check(session: &History) -> Option<Complaint> {
    let moves = moves::of(session);
    if moves.len() > MOVES_MAX {
        return Some(complaint("too long to judge", session, format!("{} moves", moves.len())));
    }
    let mut search = Search { moves: &moves, seen: Seen::new(), furthest: 0, stuck: None };
    if search.from(0, &State::default()) {
        return None;
    }
    if search.seen.len() >= PLACES_MAX {
        return Some(complaint("too tangled to judge", session, format!("{} places", search.seen.len())));
    }
    Some(complaint("not linearizable", session, search.explain()))
}

struct Search<'a> {
    moves: &'a [Move],
    seen: Seen,
    /// How many sure moves were made at most, and where that got stuck.
    furthest: usize,
    stuck: Option<(u128, State)>,
}

impl Search<'_> {
    fn from(&mut self, made: u128, state: &State) -> bool {
        let sure_made = self.moves.iter().enumerate().filter(|(at, it)| it.sure && made >> at & 1 == 1).count();
        let sure = self.moves.iter().filter(|it| it.sure).count();
        if sure_made == sure {
            return true;
        }
        if self.seen.len() >= PLACES_MAX || !self.seen.insert((made, state.clone())) {
            return false;
        }
        if sure_made >= self.furthest {
            (self.furthest, self.stuck) = (sure_made, Some((made, state.clone())));
        }
        let next: Vec<usize> = self.next(made).collect();
        // What surely happened first: the rest may never have.
        let (sure, perhaps): (Vec<usize>, Vec<usize>) = next.into_iter().partition(|at| self.moves[*at].sure);
        sure.into_iter().chain(perhaps).any(|at| {
            let after = self.moves[at].what.make(state);
            after.is_some_and(|after| self.from(made | 1 << at, &after))
        })
    }

    /// The moves that may come next, as far as time and indexes tell.
    fn next(&self, made: u128) -> impl Iterator<Item = usize> {
        let open = || self.moves.iter().enumerate().filter(move |(at, _)| made >> at & 1 == 0);
        let first_end: At = open().filter(|(_, it)| it.sure).map(|(_, it)| it.ended).min().unwrap_or(At::MAX);
        let first_index: Option<(Index, bool)> = open().filter_map(|(_, it)| it.at).min();
        open()
            .filter(move |(_, it)| it.began <= first_end && it.at.is_none_or(|at| Some(at) <= first_index))
            .map(|(at, _)| at)
    }

    /// Where the best order got stuck.
    fn explain(&self) -> String {
        let Some((made, state)) = &self.stuck else { return "nothing was seen".to_owned() };
        let next: Vec<String> = self.next(*made).map(|at| format!("{:?}", self.moves[at])).collect();
        format!("after {} moves, at {state:?}, none of these makes sense: {}", made.count_ones(), next.join("; "))
    }
}
