//! What changes something has to come from the page itself.
//!
//! A host on loopback is reachable for every page that a person of the same machine opens elsewhere. That another origin asks, or that a
//! name was made to point here, is seen by the check in front of all routes ([`browser`](crate::auth::browser)). Here stands what holds
//! without it, for browsers that send no origin: a header, and a content type, that a browser lets no other page send without asking
//! us first, which we do not allow; and a request that says that it comes from another site is refused, though it only looks.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, StatusCode};

use super::answer::Refused;

/// What the page sends with everything that changes something.
pub const HEADER: &str = "x-mpy6a-console";

/// Only what the page asks gets through.
pub async fn only_the_page(request: Request, next: Next) -> Response {
    match from_the_page(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn from_the_page(method: &Method, headers: &HeaderMap) -> Result<(), Refused> {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    if sites.any(|site| !matches!(site.as_bytes(), b"same-origin" | b"none")) {
        let message = "a web page of another site asks for this: open the console itself";
        return Err(Refused::new(StatusCode::FORBIDDEN, "FOREIGN_PAGE", message));
    }
    if method != Method::GET && method != Method::HEAD && !headers.contains_key(HEADER) {
        let message = format!("not sent by the console: send the header `{HEADER}: 1` with what changes something");
        return Err(Refused::new(StatusCode::FORBIDDEN, "HEADER_MISSING", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn passes(method: &Method, given: &[(&'static str, &'static str)]) -> bool {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in given.iter().map(pair) {
            headers.append(name, value);
        }
        from_the_page(method, &headers).is_ok()
    }

    #[test]
    fn what_changes_something_needs_the_pages_header_and_nothing_comes_from_another_site() {
        assert!(passes(&Method::GET, &[]) && passes(&Method::POST, &[(HEADER, "1")]));
        assert!(passes(&Method::GET, &[("sec-fetch-site", "none")]));
        assert!(passes(&Method::POST, &[(HEADER, "1"), ("sec-fetch-site", "same-origin")]));
        assert!(!passes(&Method::POST, &[]) && !passes(&Method::DELETE, &[]));
        assert!(!passes(&Method::GET, &[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&Method::GET, &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")]));
        assert!(!passes(&Method::POST, &[(HEADER, "1"), ("sec-fetch-site", "same-site")]));
    }
}
