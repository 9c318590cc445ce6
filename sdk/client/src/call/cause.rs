//! The root cause of a failed try: in words, and what the transport knows of it.
//!
//! tonic tells everything that is not an answer as a status whose sources say more: the library that failed, and beneath it
//! the operating system or the TLS library.

use std::{error::Error as StdError, fmt, io};

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use tonic::{ConnectError, Status};

use super::{http::NotGrpc, sniff::NOT_HTTP2};
use crate::limits::CAUSE_CHARS_MAX;

/// What the transport knows of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// There was no connection to a host, so nothing was sent to one.
    NotConnected {
        /// Whether no other try can succeed.
        lasting: bool,
    },
    /// An answer came that is not gRPC's.
    NotGrpc {
        /// Whether another try would be answered likewise.
        lasting: bool,
    },
}

/// What the transport knows of a failure; none where it is an answer, or a connection that broke.
pub(super) fn transport(status: &Status) -> Option<Transport> {
    let mut connecting = false;
    for error in sources(status) {
        if let Some(answer) = error.downcast_ref::<NotGrpc>() {
            return Some(Transport::NotGrpc { lasting: answer.is_lasting() });
        }
        connecting |= error.is::<ConnectError>();
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if is_of_another_protocol(error) || tls(error).is_some_and(is_lasting) {
                return Some(Transport::NotConnected { lasting: true });
            }
            connecting |= is_connect_timeout(error);
        }
    }
    connecting.then_some(Transport::NotConnected { lasting: false })
}

/// The error and what lies beneath it, the outermost first; without the status itself.
fn sources(status: &Status) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let mut next = StdError::source(status);
    std::iter::from_fn(move || {
        let this = next?;
        next = this.source();
        Some(this)
    })
}

/// What TLS says, if it is about that.
fn tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Whether a failed handshake would fail again. A certificate that is out of date may be renewed at any moment.
fn is_lasting(error: &rustls::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    match error {
        rustls::Error::InvalidCertificate(why) => {
            !matches!(why, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) | rustls::Error::PeerIncompatible(_) => true,
        rustls::Error::AlertReceived(alert) => is_about_certificates(*alert),
        _ => false,
    }
}

/// Whether the host ended a handshake with this because of what the client showed or asked.
fn is_about_certificates(alert: AlertDescription) -> bool {
    ALERTS.contains(&alert)
}

const ALERTS: [AlertDescription; 8] = [
    AlertDescription::CertificateRequired,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
    AlertDescription::ProtocolVersion,
    AlertDescription::NoApplicationProtocol,
];

/// Whether the other side is no host: it speaks another protocol, or ended the handshake after our side thought it complete,
/// as TLS 1.3 does with a client's certificate. HTTP/2 keeps of such an error only its words.
fn is_of_another_protocol(error: &io::Error) -> bool {
    let words = error.to_string();
    words.starts_with(NOT_HTTP2)
        || words
            .strip_prefix("received fatal alert: ")
            .is_some_and(|alert| ALERTS.iter().any(|known| alert.starts_with(&format!("{known:?}"))))
}

/// Whether the time for making a connection was up. The times of requests are told otherwise.
fn is_connect_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut
        && error.get_ref().is_some_and(|inner| inner.is::<tokio::time::error::Elapsed>())
}

/// A root cause for the caller: in words, with the status as its source.
#[derive(Debug)]
pub(crate) struct RootCause {
    words: String,
    status: Status,
}

impl RootCause {
    /// The root cause of this status.
    pub fn new(status: Status) -> Self {
        Self { words: words(&status), status }
    }
}

impl fmt::Display for RootCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl StdError for RootCause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.status)
    }
}

/// The words of a status and of what lies beneath it, each once, with a remedy where there is one.
pub(crate) fn words(status: &Status) -> String {
    let mut words = status.message().to_owned();
    if words == "transport error" {
        words.clear();
    }
    for error in sources(status) {
        let more = match error.downcast_ref::<io::Error>() {
            Some(error) if is_connect_timeout(error) => "no connection was made in time".to_owned(),
            _ => error.to_string(),
        };
        // The libraries repeat what lies beneath, and themselves.
        if more == "transport error" || words.contains(&more) {
            continue;
        }
        if words.is_empty() || more.contains(&words) {
            words = more;
        } else {
            words = format!("{words}: {more}");
        }
    }
    if words.is_empty() {
        words = format!("{:?}", status.code());
    }
    if let Some(remedy) = sources(status).find_map(remedy) {
        words = format!("{words}; {remedy}");
    }
    printable(&words)
}

fn remedy(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    Some(match tls(error.downcast_ref()?)? {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "this port does not speak TLS: write http://, or the port that does"
        }
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "write the certificate's name in the URL, or give it with `Builder::host_name`"
        }
        rustls::Error::InvalidCertificate(_) => {
            "give the authority that signed the host's certificate with `Builder::ca`"
        }
        _ => return None,
    })
}

/// Bounded, and without control characters: some of it comes from outside.
pub(super) fn printable(words: &str) -> String {
    let mut printable = String::with_capacity(words.len());
    for c in words.chars().take(CAUSE_CHARS_MAX) {
        if c.is_control() { printable.extend(c.escape_default()) } else { printable.push(c) }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_bounded_and_printable() {
        let hostile = format!("a\u{1b}[2Jb{}", "x".repeat(100_000));
        let words = words(&Status::unavailable(hostile));
        assert!(words.starts_with("a\\u{1b}[2Jb") && words.len() < 2 * CAUSE_CHARS_MAX, "{words}");
    }

    #[test]
    fn a_status_without_words_is_named_by_its_code() {
        assert_eq!(words(&Status::unavailable("")), "Unavailable");
    }
}
