//! The stream keeps every promise that single calls keep, and its own.

pub mod bounds;
mod client;
mod ends;
mod hostile;
mod pipelined;
mod refused;
mod survives;

use crate::harness::{Config, Host, Kind, Ports, Proxy, Wire};

/// A kind whose sessions nobody repeats.
fn paused() -> Kind {
    Kind::misbehave(1).set("paused", true)
}

async fn host(kind: Kind) -> Host {
    Host::start(&Config::of([kind])).await
}

/// A wire for a client, through a proxy.
fn through(proxy: &Proxy, host: &Host) -> Wire {
    let clients = proxy.url.rsplit(':').next().unwrap().parse().unwrap();
    Wire::to(Ports { clients, ..host.ports() })
}
