//! What stands between a guest and the network: allow rules of the config, URLs and heads of requests of a guest.
//!
//! Input: a rule, and one range of addresses, as counted texts; a URL, counted; 17 bytes for an address; a method, a step,
//! and pairs of header names and values, counted, to the end.
//!
//! * A rule that is written out is read back as the same rule.
//! * A URL is granted where its scheme, host and port are the rule's, and then the request goes exactly there.
//! * A name without ranges is admitted to no address of the host's own network. The addresses are judged here by the standard
//!   library, not by the host's table.
//! * A head that leaves has no header that is the host's own, and the step's two exactly once.
//! * A refusal has a remedy, and repeats no password.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, header};
use mpy6a_plugins::{
    Grants, HttpRule,
    egress::{Asked, Refused},
};
use url::Url;

use crate::{
    Parsed, Target,
    input::{Input, counted},
    memory::Bound,
    words,
};

/// The target.
pub const TARGET: Target = Target {
    name: "egress",
    input_bytes_max: 1024,
    run,
    seeds,
    words: &[
        "http://",
        "https://",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:7f00:1]",
        "0x7f.1",
        "@",
        "\\\\",
        "%2e",
        "xn--",
        ":80",
        ":443",
        "#",
        "?",
        "10.0.0.0/8",
        "fd00::/8",
        "host",
        "content-length",
        "idempotency-key",
        "mpy6a-fence",
        "CONNECT",
    ],
};

const MEMORY: Bound = Bound { factor: 64, base: 256 << 10 };

fn run(bytes: &[u8]) -> Parsed {
    let mut input = Input::new(bytes);
    let (target, range, url) = (input.text(), input.text(), input.text());
    let ranges: &[&str] = if range.is_empty() { &[] } else { &[&range] };
    let parsed = MEMORY.hold(bytes.len(), || HttpRule::parse(&target, ranges));
    let rule = match parsed {
        Ok(rule) => rule,
        Err(error) => {
            words::check(&error.to_string());
            return Parsed::Refused;
        }
    };
    check_written(&rule, ranges);
    check_address(&rule, ranges, address(&mut input));
    let grants = Grants { http: vec![rule.clone()], offline: false };
    check_target(&grants, &rule, &url);
    check_head(&grants, rule.to_string(), &mut input);
    Parsed::Accepted
}

fn check_written(rule: &HttpRule, ranges: &[&str]) {
    let written = rule.to_string();
    words::check_plain(&written);
    assert_eq!(HttpRule::parse(&written, ranges).as_ref(), Ok(rule), "{written}");
}

fn address(input: &mut Input<'_>) -> IpAddr {
    match input.byte() % 2 {
        0 => IpAddr::V4(Ipv4Addr::from(input.array::<4>())),
        _ => IpAddr::V6(Ipv6Addr::from(input.array::<16>())),
    }
}

fn check_address(rule: &HttpRule, ranges: &[&str], address: IpAddr) {
    let admitted = rule.admits(address);
    if let Err(why) = &admitted {
        words::check(why);
    }
    let written = rule.to_string();
    let url = Url::parse(&written).expect("a rule is a URL");
    let is_public_name = url.domain().is_some_and(|name| name != "localhost");
    if admitted.is_ok() && ranges.is_empty() && is_public_name {
        assert!(!is_own(address.to_canonical()), "{written} may go to {address}");
    }
}

/// Whether an address is one of the machine or of its network.
fn is_own(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => {
            it.is_loopback()
                || it.is_private()
                || it.is_link_local()
                || it.is_unspecified()
                || it.is_multicast()
                || it.is_broadcast()
        }
        IpAddr::V6(it) => {
            it.is_loopback()
                || it.is_unique_local()
                || it.is_unicast_link_local()
                || it.is_unspecified()
                || it.is_multicast()
        }
    }
}

fn check_target(grants: &Grants, rule: &HttpRule, url: &str) {
    let granted = grants.target(url);
    match &granted {
        Ok(uri) => {
            let at = format!(
                "{}://{}:{}",
                uri.scheme_str().expect("it has a scheme"),
                uri.host().expect("it has a host"),
                uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 })
            );
            assert_eq!(at, rule.to_string(), "a request for {url:?} goes elsewhere");
            assert!(!uri.authority().expect("it has one").as_str().contains('@'));
        }
        Err(refused) => check_refused(refused),
    }
    // By itself a rule grants what it names.
    assert!(grants.target(&rule.to_string()).is_ok());
}

fn check_refused(refused: &Refused) {
    match refused {
        Refused::Denied(why) => words::check(why),
        // What a guest got wrong is said to the guest, whose author knows the remedy.
        Refused::Invalid(why) => words::check_plain(why),
    }
}

fn check_head(grants: &Grants, url: String, input: &mut Input<'_>) {
    let (method, step) = (input.text(), input.text());
    let mut headers = Vec::new();
    while !input.is_done() {
        headers.push((input.text(), input.text()));
    }
    let step = (!step.is_empty()).then_some(step);
    let asked = Asked { method, url, headers: headers.clone(), body: None, step: step.clone() };
    match grants.request(asked, "3-1042", "3-1043") {
        Ok(request) => check_sent(request.headers(), headers.len(), step.as_deref()),
        Err(refused) => check_refused(&refused),
    }
}

fn check_sent(sent: &HeaderMap, asked: usize, step: Option<&str>) {
    for own in [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::UPGRADE] {
        assert!(!sent.contains_key(&own), "a guest sets {own}");
    }
    assert_eq!(sent.len(), asked + if step.is_some() { 2 } else { 0 });
    if let Some(step) = step {
        let keys: Vec<_> = sent.get_all("idempotency-key").iter().collect();
        assert_eq!(keys, [format!("3-1042/{step}").as_str()]);
        assert_eq!(sent.get_all("mpy6a-fence").iter().count(), 1);
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let v4 = |address: [u8; 4]| [&[0][..], &address].concat();
    let head = |parts: &[&str]| parts.iter().map(counted).collect::<Vec<_>>().concat();
    let seed = |rule: &str, range: &str, url: &str, address: Vec<u8>, parts: &[&str]| {
        [counted(rule), counted(range), counted(url), address, head(parts)].concat()
    };
    let v6 = [&[1][..], &Ipv6Addr::LOCALHOST.octets()].concat();
    vec![
        seed(
            "https://API.example.com",
            "",
            "https://api.example.com/x?y#z",
            v4([93, 184, 216, 34]),
            &["GET", "charge", "accept", "*/*"],
        ),
        seed("http://localhost:81/", "", "http://localhost:81", v6, &["POST", "", "x-a", "1", "x-a", "2"]),
        seed("http://a.example:8080", "10.0.0.0/8", "http://a.example:8080\\@b.example", v4([10, 1, 2, 3]), &["GET"]),
        seed(
            "http://[fd00::1]",
            "fd00::/8",
            "http://0x7f.1/",
            v4([127, 0, 0, 1]),
            &["CONNECT", "", "host", "b.example"],
        ),
    ]
}
