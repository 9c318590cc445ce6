//! Making a request out of what a guest asked for: all checks that need no network.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use url::Url;

use super::{Body, Egress, rule::parts};
use crate::{
    limits::{HEAD_BYTES_MAX, HEADERS_MAX, STEP_BYTES_MAX, URL_BYTES_MAX},
    plugin::Grants,
    shown,
};

/// Carries the session and the step, so that the service can tell a repeat from a new request.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Carries the fence, so that the service can refuse a stale holder of the session.
const FENCE: HeaderName = HeaderName::from_static("mpy6a-fence");

/// What belongs to the connection and its framing, and so to the host.
const HOSTS_OWN: [HeaderName; 14] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("alt-used"),
];

/// The one of them that `wasi:http` leaves to the guest, and compares with the body: `http.send` has the whole body and sets it.
const OF_WASI_GUESTS: HeaderName = header::CONTENT_LENGTH;

/// Nothing left the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The allow-list does not name the target.
    Denied(String),
    /// The request is malformed.
    Invalid(String),
}

/// What a guest asked for, in its own words.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
    /// The step that this request is, for services that tell repeats by it.
    pub step: Option<String>,
}

impl Egress {
    /// As [`Grants::admits`].
    pub(crate) fn admits(&self, method: &str, url: &str, headers: &HeaderMap) -> Result<(), Refused> {
        self.grants.admits(method, url, headers)
    }

    /// As [`Grants::request`].
    pub(crate) fn prepare(&self, asked: Asked, session: &str, fence: &str) -> Result<Request<Body>, Refused> {
        self.grants.request(asked, session, fence)
    }
}

impl Grants {
    /// The target of a URL, where it is well formed and granted.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the remedy.
    pub fn target(&self, url: &str) -> Result<Uri, Refused> {
        if url.len() > URL_BYTES_MAX {
            return Err(Refused::Invalid(format!("the URL is longer than {URL_BYTES_MAX} bytes")));
        }
        let mut url = Url::parse(url).map_err(|error| Refused::Invalid(format!("no absolute URL: {error}")))?;
        let (https, host, port) = parts(&url).map_err(|why| Refused::Invalid(why.to_owned()))?;
        if !self.allows(https, &host, port) {
            let target = shown::name(&format!("{}://{host}:{port}", url.scheme()));
            let remedy = "add it with [[kind.plugin.http]] and `allow` to the kind's config if it is meant";
            return Err(Refused::Denied(format!("the allow-list does not name {target}: {remedy}")));
        }
        // A fragment is the client's own and is not sent.
        url.set_fragment(None);
        url.as_str().parse().map_err(|error| Refused::Invalid(format!("the URL cannot be sent: {error}")))
    }

    /// The request as it will leave, for a session with this id and fence.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the remedy.
    pub fn request(&self, asked: Asked, session: &str, fence: &str) -> Result<Request<Body>, Refused> {
        let uri = self.target(&asked.url)?;
        let method = method(&asked.method).map_err(Refused::Invalid)?;
        let body = Full::new(Bytes::from(asked.body.unwrap_or_default()));
        let mut request = Request::new(body.map_err(|never| match never {}).boxed_unsync());
        let headers = headers(&asked.headers, asked.step.as_deref(), session, fence).map_err(Refused::Invalid)?;
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        Ok(request)
    }

    /// Whether a request that `wasi:http` has put together may leave: by the same rule as one of [`Grants::request`].
    ///
    /// # Errors
    ///
    /// [`Refused`], with the remedy.
    pub fn admits(&self, method: &str, url: &str, headers: &HeaderMap) -> Result<(), Refused> {
        self.target(url)?;
        self::method(method).map_err(Refused::Invalid)?;
        let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        bounded(headers.len(), bytes).map_err(Refused::Invalid)?;
        headers.keys().filter(|name| **name != OF_WASI_GUESTS).try_for_each(guests_own).map_err(Refused::Invalid)
    }
}

fn method(name: &str) -> Result<Method, String> {
    let method =
        Method::from_bytes(name.as_bytes()).map_err(|_| format!("`{}` is no HTTP method", shown::name(name)))?;
    if method == Method::CONNECT {
        return Err("CONNECT opens a tunnel, and there are none".to_owned());
    }
    Ok(method)
}

/// Check how many headers there are, and how many bytes in their names and values.
fn bounded(headers: usize, bytes: usize) -> Result<(), String> {
    if headers > HEADERS_MAX || bytes > HEAD_BYTES_MAX {
        return Err(format!("more than {HEADERS_MAX} headers, or more than {HEAD_BYTES_MAX} bytes of them"));
    }
    Ok(())
}

/// Check that a header is the guest's to set.
fn guests_own(name: &HeaderName) -> Result<(), String> {
    if HOSTS_OWN.contains(name) {
        return Err(format!("the header `{name}` is the host's to set: leave it out"));
    }
    Ok(())
}

fn headers(asked: &[(String, String)], step: Option<&str>, session: &str, fence: &str) -> Result<HeaderMap, String> {
    let bytes: usize = asked.iter().map(|(name, value)| name.len() + value.len()).sum();
    bounded(asked.len(), bytes)?;
    let mut headers = HeaderMap::with_capacity(asked.len() + 2);
    for (name, value) in asked {
        let shown = shown::name(name);
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{shown}` is no header name"))?;
        guests_own(&name)?;
        if step.is_some() && (name == IDEMPOTENCY_KEY || name == FENCE) {
            return Err(format!("the header `{name}` is set by `step`: leave out one of the two"));
        }
        let value =
            HeaderValue::from_str(value).map_err(|_| format!("the value of `{name}` has a control character"))?;
        headers.append(name, value);
    }
    if let Some(step) = step {
        if step.is_empty() || step.len() > STEP_BYTES_MAX || !step.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("a step is named by 1 to {STEP_BYTES_MAX} visible ASCII characters, without spaces"));
        }
        let made = |text: String| HeaderValue::try_from(text).map_err(|error| error.to_string());
        headers.insert(IDEMPOTENCY_KEY, made(format!("{session}/{step}"))?);
        headers.insert(FENCE, made(fence.to_owned())?);
    }
    Ok(headers)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
