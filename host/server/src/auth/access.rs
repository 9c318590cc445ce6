//! The config's `[[access]]` in service: from what a request shows to who it is.
//!
//! * [`Doorkeeper`]: shared by everything that checks; holds the table of now.
//! * [`Access`]: one such table, made of one config. Never changed, only replaced.

use std::sync::Arc;

use arc_swap::ArcSwap;
use subtle::{Choice, ConstantTimeEq as _};
use tokio_util::sync::CancellationToken;

use super::{
    credential::Credential,
    denials::Denials,
    identity::{Granted, Identity, Kinds},
    keys::Misses,
    refusal::Denied,
    table::Right,
};
use crate::{
    config::{AccessEntry, Config, Opens},
    time::now_ms,
};

/// Lets in whom the config in service names.
#[derive(Debug)]
pub struct Doorkeeper {
    now: ArcSwap<Access>,
    /// Whoever was turned away.
    pub denials: Denials,
    /// Handles with which nothing was found.
    pub misses: Misses,
}

/// Who may do what, by one config.
#[derive(Debug)]
pub struct Access {
    /// None: everybody may do everything.
    holders: Option<Vec<Holder>>,
    everybody: Identity,
    /// Told when another table takes its place.
    replaced: CancellationToken,
}

/// One `[[access]]`.
#[derive(Debug)]
struct Holder {
    identity: Identity,
    tokens: Vec<[u8; 32]>,
    certificate: Option<String>,
    expires_ms: Option<u64>,
}

/// Somebody who was let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who.
    pub identity: Identity,
    /// Until when, in Unix milliseconds; none: until the config changes.
    pub until_ms: Option<u64>,
}

impl Doorkeeper {
    /// By this config.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { now: ArcSwap::from_pointee(Access::of(config)), denials: Denials::default(), misses: Misses::default() }
    }

    /// By this config from now on; whoever is inside is looked at again.
    pub fn follow(&self, config: &Config) {
        let old = self.now.swap(Arc::new(Access::of(config)));
        old.replaced.cancel();
    }

    /// Whether this is somebody as the table of now has them, not as one before it had, and not out of date. Costs next to nothing: each
    /// entry's address is looked at.
    #[must_use]
    pub fn knows(&self, identity: &Identity) -> bool {
        let now = self.now.load();
        match &now.holders {
            None => now.everybody.is(identity),
            Some(holders) => {
                let holder = holders.iter().find(|holder| holder.identity.is(identity));
                holder.is_some_and(|holder| holder.expires_ms.is_none_or(|until| until > now_ms()))
            }
        }
    }

    /// Who may do what, now.
    #[must_use]
    pub fn now(&self) -> Arc<Access> {
        self.now.load_full()
    }
}

impl Access {
    fn of(config: &Config) -> Self {
        let holder = |entry: &AccessEntry| Holder {
            identity: Identity::new(Arc::new(granted(entry, config))),
            tokens: entry.tokens.clone(),
            certificate: entry.certificate.clone(),
            expires_ms: entry.expires_ms,
        };
        let holders: Vec<Holder> = config.access.iter().map(holder).collect();
        Self {
            holders: (!holders.is_empty()).then_some(holders),
            everybody: Identity::new(Arc::new(Granted::everything())),
            replaced: CancellationToken::new(),
        }
    }

    /// Whether everybody may do everything.
    #[must_use]
    pub fn asks_nobody(&self) -> bool {
        self.holders.is_none()
    }

    /// Resolves when another table takes the place of this one.
    pub fn replaced(&self) -> impl Future<Output = ()> + Send + 'static {
        self.replaced.clone().cancelled_owned()
    }

    /// Let somebody in who shows this and needs this right.
    ///
    /// # Errors
    ///
    /// Why not, and the name where it is known.
    pub fn admit(&self, credential: &Credential, right: Right) -> Result<Admitted, (Denied, Option<Arc<str>>)> {
        let everybody = || Admitted { identity: self.everybody.clone(), until_ms: None };
        let Some(holders) = &self.holders else { return Ok(everybody()) };
        if right == Right::Anyone {
            return Ok(Admitted { identity: Identity::new(Arc::new(nobody())), until_ms: None });
        }
        let (holder, certified_until_ms) = match credential {
            Credential::None => return Err((Denied::Missing, None)),
            Credential::Malformed => return Err((Denied::Wrong, None)),
            Credential::Token(digest) => (by_token(holders, digest), None),
            Credential::Certificate(it) => (by_names(holders, &it.names), Some(it.not_after_ms)),
        };
        let holder = holder.ok_or((Denied::Wrong, None))?;
        let until_ms = holder.expires_ms.into_iter().chain(certified_until_ms).min();
        let name = || holder.identity.name();
        if until_ms.is_some_and(|until| until <= now_ms()) {
            return Err((Denied::Expired, name()));
        }
        if !holder.identity.has(right) {
            return Err((Denied::NotAllowed, name()));
        }
        Ok(Admitted { identity: holder.identity.clone(), until_ms })
    }
}

/// Nobody in particular, who may do nothing in particular.
fn nobody() -> Granted {
    Granted { name: None, open: Kinds::Some([].into()), read: false, administer: false }
}

/// What an entry grants, its kinds by number.
fn granted(entry: &AccessEntry, config: &Config) -> Granted {
    let open = match &entry.open {
        Opens::Every => Kinds::Every,
        Opens::Named(names) => {
            let named = config.kinds.iter().filter(|(_, kind)| names.contains(&kind.name));
            Kinds::Some(named.map(|(id, _)| *id).collect())
        }
    };
    Granted { name: Some(entry.name.as_str().into()), open, read: entry.read, administer: entry.administer }
}

/// Whose token has this digest. Every digest is compared whole, whichever it is, so the time says nothing.
fn by_token<'a>(holders: &'a [Holder], digest: &[u8; 32]) -> Option<&'a Holder> {
    let mut found = None;
    for holder in holders {
        let any = holder.tokens.iter().fold(Choice::from(0), |any, token| any | token.ct_eq(digest));
        if any.into() {
            found = Some(holder);
        }
    }
    found
}

/// Whose certificate has one of these names.
fn by_names<'a>(holders: &'a [Holder], names: &[String]) -> Option<&'a Holder> {
    holders.iter().find(|holder| holder.certificate.as_ref().is_some_and(|name| names.contains(name)))
}
