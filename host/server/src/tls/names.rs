//! What a verified client certificate says: who it is, and until when.

use rustls_pki_types::CertificateDer;
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer as _, X509Certificate},
};

use crate::limits::{CERTIFICATE_NAME_BYTES_MAX, CERTIFICATE_NAMES_MAX};

/// Who a client is by its certificate. Made only of certificates that TLS has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// Its alternative names that are DNS names or URIs; where it has none, its common name.
    pub names: Vec<String>,
    /// When it ends, in Unix milliseconds: a connection can outlive it.
    pub not_after_ms: u64,
}

impl Certified {
    /// Of a certificate that TLS has verified; none if it cannot be read all the same.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, it) = X509Certificate::from_der(certificate).ok()?;
        let not_after_ms = u64::try_from(it.validity().not_after.timestamp()).unwrap_or(0).saturating_mul(1_000);
        Some(Self { names: names(&it), not_after_ms })
    }
}

/// The common name counts only where there are no alternative names, as with servers' certificates: whoever signs checks
/// the alternative names, and may let anything be a common name.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let Some(alternative) = alternative else {
        let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        return bounded(common.take(1));
    };
    let known = alternative.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => Some(*name),
        _ => None,
    });
    bounded(known)
}

fn bounded<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let fit = names.filter(|name| name.len() <= CERTIFICATE_NAME_BYTES_MAX);
    fit.take(CERTIFICATE_NAMES_MAX).map(str::to_owned).collect()
}
