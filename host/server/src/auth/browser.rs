//! Requests that somebody else's web page has a browser send.
//!
//! A browser sends them from the operator's own machine, so that they come from loopback does not say that the operator wants
//! them. Two ways are closed here:
//!
//! * A page of another site asks: then the browser names that site in `Origin`, and it is not the host that is asked.
//! * A page has its own name resolve to this machine, so that to the browser it is the same site: then the name that is
//!   asked for is none of this machine's. It matters only where nobody is asked who they are; such a page knows no token. Over
//!   TLS it fails by the certificate, and browsers speak HTTP/2 over TLS alone, so HTTP/1 is looked at.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Uri, Version, header, uri::Authority};

/// Whether a request comes from a page of another site. `asks_nobody`: the host lets in everybody.
#[must_use]
pub fn is_foreign(
    version: Version,
    uri: &Uri,
    headers: &HeaderMap,
    peer: Option<SocketAddr>,
    asks_nobody: bool,
) -> bool {
    let asked = asked(uri, headers);
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().ok().and_then(|text| text.parse::<Uri>().ok());
        let is_same = origin.as_ref().and_then(Uri::authority).is_some_and(|origin| Some(origin) == asked.as_ref());
        if !is_same {
            return true;
        }
    }
    let is_local = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    asks_nobody && is_local && version < Version::HTTP_2 && asked.is_some_and(|asked| !is_of_this_machine(asked.host()))
}

/// The name that was asked for.
fn asked(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let host = || headers.get(header::HOST)?.to_str().ok()?.parse().ok();
    uri.authority().cloned().or_else(host)
}

/// An address is nobody's to point elsewhere, and browsers resolve `localhost` themselves.
fn is_of_this_machine(name: &str) -> bool {
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn foreign(host: &str, origin: Option<&str>, asks_nobody: bool) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        let peer = Some("127.0.0.1:5".parse().unwrap());
        is_foreign(Version::HTTP_11, &"/x".parse().unwrap(), &headers, peer, asks_nobody)
    }

    #[test]
    fn a_page_of_another_site_is_told_from_the_hosts_own_and_from_programs() {
        for asks_nobody in [true, false] {
            assert!(!foreign("127.0.0.1:7341", None, asks_nobody), "a program");
            assert!(!foreign("127.0.0.1:7341", Some("http://127.0.0.1:7341"), asks_nobody), "our own page");
            for origin in ["http://evil.example", "http://127.0.0.1:8080", "null", "http://localhost:7341"] {
                assert!(foreign("127.0.0.1:7341", Some(origin), asks_nobody), "{origin}");
            }
        }
    }

    #[test]
    fn a_name_that_was_made_to_point_here_is_refused_where_nobody_is_asked_who_they_are() {
        for host in ["evil.example:7341", "localhost.evil.example"] {
            assert!(foreign(host, None, true), "{host}");
            assert!(foreign(host, Some(&format!("http://{host}")), true), "{host}");
            assert!(!foreign(host, None, false), "with [[access]] such a page knows no token");
        }
        for host in ["localhost:7341", "[::1]:7341", "LOCALHOST", "192.0.2.1:7341"] {
            assert!(!foreign(host, None, true), "{host}");
        }
    }
}
