//! Handles with which nothing is found: what their sender is told, how they are counted, and how fast they may be tried.
//!
//! A session is known to those who have its key. To all others it looks as if it were not there: a wrong key and a session that
//! never was get the same answer, `SESSION_NOT_FOUND`. Neither is applied.
//!
//! Both use up the caller's allowance: [`MISSES_MAX`] of them at once, and [`MISSES_PER_SECOND`] for good, for each pair of an
//! `[[access]]` and an address. Past it the caller is told `OVERLOADED`, with the advice when to ask again, in place of
//! `SESSION_NOT_FOUND`; so trying is slow, and learns nothing meanwhile. It is looked at after the session was, so an operation
//! with the right key is never refused or slowed by it, whoever else tries from the same address.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use http::Extensions;
use mpy6a_sessions::{Error, Refusal};

use super::identity::Identity;
use crate::{
    grpc::{addresses::counted, connection::Peer},
    limits::{ACCESS_MAX, MISSES_CALLERS_MAX, MISSES_MAX, MISSES_PER_SECOND, MISSES_RETRY},
};

/// The name under which metrics have callers without one, and those of names past [`ACCESS_MAX`].
pub const NAMELESS: &str = "*";

/// Handles with which nothing was found, by caller.
#[derive(Debug, Default)]
pub struct Misses(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Wrong keys by the name of the `[[access]]`, since the host was started. Names of earlier configs stay.
    wrong_keys: BTreeMap<Arc<str>, u64>,
    /// Those who used up some of their allowance, and not yet got it back.
    callers: HashMap<Caller, Used>,
}

type Caller = (Option<Arc<str>>, Option<IpAddr>);

/// How much of an allowance is used up.
#[derive(Clone, Copy, Debug)]
struct Used {
    misses: f64,
    at: Instant,
}

impl Misses {
    /// What a caller is told of an error: the same whether the key is wrong or the session is not there. `extensions`: those of the
    /// caller's request.
    pub fn told(&self, error: Error, extensions: &Extensions) -> Error {
        self.told_to(error, extensions.get(), extensions.get())
    }

    /// The same, for a caller whose identity and peer are known.
    pub fn told_to(&self, error: Error, identity: Option<&Identity>, peer: Option<&Peer>) -> Error {
        let (id, is_wrong) = match error {
            Error::Refused(Refusal::KeyWrong(id)) => (id, true),
            Error::Refused(Refusal::SessionNotFound(id)) => (id, false),
            other => return other,
        };
        let caller = (identity.and_then(Identity::name), peer.map(|peer| counted(peer.address.ip())));
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_wrong {
            state.count(caller.0.as_ref());
        }
        if state.allows(caller, Instant::now()) {
            Refusal::SessionNotFound(id).into()
        } else {
            Error::Overloaded(MISSES_RETRY)
        }
    }

    /// Wrong keys by the name of the `[[access]]`, those of callers without a name first.
    #[must_use]
    pub fn wrong_keys(&self) -> BTreeMap<Arc<str>, u64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner).wrong_keys.clone();
        // What grows from nothing shows only so.
        counts.entry(NAMELESS.into()).or_default();
        counts
    }
}

impl State {
    fn count(&mut self, name: Option<&Arc<str>>) {
        let is_known = |name: &&Arc<str>| self.wrong_keys.contains_key(*name) || self.wrong_keys.len() < ACCESS_MAX;
        let name = name.filter(is_known).cloned().unwrap_or_else(|| NAMELESS.into());
        *self.wrong_keys.entry(name).or_default() += 1;
    }

    /// Whether this caller may be told of one more.
    fn allows(&mut self, caller: Caller, now: Instant) -> bool {
        if self.callers.len() >= MISSES_CALLERS_MAX && !self.callers.contains_key(&caller) {
            self.callers.retain(|_, used| used.by(now) > 0.0);
        }
        // Where too many try at once, those of one `[[access]]` share an allowance.
        let is_full = self.callers.len() >= MISSES_CALLERS_MAX && !self.callers.contains_key(&caller);
        let caller = if is_full { (caller.0, None) } else { caller };
        let used = self.callers.entry(caller).or_insert(Used { misses: 0.0, at: now });
        let misses = used.by(now) + 1.0;
        let allows = misses <= MISSES_MAX;
        *used = Used { misses: misses.min(MISSES_MAX), at: now };
        allows
    }
}

impl Used {
    /// How much is left of it by now.
    fn by(self, now: Instant) -> f64 {
        (self.misses - now.duration_since(self.at).as_secs_f64() * MISSES_PER_SECOND).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mpy6a_sessions::Index;

    use super::*;
    use crate::auth::identity::{Granted, Kinds};

    const ID: Index = Index { term: 1, index: 2 };

    fn named(name: &str) -> Identity {
        let open = Kinds::Every;
        Identity::new(Arc::new(Granted { name: Some(name.into()), open, read: false, administer: false }))
    }

    fn caller(name: &str, address: &str) -> Caller {
        (Some(name.into()), address.parse().ok())
    }

    #[test]
    fn a_wrong_key_looks_like_no_session_and_is_counted_by_name() {
        let misses = Misses::default();
        let missing: Error = Refusal::SessionNotFound(ID).into();
        let shop = named("shop");
        for error in [Refusal::KeyWrong(ID).into(), missing.clone()] {
            assert_eq!(misses.told_to(error, Some(&shop), None), missing);
        }
        misses.told_to(Refusal::KeyWrong(ID).into(), None, None);
        let counted: Vec<_> = misses.wrong_keys().into_iter().collect();
        assert_eq!(counted, [(NAMELESS.into(), 1), ("shop".into(), 1)]);
        let other: Error = Refusal::LeaseLost(ID).into();
        assert_eq!(misses.told_to(other.clone(), Some(&shop), None), other);
    }

    #[test]
    fn past_the_allowance_of_its_access_and_address_a_caller_is_told_to_wait_and_no_other() {
        let mut state = State::default();
        let start = Instant::now();
        let told = (0..2 * MISSES_MAX as usize).filter(|_| state.allows(caller("a", "10.0.0.1"), start)).count();
        assert_eq!(told, MISSES_MAX as usize);
        assert!(state.allows(caller("a", "10.0.0.2"), start) && state.allows(caller("b", "10.0.0.1"), start));
        let later = start + Duration::from_secs(1);
        let told = (0..1_000).filter(|_| state.allows(caller("a", "10.0.0.1"), later)).count();
        assert_eq!(told, MISSES_PER_SECOND as usize);

        let misses = Misses::default();
        let mut asks = (0..2 * MISSES_MAX as usize).map(|_| misses.told_to(Refusal::KeyWrong(ID).into(), None, None));
        assert!(asks.any(|told| told == Error::Overloaded(MISSES_RETRY)));
    }

    #[test]
    fn whoever_tries_takes_bounded_memory_and_is_forgotten() {
        let mut state = State::default();
        let start = Instant::now();
        for at in 0..2 * MISSES_CALLERS_MAX {
            let address = std::net::Ipv4Addr::from(u32::try_from(at).unwrap_or_default());
            state.allows((Some("a".into()), Some(address.into())), start);
            state.count(Some(&format!("name-{at}").into()));
        }
        assert!(state.callers.len() <= MISSES_CALLERS_MAX + 1);
        assert!(state.wrong_keys.len() <= ACCESS_MAX + 1);
        let later = start + Duration::from_secs(1_000);
        state.allows(caller("b", "10.0.0.1"), later);
        assert_eq!(state.callers.len(), 1);
    }
}
