//! How a listener meets the world: TLS, and what has to be asked for by name because it is dangerous.
//!
//! Beyond this machine, a host serves with TLS and to those whom `[[access]]` names. `plain_text` and `open_to_all` say that
//! somebody wants it otherwise, and knows.

use std::{net::SocketAddr, path::Path};

use super::{
    AccessEntry, Fixed,
    reader::Table,
    values::{boolean, one_of, path},
};
use crate::tls::{ClientAuth, TlsFiles};

/// How a listener meets the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Its certificate; none: it serves in plain text.
    pub tls: Option<TlsFiles>,
    /// Whether it may do so beyond this machine.
    pub plain_text: bool,
    /// Whether it may serve anybody beyond this machine.
    pub open_to_all: bool,
}

/// Read what stands beside a `listen`.
pub(super) fn read(table: &Table<'_, '_>, folder: &Path) -> Exposure {
    let tls = table.table("tls");
    let files = table.has("tls").then(|| read_files(&tls, folder)).flatten();
    tls.done();
    Exposure {
        tls: files,
        plain_text: table.or("plain_text", false, boolean),
        open_to_all: table.or("open_to_all", false, boolean),
    }
}

fn read_files(table: &Table<'_, '_>, folder: &Path) -> Option<TlsFiles> {
    const AUTH: &[(&str, ClientAuth)] = &[("required", ClientAuth::Required), ("optional", ClientAuth::Optional)];
    let certificate = table.required("certificate", "certificate = \"cert.pem\"", path(folder));
    let key = table.required("key", "key = \"key.pem\"", path(folder));
    let client_ca = table.optional("client_ca", path(folder));
    let client_auth = table.or("client_auth", ClientAuth::Required, one_of(AUTH));
    if table.has("client_auth") && !table.has("client_ca") {
        table.problem("client_auth", "there is nobody to trust: add `client_ca`, the file of the clients' authority");
    }
    Some(TlsFiles { certificate: certificate?, key: key?, client_ca, client_auth })
}

/// Report what is dangerous and not asked for.
pub(super) fn check(root: &Table<'_, '_>, fixed: &Fixed, access: &[AccessEntry]) {
    if let Err((key, message)) = fits(fixed, access) {
        root.problem(key, message);
    }
}

/// Whether a host that listens so may serve those: asked of a config by itself, and again when a running host gets other
/// `[[access]]`.
///
/// # Errors
///
/// The key that is dangerous, and what to do.
pub(super) fn fits(fixed: &Fixed, access: &[AccessEntry]) -> Result<(), (&'static str, String)> {
    fits_at("listen", "", fixed.listen, &fixed.exposure, access)?;
    fits_at("admin.listen", "admin.", fixed.admin_listen, &fixed.admin_exposure, access)?;
    let verifies = |exposure: &Exposure| exposure.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
    if verifies(&fixed.exposure) || verifies(&fixed.admin_exposure) {
        return Ok(());
    }
    match access.iter().find(|entry| entry.certificate.is_some()) {
        None => Ok(()),
        Some(entry) => Err((
            "access",
            format!("`{}` is known by a certificate, and none is looked at: add `tls.client_ca`", entry.name),
        )),
    }
}

fn fits_at(
    key: &'static str,
    section: &str,
    address: SocketAddr,
    exposure: &Exposure,
    access: &[AccessEntry],
) -> Result<(), (&'static str, String)> {
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    if exposure.tls.is_none() && !exposure.plain_text {
        let message = format!(
            "{address} is beyond this machine, and everything would go there in plain text, tokens included: add [{section}tls] \
             with a certificate, or write `{section}plain_text = true` if something else encrypts it"
        );
        return Err((key, message));
    }
    if access.is_empty() && !exposure.open_to_all {
        let message = format!(
            "{address} is beyond this machine, and anybody there could do everything: add [[access]] for those who may, or \
             write `{section}open_to_all = true` if something else keeps the others out"
        );
        return Err((key, message));
    }
    Ok(())
}
