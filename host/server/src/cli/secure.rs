//! Who the command line is to a host, and how it knows the host: certificates and a token.
//!
//! A token comes from a file or from the environment, never from the command line: that is there for all to see.

use std::{env, fs, io::Read as _, path::PathBuf};

use clap::Args;
use http::Uri;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::Interceptor,
    transport::{Certificate, ClientTlsConfig, Endpoint, Identity},
};

use super::remote::{Trouble, refused};
use crate::limits::{PEM_BYTES_MAX, TOKEN_BYTES_MAX};

/// The environment variable with a token.
const TOKEN_VARIABLE: &str = "MPY6A_TOKEN";

/// Certificates and a token.
#[derive(Args, Clone, Debug, Default)]
pub struct Secure {
    /// The authority that signed the host's certificate, PEM; without it, those that browsers know.
    #[arg(long, value_name = "FILE", env = "MPY6A_CA", global = true)]
    ca: Option<PathBuf>,
    /// A client certificate to show, PEM; with --key.
    #[arg(long, value_name = "FILE", env = "MPY6A_CERT", global = true)]
    cert: Option<PathBuf>,
    /// The key of --cert, PEM.
    #[arg(long, value_name = "FILE", env = "MPY6A_KEY", global = true)]
    key: Option<PathBuf>,
    /// A file with the token to show; without it, what the environment variable MPY6A_TOKEN says.
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// Send the token over http:// beyond this machine all the same: something else encrypts it.
    #[arg(long, global = true)]
    plain_text: bool,
}

impl Secure {
    /// The endpoint, over TLS where its URL asks for it.
    pub fn endpoint(&self, endpoint: Endpoint) -> Result<Endpoint, Trouble> {
        if endpoint.uri().scheme_str() != Some("https") {
            if self.ca.is_some() || self.cert.is_some() {
                return Err(refused("--ca and --cert are for TLS: name the host with --host https://…"));
            }
            return Ok(endpoint);
        }
        let mut tls = match &self.ca {
            Some(file) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read_ca(file)?)),
            None => ClientTlsConfig::new().trust_anchors(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        };
        tls = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => tls.identity(Identity::from_pem(read("--cert", cert)?, read("--key", key)?)),
            (None, None) => tls,
            _ => return Err(refused("--cert and --key go together: give both")),
        };
        endpoint.tls_config(tls).map_err(|error| {
            let causes = causes(&error);
            refused(format!(
                "the certificates cannot be used ({causes}): check that --ca, --cert and --key are PEM files"
            ))
        })
    }

    /// What shows the token, where there is one, to a host at this address.
    pub fn bearer(&self, uri: &Uri) -> Result<Bearer, Trouble> {
        let token = match &self.token_file {
            Some(file) => Some(String::from_utf8_lossy(&read("--token-file", file)?).into_owned()),
            None => env::var(TOKEN_VARIABLE).ok(),
        };
        let Some(token) = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()) else {
            return Ok(Bearer(None));
        };
        if uri.scheme_str() != Some("https") && !is_this_machine(uri) && !self.plain_text {
            return Err(refused(
                "the token would go to another machine in plain text: use https://, or --plain-text if something else encrypts it",
            ));
        }
        let header = (token.len() <= TOKEN_BYTES_MAX).then(|| format!("Bearer {token}").parse().ok()).flatten();
        let mut header: MetadataValue<Ascii> =
            header.ok_or_else(|| refused("what is given as a token is none: use what `mpy6a token new` printed"))?;
        header.set_sensitive(true);
        Ok(Bearer(Some(header)))
    }
}

/// Whether the host is named as one of this machine.
fn is_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// A file without a certificate would be an authority that has signed nothing.
fn read_ca(file: &PathBuf) -> Result<Vec<u8>, Trouble> {
    let pem = read("--ca", file)?;
    match CertificateDer::pem_slice_iter(&pem).next() {
        Some(Ok(_)) => Ok(pem),
        _ => {
            Err(refused(format!("--ca {}: has no certificate in it: name a PEM file of the authority", file.display())))
        }
    }
}

fn read(flag: &str, file: &PathBuf) -> Result<Vec<u8>, Trouble> {
    let wrong = |error| refused(format!("{flag} {}: {error}: name a file that you may read", file.display()));
    let mut bytes = Vec::new();
    fs::File::open(file).map_err(wrong)?.take(PEM_BYTES_MAX).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

/// An error with all that lies beneath it, once each.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        cause = error.source();
    }
    texts.join(": ")
}

/// Shows a token with each request.
#[derive(Clone, Debug)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(header) = &self.0 {
            request.metadata_mut().insert("authorization", header.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_leaves_this_machine_only_encrypted_or_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "mpy6a_0123456789abcdef0123456789\n").unwrap();
        let secure = Secure { token_file: Some(file), ..Secure::default() };
        let bearer = |secure: &Secure, url: &str| secure.bearer(&url.parse().unwrap()).map(|it| it.0.is_some());
        for url in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://example.org:1"] {
            assert!(bearer(&secure, url).is_ok_and(|shown| shown), "{url}");
        }
        for url in ["http://10.0.0.1:1", "http://example.org:1", "http://localhost.example.org:1"] {
            assert!(bearer(&secure, url).is_err(), "{url}");
            assert!(bearer(&Secure { plain_text: true, ..secure.clone() }, url).is_ok(), "{url}");
        }
    }
}
