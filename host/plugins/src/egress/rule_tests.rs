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
        "https://exam`ple.com",
    ];
    for rule in wrong {
        let error = HttpRule::parse(rule, NO_RANGES).unwrap_err();
        assert!(error.to_string().contains("https://api.example.com:8443"), "{rule}: {error}");
    }
    let error = HttpRule::parse("https://user:p@ss-w0rd@example.com", NO_RANGES).unwrap_err().to_string();
    assert!(error.starts_with("`https://[hidden]@example.com` is no target") && !error.contains("w0rd"), "{error}");
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
    for address in ["10.1.2.3", "93.184.216.34"] {
        assert!(!admits("http://localhost:81", &[], address), "{address}");
    }
}
