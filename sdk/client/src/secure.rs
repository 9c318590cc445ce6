//! Who the client is to a host, and how it knows the host: certificates and a token.

use std::{fmt, net::IpAddr};

use http::Uri;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::Interceptor,
    transport::{Certificate, ClientTlsConfig, Endpoint, Identity},
};

use crate::error::Error;

/// What is to be shown and trusted. Says nothing of it when it is printed.
#[derive(Clone, Default)]
pub(crate) struct Secure {
    pub token: Option<String>,
    pub ca: Option<Vec<u8>>,
    pub certificate: Option<(Vec<u8>, Vec<u8>)>,
    pub host_name: Option<String>,
    pub plain_text: bool,
}

impl Secure {
    /// The endpoint, over TLS where its URL asks for it.
    pub fn endpoint(&self, endpoint: Endpoint) -> Result<Endpoint, Error> {
        if endpoint.uri().scheme_str() != Some("https") {
            if self.ca.is_some() || self.certificate.is_some() || self.host_name.is_some() {
                return Err(Error::Setup("certificates are for TLS: give a URL that begins with https://".to_owned()));
            }
            return Ok(endpoint);
        }
        let mut tls = match &self.ca {
            // It would be an authority that has signed nothing.
            Some(pem) if !has_certificate(pem) => {
                return Err(Error::Setup("the authority has no certificate in it: give it in PEM".to_owned()));
            }
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().trust_anchors(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        };
        if let Some((certificate, key)) = &self.certificate {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        if let Some(name) = &self.host_name {
            tls = tls.domain_name(name);
        }
        endpoint.tls_config(tls).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            Error::Setup(format!("the certificates cannot be used ({cause}): give them, and the key, in PEM"))
        })
    }

    /// What shows the token, where there is one. `uri`: where it goes; none: over a channel that the caller answers for.
    pub fn bearer(&self, uri: Option<&Uri>) -> Result<Bearer, Error> {
        let Some(token) = &self.token else { return Ok(Bearer(None)) };
        let is_safe = uri.is_none_or(|uri| uri.scheme_str() == Some("https") || is_this_machine(uri));
        if !is_safe && !self.plain_text {
            return Err(Error::Setup(
                "the token would go to another machine in plain text: use https://, or Builder::plain_text if something else \
                 encrypts it"
                    .to_owned(),
            ));
        }
        let token = token.trim();
        let is_one = !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic());
        let header = is_one.then(|| format!("Bearer {token}").parse().ok()).flatten();
        let mut header: MetadataValue<Ascii> =
            header.ok_or_else(|| Error::Setup("the token is none: give what `mpy6a token new` printed".to_owned()))?;
        header.set_sensitive(true);
        Ok(Bearer(Some(header)))
    }
}

fn has_certificate(pem: &[u8]) -> bool {
    const BEGINS: &[u8] = b"-----BEGIN CERTIFICATE-----";
    pem.windows(BEGINS.len()).any(|part| part == BEGINS)
}

/// Whether the host is named as one of this machine.
fn is_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").field("plain_text", &self.plain_text).finish_non_exhaustive()
    }
}

/// Shows a token with each request.
#[derive(Clone, Debug)]
pub(crate) struct Bearer(Option<MetadataValue<Ascii>>);

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
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::Client;

    fn refused(builder: crate::Builder) -> String {
        match builder.connect() {
            Err(Error::Setup(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_token_leaves_this_machine_only_encrypted_or_by_name() {
        let client = |url: &str| Client::builder(url).token("mpy6a_0123456789");
        for url in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://example.org:1"] {
            client(url).connect().unwrap();
        }
        for url in ["http://10.0.0.1:1", "http://example.org:1"] {
            assert!(refused(client(url)).contains("use https://"), "{url}");
            client(url).plain_text().connect().unwrap();
        }
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_refused_before_anything_is_sent_and_not_repeated() {
        let https = || Client::builder("https://127.0.0.1:1");
        assert!(refused(https().token("two words")).contains("mpy6a token new"));
        assert!(refused(https().token("")).contains("mpy6a token new"));
        assert!(refused(https().ca("no certificate")).contains("PEM"));
        assert!(refused(https().certificate("no certificate", "no key")).contains("PEM"));
        assert!(refused(Client::builder("http://127.0.0.1:1").ca("x")).contains("https://"));
        let printed = format!("{:?}", https().token("secret-token").certificate("c", "secret-key"));
        assert!(!printed.contains("secret"), "{printed}");
    }
}
