//! What a request shows for who it is: a token in its `authorization` header, or the certificate of its connection.

use std::sync::Arc;

use http::{HeaderMap, header::AUTHORIZATION};

use super::token;
use crate::{grpc::connection::Peer, limits::TOKEN_BYTES_MAX, tls::names::Certified};

/// What a request shows. A token, where there is one, decides alone: whoever sends a wrong one is not let in by a
/// certificate.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Nothing.
    None,
    /// A header that carries no token.
    Malformed,
    /// The digest of a token.
    Token([u8; 32]),
    /// The client certificate, which TLS has verified.
    Certificate(Arc<Certified>),
}

impl Credential {
    /// What a request with these headers, over a connection of this peer, shows.
    #[must_use]
    pub fn of(headers: &HeaderMap, peer: Option<&Peer>) -> Self {
        let Some(header) = headers.get(AUTHORIZATION) else {
            let certificate = peer.and_then(|peer| peer.certificate.clone());
            return certificate.map_or(Self::None, Self::Certificate);
        };
        match bearer(header.as_bytes()) {
            Some(token) => Self::Token(token::digest(token)),
            None => Self::Malformed,
        }
    }
}

/// The token of `Bearer TOKEN`.
fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked(b"Bearer ".len())?;
    let token = token.trim_ascii();
    let is_one = scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty() && token.len() <= TOKEN_BYTES_MAX;
    is_one.then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_stands_behind_bearer() {
        for header in ["Bearer abc", "bearer abc", "BEARER  abc "] {
            assert_eq!(bearer(header.as_bytes()), Some(b"abc".as_slice()), "{header}");
        }
        let long = format!("Bearer {}", "x".repeat(TOKEN_BYTES_MAX + 1));
        for header in ["", "Bearer", "Bearer ", "abc", "Basic YTpi", "Bearerabc", long.as_str()] {
            assert_eq!(bearer(header.as_bytes()), None, "{header}");
        }
    }
}
