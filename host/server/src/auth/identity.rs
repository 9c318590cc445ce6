//! Who asks, and what they may do.

use std::{collections::BTreeSet, sync::Arc};

use arc_swap::ArcSwap;

use super::table::Right;

/// Whoever made a request. Found in its extensions, behind the check.
///
/// It is what the config in service says *now*: for as long as a stream is open it follows every reload.
#[derive(Clone, Debug)]
pub struct Identity(Arc<ArcSwap<Granted>>);

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The name in the config; none where everybody may do everything.
    pub name: Option<Arc<str>>,
    /// Which kinds of sessions they may open.
    pub open: Kinds,
    /// Whether they may look at everything: sessions with their records, kinds, metrics.
    pub read: bool,
    /// Whether they may look at everything and change it.
    pub administer: bool,
}

/// Some kinds, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// All, those to come included.
    Every,
    /// These.
    Some(BTreeSet<u32>),
}

impl Granted {
    /// Everything, for anybody.
    #[must_use]
    pub fn everything() -> Self {
        Self { name: None, open: Kinds::Every, read: true, administer: true }
    }

    /// Whether it includes this right.
    #[must_use]
    pub fn has(&self, right: Right) -> bool {
        match right {
            Right::Anyone | Right::Known => true,
            Right::Open => match &self.open {
                Kinds::Every => true,
                Kinds::Some(kinds) => !kinds.is_empty(),
            },
            Right::Read => self.read || self.administer,
            Right::Administer => self.administer,
        }
    }
}

impl Identity {
    /// Somebody who may do this.
    #[must_use]
    pub fn new(granted: Arc<Granted>) -> Self {
        Self(Arc::new(ArcSwap::new(granted)))
    }

    /// The name in the config; none where everybody may do everything.
    #[must_use]
    pub fn name(&self) -> Option<Arc<str>> {
        self.0.load().name.clone()
    }

    /// Whether they have this right.
    #[must_use]
    pub fn has(&self, right: Right) -> bool {
        self.0.load().has(right)
    }

    /// Whether they may open sessions of this kind, whether there is such a kind or not.
    #[must_use]
    pub fn may_open(&self, kind: u32) -> bool {
        match &self.0.load().open {
            Kinds::Every => true,
            Kinds::Some(kinds) => kinds.contains(&kind),
        }
    }

    /// Whether both are the same one, of the same table.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What they may do now.
    pub(super) fn granted(&self) -> Arc<Granted> {
        self.0.load_full()
    }

    /// From now on they may do this.
    pub(super) fn follow(&self, granted: Arc<Granted>) {
        self.0.store(granted);
    }

    /// The same person, with rights that [`Identity::follow`] changes for this one request only.
    pub(super) fn of_its_own(&self) -> Self {
        Self::new(self.granted())
    }
}
