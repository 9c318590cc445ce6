//! The certificates in service, read again when their files change.

use std::{path::PathBuf, sync::Arc};

use tracing::error;

use crate::tls::Slot;

/// Those of both listeners.
#[derive(Clone, Default)]
pub struct Certificates(Vec<Arc<Slot>>);

impl Certificates {
    /// These.
    #[must_use]
    pub fn new(slots: Vec<Arc<Slot>>) -> Self {
        Self(slots)
    }

    /// Their files, to be watched.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.0.iter().flat_map(|slot| slot.files.all().cloned())
    }

    /// When each in service ends, in Unix seconds, by listener as the config calls it.
    pub fn ends(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|slot| (slot.listener, slot.now().not_after_s()))
    }

    /// Read those again of whose files one has changed. Answers what cannot be used; then the old one stays in service.
    pub(super) fn reload(&self, changed: impl Fn(&PathBuf) -> bool) -> Vec<(usize, Option<String>)> {
        let concerned = self.0.iter().enumerate().filter(|(_, slot)| slot.files.all().any(&changed));
        let read = |(number, slot): (usize, &Arc<Slot>)| {
            let trouble = slot.reload().err().map(|error| error.to_string());
            if let Some(trouble) = &trouble {
                error!(listener = slot.listener, trouble, "a certificate cannot be used: the old one stays in service");
            }
            (number, trouble.map(|trouble| format!("{}: {trouble}", slot.listener)))
        };
        concerned.map(read).collect()
    }
}
