//! The certificate in service of one listener, replaced while the host runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::files::{Material, TlsError, TlsFiles};
use crate::time::now_ms;

/// What a listener serves with.
pub struct Slot {
    /// `listen` or `admin.listen`, for the log.
    pub listener: &'static str,
    /// Where it comes from.
    pub files: TlsFiles,
    protocols: &'static [&'static str],
    now: ArcSwap<InService>,
}

/// One version of it.
pub struct InService {
    material: Material,
    /// Told when other authorities are in service: then what was verified by these is verified no longer.
    distrusted: CancellationToken,
}

impl Slot {
    /// Read the files for the first time.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used.
    pub fn new(
        listener: &'static str,
        files: TlsFiles,
        protocols: &'static [&'static str],
    ) -> Result<Arc<Self>, TlsError> {
        let first = InService::of(read(&files, protocols)?, CancellationToken::new());
        Ok(Arc::new(Self { listener, files, protocols, now: ArcSwap::from_pointee(first) }))
    }

    /// Read the files again. New connections get what they say; those that were made stay, unless other authorities sign for
    /// clients now.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used: nothing has changed then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let material = read(&self.files, self.protocols)?;
        let old = self.now.load_full();
        let same_authorities = old.material.authorities == material.authorities;
        // Read again after a touch or SIGHUP.
        let is_news = !same_authorities || old.material.chain != material.chain;
        let token = if same_authorities { old.distrusted.clone() } else { CancellationToken::new() };
        self.now.store(Arc::new(InService::of(material, token)));
        if !same_authorities {
            old.distrusted.cancel();
        }
        if is_news {
            info!(listener = self.listener, file = %self.files.certificate.display(), "certificate in service");
        }
        Ok(())
    }

    /// What is in service.
    #[must_use]
    pub fn now(&self) -> Arc<InService> {
        self.now.load_full()
    }
}

impl InService {
    fn of(material: Material, distrusted: CancellationToken) -> Self {
        Self { material, distrusted }
    }

    /// To accept connections with.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.material.config)
    }

    /// When the first certificate of the chain ends, in Unix seconds.
    #[must_use]
    pub fn not_after_s(&self) -> u64 {
        self.material.not_after_s
    }

    /// Resolves when other authorities are in service.
    pub fn distrusted(&self) -> impl Future<Output = ()> + Send + 'static {
        self.distrusted.clone().cancelled_owned()
    }
}

fn read(files: &TlsFiles, protocols: &[&str]) -> Result<Material, TlsError> {
    let material = files.read(protocols, now_ms() / 1_000)?;
    material.warnings.iter().for_each(|warning| warn!("{warning}"));
    Ok(material)
}
