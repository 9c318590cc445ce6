//! The allow-list: which scheme, host and port a kind may reach, and at which addresses.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use url::{Host, Url};

use super::address;

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
        let wrong = |why: &str| RuleError::Target { rule: target.to_owned(), why: why.to_owned() };
        let url = Url::parse(target).map_err(|error| wrong(&error.to_string()))?;
        let (https, host, port) = parts(&url).map_err(wrong)?;
        if target.contains('*') {
            return Err(wrong("patterns are not supported, name each host in a rule of its own"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it goes on after the port, but rules are about whole hosts"));
        }
        let addresses = addresses.iter().map(|range| parse_range(range.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { https, host, port, addresses })
    }

    /// Whether this rule is about this target.
    pub(crate) fn names(&self, https: bool, host: &Host, port: u16) -> bool {
        self.https == https && self.host == *host && self.port == port
    }

    /// Whether the target may have this address; if not, why.
    pub(crate) fn admits(&self, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        if !self.addresses.is_empty() {
            return match self.addresses.iter().any(|range| range.contains(&address)) {
                true => Ok(()),
                false => Err(format!("{address}, which is in none of the rule's `addresses`")),
            };
        }
        let literal = match &self.host {
            Host::Ipv4(host) => Some(IpAddr::from(*host)),
            Host::Ipv6(host) => Some(IpAddr::from(*host)),
            Host::Domain(name) if name == "localhost" && address.is_loopback() => return Ok(()),
            Host::Domain(_) => None,
        };
        match address::special(address) {
            _ if literal.is_some_and(|literal| literal.to_canonical() == address) => Ok(()),
            Some(kind) => Err(format!("{address}, {kind}; if that is meant, list it in the rule's `addresses`")),
            None => Ok(()),
        }
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

fn parse_range(range: &str) -> Result<IpNet, RuleError> {
    let single = || range.parse::<IpAddr>().map(IpNet::from);
    range.parse().or_else(|_| single()).map_err(|_| RuleError::Addresses(range.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NO_RANGES: &[&str] = &[];

    fn admits(rule: &str, ranges: &[&str], address: &str) -> bool {
        HttpRule::parse(rule, ranges).unwrap().admits(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn a_rule_is_a_scheme_a_host_and_a_port() {
        let rule = HttpRule::parse("https://API.Example.com", NO_RANGES).unwrap();
        assert_eq!(rule.to_string(), "https://api.example.com:443");
        assert_eq!(HttpRule::parse("http://[::1]:81/", NO_RANGES).unwrap().to_string(), "http://[::1]:81");
        let url = Url::parse("https://api.example.com:443/path").unwrap();
        let (https, host, port) = parts(&url).unwrap();
        assert!(rule.names(https, &host, port));
        for other in ["http://api.example.com", "https://example.com", "https://api.example.com:8443"] {
            let (https, host, port) = parts(&Url::parse(other).unwrap()).unwrap();
            assert!(!rule.names(https, &host, port), "{other}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused_with_an_example() {
        let wrong = [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https://*.example.com",
            "https://u:p@example.com",
            "https://example.com/path",
            "https://example.com?q",
            "https://example.com:99999",
        ];
        for rule in wrong {
            let error = HttpRule::parse(rule, NO_RANGES).unwrap_err();
            assert!(error.to_string().contains("https://api.example.com:8443"), "{rule}: {error}");
        }
        assert!(matches!(HttpRule::parse("http://a", &["10.0.0.0/33"]), Err(RuleError::Addresses(_))));
    }

    #[test]
    fn a_name_means_public_addresses_unless_the_rule_says_more() {
        assert!(admits("http://a.example", &[], "93.184.216.34"));
        for address in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1"] {
            assert!(!admits("http://a.example", &[], address), "{address}");
        }
        assert!(admits("http://a.example", &["10.0.0.0/8"], "10.1.2.3"));
        assert!(admits("http://a.example", &["10.0.0.0/8"], "::ffff:10.1.2.3"));
        assert!(!admits("http://a.example", &["10.0.0.0/8"], "93.184.216.34"), "ranges are the only addresses");
        assert!(!admits("http://a.example", &["10.0.0.0/8"], "127.0.0.1"));
    }

    #[test]
    fn an_address_is_taken_at_its_word_and_localhost_means_loopback() {
        assert!(admits("http://10.1.2.3", &[], "10.1.2.3"));
        assert!(!admits("http://10.1.2.3", &[], "10.1.2.4"));
        assert!(admits("http://localhost:81", &[], "127.0.0.1"));
        assert!(admits("http://localhost:81", &[], "::1"));
        assert!(!admits("http://localhost:81", &[], "10.1.2.3"));
    }
}
