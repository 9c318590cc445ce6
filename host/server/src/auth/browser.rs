//! Requests that somebody else's web page has a browser send.
//!
//! A browser sends them from the operator's own machine, so that they come from loopback does not say that the operator wants
//! them. Two ways are closed here:
//!
//! * A page of another site asks: then the browser names that site in `Origin`, and it is not the host that is asked.
//! * A page has its own name resolve to this machine, so that to the browser it is the same site: then the name that is
//!   asked for is none of this machine's. It matters only where callers are not asked who they are; such a page knows no token.
//!   Over TLS it fails by the certificate, and browsers speak HTTP/2 over TLS alone, so plain HTTP/1 is looked at. The peer's
//!   address says nothing: the browser may be on another machine that reaches this one.
//!
//! A request that does not say plainly which host it asks (twice, in two ways, or in what is no name) is foreign, always: no
//! program sends one, and proxies and browsers read it in different ways.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header, uri::Authority};

/// Whether a request comes from a page of another site. `may_be_renamed`: callers are not asked who they are, and no certificate
/// has shown the browser which host it speaks to.
#[must_use]
pub fn is_foreign(version: Version, uri: &Uri, headers: &HeaderMap, may_be_renamed: bool) -> bool {
    let Ok(asked) = asked(uri, headers) else { return true };
    let Ok(origin) = only(headers, &header::ORIGIN) else { return true };
    if let Some(origin) = origin {
        let origin = origin.to_str().ok().and_then(|text| text.parse::<Uri>().ok());
        let is_same = origin.as_ref().and_then(Uri::authority).is_some_and(|origin| Some(origin) == asked.as_ref());
        if !is_same {
            return true;
        }
    }
    may_be_renamed && version < Version::HTTP_2 && asked.is_some_and(|asked| !is_of_this_machine(asked.host()))
}

/// It is not said plainly.
#[derive(Debug)]
struct Unclear;

/// The name that was asked for, with its port; none where a program left it out.
fn asked(uri: &Uri, headers: &HeaderMap) -> Result<Option<Authority>, Unclear> {
    let host = only(headers, &header::HOST)?.map(authority).transpose()?;
    match (uri.authority(), host) {
        (Some(target), Some(host)) if *target != host => Err(Unclear),
        (Some(target), _) if target.as_str().contains('@') => Err(Unclear),
        (Some(target), _) => Ok(Some(target.clone())),
        (None, host) => Ok(host),
    }
}

/// The value of a header that may be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Unclear> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(Unclear) } else { Ok(first) }
}

/// A name or an address, and perhaps a port.
fn authority(value: &HeaderValue) -> Result<Authority, Unclear> {
    let authority: Authority = value.to_str().map_err(|_| Unclear)?.parse().map_err(|_| Unclear)?;
    let rest = authority.as_str().strip_prefix(authority.host()).ok_or(Unclear)?;
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    if rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port) { Ok(authority) } else { Err(Unclear) }
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

    /// A GET of this target with these headers, by HTTP/1.
    fn foreign_with(target: &str, given: &[(&'static str, &[u8])], may_be_renamed: bool) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        is_foreign(Version::HTTP_11, &target.parse().unwrap(), &headers, may_be_renamed)
    }

    fn foreign(host: &str, origin: Option<&str>, may_be_renamed: bool) -> bool {
        let origin = origin.map(|origin| ("origin", origin.as_bytes()));
        let given: Vec<_> = [("host", host.as_bytes())].into_iter().chain(origin).collect();
        foreign_with("/x", &given, may_be_renamed)
    }

    #[test]
    fn a_page_of_another_site_is_told_from_the_hosts_own_and_from_programs() {
        for may_be_renamed in [true, false] {
            assert!(!foreign("127.0.0.1:7341", None, may_be_renamed), "a program");
            assert!(!foreign_with("/x", &[], may_be_renamed), "a program that is short of words");
            assert!(!foreign("127.0.0.1:7341", Some("http://127.0.0.1:7341"), may_be_renamed), "our own page");
            for origin in ["http://evil.example", "http://127.0.0.1:8080", "null", "http://localhost:7341"] {
                assert!(foreign("127.0.0.1:7341", Some(origin), may_be_renamed), "{origin}");
            }
        }
    }

    #[test]
    fn a_name_that_was_made_to_point_here_is_refused_where_callers_are_not_asked_who_they_are() {
        for host in ["evil.example:7341", "localhost.evil.example", "127.0.0.1.evil.example", "localhost."] {
            assert!(foreign(host, None, true), "{host}");
            assert!(foreign(host, Some(&format!("http://{host}")), true), "{host}");
            assert!(!foreign(host, None, false), "with [[access]] such a page knows no token");
        }
        for host in ["localhost:7341", "[::1]:7341", "LOCALHOST", "192.0.2.1:7341"] {
            assert!(!foreign(host, None, true), "{host}");
        }
    }

    #[test]
    fn a_request_that_does_not_say_plainly_whom_it_asks_is_foreign() {
        let own: &[u8] = b"127.0.0.1:7341";
        let unclear: &[&[(&str, &[u8])]] = &[
            &[("host", b"")],
            &[("host", b" ")],
            &[("host", b"127.0.0.1 evil.example")],
            &[("host", b"127.0.0.1, evil.example")],
            &[("host", b"evil.example/127.0.0.1")],
            &[("host", b"evil.example@127.0.0.1:7341")],
            &[("host", b"127.0.0.1:7341:1")],
            &[("host", b"127.0.0.1:port")],
            &[("host", b"127.0.0.1:99999")],
            &[("host", b"[::1")],
            &[("host", b"evil\xFFexample")],
            &[("host", own), ("host", b"evil.example")],
            &[("host", b"evil.example"), ("host", own)],
            &[("host", own), ("host", own)],
            &[("host", own), ("origin", b"http://127.0.0.1:7341"), ("origin", b"http://evil.example")],
            &[("host", own), ("origin", b"\xFF")],
        ];
        for given in unclear {
            for may_be_renamed in [true, false] {
                assert!(foreign_with("/x", given, may_be_renamed), "{given:?}");
            }
        }
        for (target, host) in [("http://evil.example/", own), ("http://127.0.0.1:7341/", b"evil.example".as_slice())] {
            assert!(foreign_with(target, &[("host", host)], false), "{target}");
        }
        assert!(foreign_with("http://evil.example/", &[], true));
        assert!(!foreign_with("http://127.0.0.1:7341/x", &[("host", own)], true), "a proxy asks so");
    }
}
