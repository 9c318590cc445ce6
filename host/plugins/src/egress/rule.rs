//! The allow-list: which scheme, host and port a kind may reach, and at which addresses.

use std::{fmt, net::IpAddr};

use http::Uri;
use ipnet::IpNet;
use url::{Host, Url};

use super::address;
use crate::shown;

/// One target that a kind may reach: exactly this scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRule {
    https: bool,
    host: Host,
    port: u16,
    /// Where not empty: the only addresses that the host may have.
    addresses: Vec<IpNet>,
}

/// An allow rule cannot be read. Every message says what one looks like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It is no URL of a target.
    #[error(
        "`{rule}` is no target: {why}; write scheme, host and, if it is not the usual one, port: `https://api.example.com:8443`"
    )]
    Target {
        /// What was given.
        rule: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is no range of addresses.
    #[error("`{0}` is no range of addresses: write one like `10.1.0.0/16` or `fd00::/8`, or a single address")]
    Addresses(String),
}

impl HttpRule {
    /// Read a rule from the config: the target, `scheme://host[:port]`, and the ranges that its address must lie in.
    ///
    /// Without ranges a name must resolve to public addresses, `localhost` to loopback; an address in place of a name is
    /// taken at its word.
    ///
    /// # Errors
    ///
    /// [`RuleError`], with an example.
    pub fn parse(target: &str, addresses: &[impl AsRef<str>]) -> Result<Self, RuleError> {
        let wrong = |why: &str| RuleError::Target {
            rule: shown::line(&without_user(target), shown::NAME_BYTES_MAX),
            why: why.to_owned(),
        };
        let url = Url::parse(target).map_err(|error| wrong(&error.to_string()))?;
        let (https, host, port) = parts(&url).map_err(wrong)?;
        if target.contains('*') {
            return Err(wrong("patterns are not supported, name each host in a rule of its own"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it goes on after the port, but rules are about whole hosts"));
        }
        // A URL may have characters in its host that a request may not: such a rule would never serve.
        url.as_str().parse::<Uri>().map_err(|error| wrong(&format!("no request can name it ({error})")))?;
        let addresses = addresses.iter().map(|range| parse_range(range.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { https, host, port, addresses })
    }

    /// The target, `scheme://host:port`: what [`HttpRule::parse`] reads.
    #[must_use]
    pub fn target(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// Whether this rule is about this target.
    pub(crate) fn names(&self, https: bool, host: &Host, port: u16) -> bool {
        self.https == https && self.host == *host && self.port == port
    }

    /// Whether the target may have this address.
    ///
    /// # Errors
    ///
    /// Why not, and what to write in the config if it is meant.
    pub fn admits(&self, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        if !self.addresses.is_empty() {
            return match self.addresses.iter().any(|range| range.contains(&address)) {
                true => Ok(()),
                false => {
                    Err(format!("{address}, which is in none of the rule's `addresses`: list it there if it is meant"))
                }
            };
        }
        let meant = match &self.host {
            Host::Ipv4(host) => IpAddr::from(*host) == address,
            Host::Ipv6(host) => IpAddr::from(*host).to_canonical() == address,
            Host::Domain(name) if name == "localhost" => address.is_loopback(),
            Host::Domain(_) => address::special(address).is_none(),
        };
        if meant {
            return Ok(());
        }
        let kind = address::special(address).unwrap_or("a public address");
        Err(format!("{address}, {kind}; if that is meant, list it in the rule's `addresses`"))
    }
}

impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// Scheme (whether https), host and port of a URL, or why it has none that would do.
pub(crate) fn parts(url: &Url) -> Result<(bool, Host, u16), &'static str> {
    let https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err("the scheme is neither http nor https"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user name or password does not belong here, use an Authorization header");
    }
    let host = url.host().ok_or("there is no host")?.to_owned();
    Ok((https, host, url.port().unwrap_or(if https { 443 } else { 80 })))
}

/// The target without user name and password, for a message: they are secrets.
fn without_user(target: &str) -> String {
    let Some((before, host)) = target.rsplit_once('@') else { return target.to_owned() };
    let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
    format!("{scheme}[hidden]@{host}")
}

fn parse_range(range: &str) -> Result<IpNet, RuleError> {
    let single = || range.parse::<IpAddr>().map(IpNet::from);
    range.parse().or_else(|_| single()).map_err(|_| RuleError::Addresses(shown::line(range, shown::NAME_BYTES_MAX)))
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
