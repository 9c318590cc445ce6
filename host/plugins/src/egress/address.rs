//! Addresses that a public name has no business resolving to.
//!
//! A name on the allow-list belongs to whoever runs its DNS. Pointed at the host's own network, it would turn a handler into
//! a way in. The table follows the IANA registries of special-purpose addresses (RFC 6890 and what was added since), with the
//! ways of writing an IPv4 address inside an IPv6 one, and two addresses of cloud providers.

use std::{net::IpAddr, sync::LazyLock};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// An IPv4 address in another's form: the table would have to be asked about what is inside.
const DISGUISED: &str = "an IPv4 address in disguise";

/// What is special, and what to call it.
const SPECIAL: &[(&str, &str)] = &[
    ("0.0.0.0/8", "an unspecified address"),
    ("10.0.0.0/8", "a private address"),
    ("100.64.0.0/10", "an address behind a carrier's NAT"),
    ("127.0.0.0/8", "a loopback address"),
    // Cloud metadata services are at 169.254.169.254.
    ("169.254.0.0/16", "a link-local address"),
    // The metadata service of Azure, public by form only.
    ("168.63.129.16/32", "a cloud provider's internal address"),
    ("172.16.0.0/12", "a private address"),
    ("192.0.0.0/24", "an address of a protocol"),
    ("192.0.2.0/24", "an address for documentation"),
    ("192.88.99.0/24", "a relay address"),
    ("192.168.0.0/16", "a private address"),
    ("198.18.0.0/15", "an address for benchmarks"),
    ("198.51.100.0/24", "an address for documentation"),
    ("203.0.113.0/24", "an address for documentation"),
    ("224.0.0.0/4", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
    ("::/128", "an unspecified address"),
    ("::1/128", "a loopback address"),
    // IPv4 written as IPv6 by translators and tunnels: compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052, RFC 8215),
    // 6to4 (RFC 3056). Mapped ones are looked up as IPv4, ISATAP is told by its interface identifier (`is_isatap`). What is public
    // is reached directly.
    ("::/96", DISGUISED),
    ("::ffff:0:0:0/96", DISGUISED),
    ("64:ff9b::/96", DISGUISED),
    ("64:ff9b:1::/48", DISGUISED),
    ("2002::/16", DISGUISED),
    ("100::/64", "an address that discards"),
    ("100:0:0:1::/64", "an address that discards"),
    // Teredo, which has an IPv4 address in it as well, and the other protocols of this block.
    ("2001::/23", "an address of a protocol"),
    ("2001:db8::/32", "an address for documentation"),
    ("3fff::/20", "an address for documentation"),
    ("5f00::/16", "an address of a protocol"),
    // Includes the metadata service of AWS, fd00:ec2::254.
    ("fc00::/7", "a private address"),
    ("fe80::/10", "a link-local address"),
    ("fec0::/10", "a private address"),
    ("ff00::/8", "a multicast address"),
];

static TABLE: LazyLock<Vec<(IpNet, &str)>> =
    LazyLock::new(|| SPECIAL.iter().filter_map(|(range, name)| Some((range.parse().ok()?, *name))).collect());

/// What is special about an address; none for an ordinary public one. An IPv4 address mapped into IPv6 counts as IPv4.
pub(crate) fn special(address: IpAddr) -> Option<&'static str> {
    let address = address.to_canonical();
    // `contains` is false between the families.
    let holds = |range: &IpNet| match (range, address) {
        (IpNet::V4(range), IpAddr::V4(address)) => Ipv4Net::contains(range, &address),
        (IpNet::V6(range), IpAddr::V6(address)) => Ipv6Net::contains(range, &address),
        _ => false,
    };
    let listed = TABLE.iter().find(|(range, _)| holds(range)).map(|(_, name)| *name);
    listed.or_else(|| is_isatap(address).then_some(DISGUISED))
}

/// Whether a tunnel into an IPv4 network ends at an address, under whatever prefix: ISATAP (RFC 5214) puts `0000:5efe` or
/// `0200:5efe` before the IPv4 address.
fn is_isatap(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if matches!(address.segments()[4..6], [0 | 0x0200, 0x5efe]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_line_of_the_table_counts() {
        assert_eq!(TABLE.len(), SPECIAL.len());
    }

    #[test]
    fn addresses_that_were_not_meant_are_told_apart_from_public_ones() {
        let hidden = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "::ffff:0:169.254.169.254",
            "::ffff:0:7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::10.0.0.1",
            "64:ff9b:1:a00:0:100::",
            "2002:7f00:1::",
            // Teredo: the client's address inverted at the end.
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:10.0.0.1",
            "100::1",
            "100:0:0:1::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
        ];
        for address in hidden {
            assert!(special(address.parse().unwrap()).is_some(), "{address}");
        }
        let public = [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "2a00:1450:0:5efe::1",
        ];
        for address in public {
            assert_eq!(special(address.parse().unwrap()), None, "{address}");
        }
    }
}
