//! How many connections each address has.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// Counts connections by address. Clones count together.
#[derive(Clone, Debug)]
pub struct Addresses {
    max: u32,
    /// Only addresses with connections: no more of them than connections.
    counts: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

/// One connection's place, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    /// At most so many for each.
    #[must_use]
    pub fn new(max: u32) -> Self {
        Self { max, counts: Arc::default() }
    }

    /// A place for one more, if there is any.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Option<Place> {
        let address = counted(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(Place { addresses: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.addresses.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// The address that a peer counts under: a site has a whole network of 64 bits in IPv6, so that is counted as one address; and IPv4
/// is itself, however it is written.
#[must_use]
pub fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) => {
            let [a, b, c, d, ..] = it.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        it @ IpAddr::V4(_) => it,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_address_has_its_own_places_and_they_come_back() {
        let addresses = Addresses::new(2);
        let place = |text: &str| addresses.place(text.parse().unwrap());
        let (first, _second) = (place("10.0.0.1").unwrap(), place("::ffff:10.0.0.1").unwrap());
        assert!(place("10.0.0.1").is_none());
        let _other = place("10.0.0.2").unwrap();
        drop(first);
        let _again = place("10.0.0.1").unwrap();
        assert!(place("10.0.0.1").is_none());

        let _six = (place("2001:db8::1").unwrap(), place("2001:db8::2").unwrap());
        assert!(place("2001:db8::3").is_none(), "the same network");
        assert!(place("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn an_address_without_connections_takes_no_memory() {
        let addresses = Addresses::new(1);
        drop(addresses.place("10.0.0.1".parse().unwrap()));
        assert!(addresses.counts.lock().unwrap().is_empty());
    }
}
