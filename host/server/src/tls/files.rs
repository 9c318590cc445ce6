//! Reads certificate, key and authorities from their files, and says what is wrong with them and what to do.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use mpy6a_untrusted::file::{self, ReadError};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use x509_parser::prelude::{FromDer as _, Validity, X509Certificate};

use crate::limits::PEM_BYTES_MAX;

/// The files of one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate and those between it and an authority, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The authorities of client certificates, PEM; none: clients are asked for none.
    pub client_ca: Option<PathBuf>,
    /// Whether clients have to have one.
    pub client_auth: ClientAuth,
}

/// Whether clients have to have a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// Whoever has none is not connected.
    #[default]
    Required,
    /// Whoever has none may show a token.
    Optional,
}

/// A file that cannot be used for TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", .file.display())]
pub struct TlsError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong, and what to do.
    pub message: String,
}

/// What was read of the files.
pub struct Material {
    /// To serve with.
    pub config: Arc<ServerConfig>,
    /// Our certificate and those between it and an authority.
    pub chain: Vec<CertificateDer<'static>>,
    /// When the first of the chain ends, in Unix seconds.
    pub not_after_s: u64,
    /// What is usable and not as it should be.
    pub warnings: Vec<String>,
    /// The authorities of client certificates, as they were read.
    pub authorities: Vec<CertificateDer<'static>>,
}

impl TlsFiles {
    /// Every file, to be watched.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.certificate, &self.key].into_iter().chain(&self.client_ca)
    }

    /// Read them. `protocols`: what to offer by ALPN, the best first. `now_s`: the time, in Unix seconds.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used.
    pub fn read(&self, protocols: &[&str], now_s: u64) -> Result<Material, TlsError> {
        let chain = certificates(&self.certificate)?;
        let key = private_key(&self.key)?;
        let validities = validities(&self.certificate, &chain)?;
        let warnings = warnings(&self.certificate, &validities, now_s);
        let first_end = validities.iter().map(|validity| validity.not_after.timestamp()).min();
        let not_after_s = first_end.and_then(|end| u64::try_from(end).ok()).unwrap_or(0);
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| of(&self.certificate, error, "report it: the build lacks a version of TLS"))?;
        let authorities = self.client_ca.as_deref().map(certificates).transpose()?.unwrap_or_default();
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => builder.with_client_cert_verifier(self.verifier(file, &authorities, provider)?),
        };
        let mut config = builder.with_single_cert(chain.clone(), key).map_err(|error| self.misfit(&error))?;
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        // Without tickets and ids each connection is a whole handshake: nobody comes back with a certificate that would be
        // refused by now.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Material { config: Arc::new(config), chain, not_after_s, warnings, authorities })
    }

    fn verifier(
        &self,
        file: &Path,
        authorities: &[CertificateDer<'static>],
        provider: Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            let added = roots.add(authority.clone());
            added.map_err(|error| of(file, error, "name a file of certificates of authorities, in PEM"))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = match self.client_auth {
            ClientAuth::Required => builder,
            ClientAuth::Optional => builder.allow_unauthenticated(),
        };
        builder.build().map_err(|error| of(file, error, "name a file of certificates of authorities, in PEM"))
    }

    fn misfit(&self, error: &rustls::Error) -> TlsError {
        let certificate = self.certificate.display();
        match error {
            rustls::Error::InconsistentKeys(_) => TlsError {
                file: self.key.clone(),
                message: format!(
                    "the key does not fit the certificate {certificate}: name the key that it was made with"
                ),
            },
            other => of(&self.key, other, "name the private key of the certificate: RSA, ECDSA or Ed25519, in PEM"),
        }
    }
}

fn of(file: &Path, error: impl fmt::Display, remedy: &str) -> TlsError {
    TlsError { file: file.to_owned(), message: format!("{error}: {remedy}") }
}

/// The text of a file. What it holds may be secret, so no message repeats any of it.
fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let remedy = "check the path, and that the host's user may read it";
    file::read(path, PEM_BYTES_MAX).map_err(|error| match error {
        ReadError::Io(error) => of(path, format_args!("cannot be read: {error}"), remedy),
        ReadError::TooLong(_) => of(path, error, "name a PEM file"),
    })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let remedy = "name a PEM file that begins with -----BEGIN CERTIFICATE-----";
    match found {
        Ok(found) if found.is_empty() => Err(of(file, "has no certificate in it", remedy)),
        Ok(found) => Ok(found),
        Err(_) => Err(of(file, "is damaged or no PEM", remedy)),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(file)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        let is_encrypted = bytes.windows(9).any(|part| part == b"ENCRYPTED");
        if is_encrypted {
            let remedy =
                "take the passphrase off with `openssl pkey -in FILE -out FILE`, and keep the file to the host's user";
            return of(file, "the key is encrypted", remedy);
        }
        of(file, "has no private key in it", "name a PEM file that begins with -----BEGIN PRIVATE KEY-----")
    })
}

/// From when to when each of a chain may be used.
fn validities(file: &Path, chain: &[CertificateDer<'_>]) -> Result<Vec<Validity>, TlsError> {
    let validity = |(at, der): (usize, &CertificateDer<'_>)| {
        let remedy = "name a PEM file of certificates as an authority gives them out";
        let read = X509Certificate::from_der(der);
        let (_, it) = read.map_err(|_| of(file, format_args!("its certificate {} cannot be read", at + 1), remedy))?;
        Ok(it.validity().clone())
    };
    chain.iter().enumerate().map(validity).collect()
}

/// What is wrong with certificates that can be served all the same: clients refuse them, and the operator must know why.
fn warnings(file: &Path, validities: &[Validity], now_s: u64) -> Vec<String> {
    let now = i64::try_from(now_s).unwrap_or(i64::MAX);
    let mut warnings = Vec::new();
    for (Validity { not_before, not_after }, at) in validities.iter().zip(1..) {
        let which = if at == 1 { "the certificate".to_owned() } else { format!("its certificate {at}") };
        if not_after.timestamp() < now {
            warnings.push(format!("{}: {which} expired on {not_after}: clients refuse it, renew it", file.display()));
        }
        if not_before.timestamp() > now {
            warnings.push(format!("{}: {which} is valid from {not_before} on only: check the clock", file.display()));
        }
    }
    warnings
}
