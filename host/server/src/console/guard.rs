//! Turns away what a browser should not have sent.
//!
//! A host on loopback is reachable for every page that a person of the same machine opens elsewhere. Two ways to misuse that, and what
//! stands against each:
//!
//! * *Another page sends requests here* (request forgery). A request that names its origin has to name ours; one that says that it
//!   comes from another site is refused; and what changes something needs a header, and a content type, that a browser lets no other
//!   page send without asking us first, which we do not allow.
//! * *Another page's name is made to point here* (DNS rebinding): to the browser this host is then that page's own. But requests
//!   still carry the name, so they are refused unless they name an address, `localhost`, or a name of the config, `admin.names`.
//!
//! The first half of it is for every route of the listener, gRPC included: tonic serves it over HTTP/1 too. Clients of gRPC speak
//! HTTP/2 without an origin, which no browser does in plain text: they may use any name. So may everybody over TLS, where a browser has
//! held the name against our certificate.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, StatusCode, Version, header, uri::Authority};

use super::answer::Refused;

/// What the page sends with everything that changes something.
pub const HEADER: &str = "x-mpy6a-console";

/// By which names this host is meant.
#[derive(Clone, Debug)]
pub struct Names {
    /// Those of the config, in lower case.
    pub listed: Arc<[String]>,
    /// Whether any will do: the listener speaks TLS.
    pub any: bool,
}

/// For every route: the host that is meant is this one, and no other page sent it.
pub async fn every_route(State(names): State<Names>, request: Request, next: Next) -> Response {
    let authority = request.uri().authority();
    match meant(request.version(), request.headers(), authority, &names) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// For what the page asks: nobody else may.
pub async fn only_the_page(request: Request, next: Next) -> Response {
    match from_the_page(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn meant(version: Version, headers: &HeaderMap, authority: Option<&Authority>, names: &Names) -> Result<(), Refused> {
    let origin = headers.get(header::ORIGIN);
    if version >= Version::HTTP_2 && origin.is_none() {
        return Ok(());
    }
    let given = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    let host = given.or(authority.map(Authority::as_str)).unwrap_or_default();
    if !names.any && !is_ours(host, &names.listed) {
        let message = "no name of this host: open it by its address or as localhost, or add the name to `admin.names` in the config";
        return Err(Refused::new(StatusCode::MISDIRECTED_REQUEST, "HOST_UNKNOWN", message));
    }
    let own = |origin: &str| origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host));
    match origin.map(|origin| origin.to_str().unwrap_or_default()) {
        Some(origin) if !own(origin) => {
            let message = "another page sent this: open the console itself, and act there";
            Err(Refused::new(StatusCode::FORBIDDEN, "ORIGIN_FOREIGN", message))
        }
        _ => Ok(()),
    }
}

/// Whether a host and port name this host: by an address, as localhost, or by a name of the config.
fn is_ours(host: &str, names: &[String]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let is_user_less = !host.contains('@');
    is_user_less && (name.parse::<IpAddr>().is_ok() || name == "localhost" || names.contains(&name))
}

fn from_the_page(method: &Method, headers: &HeaderMap) -> Result<(), Refused> {
    let site = headers.get("sec-fetch-site").map(|site| site.to_str().unwrap_or_default());
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        let message = "another site asks for this: open the console itself";
        return Err(Refused::new(StatusCode::FORBIDDEN, "ORIGIN_FOREIGN", message));
    }
    if method != Method::GET && method != Method::HEAD && !headers.contains_key(HEADER) {
        let message = format!("not sent by the console: send the header `{HEADER}: 1` with what changes something");
        return Err(Refused::new(StatusCode::FORBIDDEN, "HEADER_MISSING", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        given.iter().map(pair).collect()
    }

    fn passes(version: Version, given: &[(&'static str, &'static str)]) -> bool {
        let names = Names { listed: Arc::new(["mpy6a.lan".to_owned()]), any: false };
        meant(version, &headers(given), None, &names).is_ok()
    }

    #[test]
    fn only_addresses_localhost_and_names_of_the_config_name_this_host() {
        for host in
            ["127.0.0.1:7341", "127.0.0.1", "[::1]:7341", "10.1.2.3", "localhost:7341", "LOCALHOST", "mpy6a.LAN:80"]
        {
            assert!(passes(Version::HTTP_11, &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "a@localhost",
            "",
            "x mpy6a.lan",
            "mpy6a.lan.",
            "[::1",
        ] {
            assert!(!passes(Version::HTTP_11, &[("host", host)]), "{host}");
        }
        assert!(!passes(Version::HTTP_10, &[]), "no name is none of ours");
    }

    #[test]
    fn an_origin_has_to_be_the_host_itself_down_to_the_port() {
        let with = |origin| passes(Version::HTTP_11, &[("host", "localhost:7341"), ("origin", origin)]);
        assert!(with("http://localhost:7341") && with("https://localhost:7341"));
        for origin in ["http://evil.example", "http://localhost:8080", "http://localhost", "null", "", "localhost:7341"]
        {
            assert!(!with(origin), "{origin}");
        }
    }

    #[test]
    fn clients_of_grpc_may_use_any_name_but_no_origin() {
        assert!(passes(Version::HTTP_2, &[("host", "mpy6a.svc.cluster.local:7341")]));
        assert!(!passes(Version::HTTP_2, &[("host", "evil.example"), ("origin", "https://evil.example")]));
        assert!(passes(Version::HTTP_2, &[("host", "mpy6a.lan"), ("origin", "https://mpy6a.lan")]));
    }

    #[test]
    fn over_tls_any_name_will_do_but_no_other_origin() {
        let names = Names { listed: Arc::new([]), any: true };
        let passes = |given: &[_]| meant(Version::HTTP_2, &headers(given), None, &names).is_ok();
        assert!(passes(&[("host", "mpy6a.example:7341"), ("origin", "https://mpy6a.example:7341")]));
        assert!(!passes(&[("host", "mpy6a.example:7341"), ("origin", "https://evil.example")]));
    }

    #[test]
    fn what_changes_something_needs_the_pages_header_and_nothing_comes_from_another_site() {
        let passes = |method, given: &[_]| from_the_page(&method, &headers(given)).is_ok();
        assert!(passes(Method::GET, &[]) && passes(Method::POST, &[(HEADER, "1")]));
        assert!(passes(Method::GET, &[("sec-fetch-site", "none")]));
        assert!(passes(Method::POST, &[(HEADER, "1"), ("sec-fetch-site", "same-origin")]));
        assert!(!passes(Method::POST, &[]) && !passes(Method::DELETE, &[]));
        assert!(!passes(Method::GET, &[("sec-fetch-site", "cross-site")]));
        assert!(!passes(Method::POST, &[(HEADER, "1"), ("sec-fetch-site", "same-site")]));
    }
}
