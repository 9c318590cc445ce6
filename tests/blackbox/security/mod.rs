//! Only the right people can, and nobody learns what they may not know.
//!
//! | file | what it holds the host to |
//! |---|---|
//! | [`bounds`] | whatever strangers, clients and operators hold, others are served |
//! | [`rights`] | each right opens its calls and no others; refusals say nothing |
//! | [`withdrawn`] | a token that left the config is cut off, from open streams too |
//! | [`rewritten`] | half a config opens no host |
//! | [`tls`] | certificates, of the host and of clients, and their reload |
//! | [`start`] | what cannot be used ends the start, or keeps the old in service |
//! | [`clients`] | the command line and the Rust client, over TLS with tokens |
//! | [`retries`] | the Rust client, whose answers are lost before its access is withdrawn |

mod bounds;
mod clients;
mod retries;
mod rewritten;
mod rights;
mod start;
mod tls;
mod withdrawn;

use std::fs;

use sha2::{Digest as _, Sha256};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::harness::{Authority, Config, Host, Kind, Pair, wat};

/// A token of somebody.
pub fn token(name: &str) -> String {
    format!("mpy6a_test-token-of-{name}")
}

/// The line of a token for the config.
pub fn digest(name: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(token(name))))
}

/// A host with two kinds and nobody in particular to let in.
fn config() -> Config {
    let kind = |id| Kind::new(id, wat("bare-delete")).set("delay", "1h");
    Config::of([kind(1), kind(2)])
}

/// The same with one of each.
pub fn guarded() -> Config {
    let entry = |name: &str, rights: &str| format!("name = \"{name}\"\ntoken = \"{}\"\n{rights}", digest(name));
    config()
        .admit(&entry("shop", "open = [\"k1\"]"))
        .admit(&entry("every", "open = \"*\""))
        .admit(&entry("eyes", "read = true"))
        .admit(&entry("boss", "administer = true"))
        .admit(&entry("late", "administer = true\nexpires = \"2020-01-01T00:00:00Z\""))
}

/// Put a certificate and its key where the config names them.
pub fn place(host: &Host, pair: &Pair) {
    for (name, text) in [("cert.pem", &pair.certificate), ("key.pem", &pair.key)] {
        fs::write(host.path("aside.pem"), text).unwrap();
        fs::rename(host.path("aside.pem"), host.path(name)).unwrap();
    }
}

/// Trust this authority.
pub fn trusting(authority: &Authority) -> ClientTlsConfig {
    ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&authority.pem)).domain_name("localhost")
}

/// The same, and show this certificate.
fn as_client(authority: &Authority, pair: &Pair) -> ClientTlsConfig {
    trusting(authority).identity(Identity::from_pem(&pair.certificate, &pair.key))
}

/// With TLS on both listeners.
fn encrypted(config: Config) -> Config {
    ["tls", "admin.tls"].into_iter().fold(config, |config, section| {
        config.set(&format!("{section}.certificate"), "cert.pem").set(&format!("{section}.key"), "key.pem")
    })
}
