//! The connections of each address: how many there are, and which one makes room for a new one.
//!
//! A connection on which nobody was let in lately is a stranger's ([pulse](super::pulse)). Where there is no place left, one of them
//! is closed for the new one: the oldest of its address, if that has as many as it may, or of the address that has most of them. So
//! strangers who hold connections keep nobody out, and those who make new ones all the time keep out others at their own address,
//! or from as many addresses as there are places.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::pulse::Pulse;

/// Counts connections by address. Clones count together.
#[derive(Clone, Debug)]
pub struct Addresses {
    max: u32,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    /// The number of the next connection: an older one has a smaller one.
    next: u64,
    /// Only addresses with connections: no more of them than connections.
    by_address: HashMap<IpAddr, BTreeMap<u64, Arc<Pulse>>>,
}

/// One connection's place, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    addresses: Addresses,
    address: IpAddr,
    number: u64,
}

/// What came of a wish for a place.
#[derive(Debug)]
pub enum Placed {
    /// There was one.
    Free(Place),
    /// A stranger's connection of the same address makes room.
    InPlaceOfAnother(Place),
    /// There is none.
    Full,
}

impl Addresses {
    /// At most so many for each.
    #[must_use]
    pub fn new(max: u32) -> Self {
        Self { max, table: Arc::default() }
    }

    /// A place for one more, whose pulse this is.
    #[must_use]
    pub fn place(&self, address: IpAddr, pulse: &Arc<Pulse>) -> Placed {
        let address = counted(address);
        let mut table = self.table();
        let has = table.by_address.get(&address).map_or(0, BTreeMap::len);
        let is_full = has >= self.max as usize;
        if is_full && !table.make_room_at(address) {
            return Placed::Full;
        }
        let number = table.next;
        table.next += 1;
        table.by_address.entry(address).or_default().insert(number, Arc::clone(pulse));
        let place = Place { addresses: self.clone(), address, number };
        if is_full { Placed::InPlaceOfAnother(place) } else { Placed::Free(place) }
    }

    /// Close a connection of a stranger for this one; whether there was another. It is the oldest of the address that has most
    /// of them: however fast one address connects, another's new connection has the time to be let in.
    #[must_use]
    pub fn make_room_for(&self, new: &Place) -> bool {
        let (mut table, now) = (self.table(), Instant::now());
        let strangers_of = |(address, of_it): (&IpAddr, &BTreeMap<u64, Arc<Pulse>>)| {
            let oldest = oldest_stranger(of_it, now)?;
            let count = of_it.values().filter(|pulse| pulse.is_of_a_stranger(now)).count();
            Some((Reverse(count), oldest, *address))
        };
        let most = table.by_address.iter().filter_map(strangers_of).min();
        most.is_some_and(|(_, oldest, address)| oldest != new.number && table.make_room_at(address))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Close the oldest connection of a stranger at this address; whether there was one.
    fn make_room_at(&mut self, address: IpAddr) -> bool {
        let Some(of_it) = self.by_address.get(&address) else { return false };
        let Some(number) = oldest_stranger(of_it, Instant::now()) else { return false };
        if let Some(pulse) = self.take(address, number) {
            pulse.make_room();
        }
        true
    }

    fn take(&mut self, address: IpAddr, number: u64) -> Option<Arc<Pulse>> {
        let of_it = self.by_address.get_mut(&address)?;
        let taken = of_it.remove(&number);
        if of_it.is_empty() {
            self.by_address.remove(&address);
        }
        taken
    }
}

fn oldest_stranger(connections: &BTreeMap<u64, Arc<Pulse>>, now: Instant) -> Option<u64> {
    connections.iter().find(|(_, pulse)| pulse.is_of_a_stranger(now)).map(|(number, _)| *number)
}

impl Drop for Place {
    fn drop(&mut self) {
        self.addresses.table().take(self.address, self.number);
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
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::time::Duration;

    use super::*;
    use crate::grpc::pulse::Patience;

    /// Somebody, let in or not.
    fn pulse(is_known: bool) -> Arc<Pulse> {
        let pulse = Pulse::new(Patience { first_request: Duration::from_secs(60), idle: Duration::from_secs(60) });
        if is_known {
            pulse.let_in();
        }
        pulse
    }

    /// A place for somebody who was let in.
    fn known(addresses: &Addresses, address: &str) -> Option<Place> {
        match addresses.place(address.parse().unwrap(), &pulse(true)) {
            Placed::Free(place) => Some(place),
            Placed::Full => None,
            Placed::InPlaceOfAnother(_) => panic!("there was no stranger"),
        }
    }

    /// Whether it was told to make room.
    fn is_over(pulse: &Pulse) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(pulse.made_room()).as_mut().poll(&mut context).is_ready()
    }

    #[test]
    fn each_address_has_its_own_places_and_they_come_back() {
        let addresses = Addresses::new(2);
        let place = |text: &str| known(&addresses, text);
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
        drop(known(&addresses, "10.0.0.1"));
        assert!(addresses.table().by_address.is_empty());
    }

    #[test]
    fn the_address_with_most_strangers_makes_room_first() {
        let addresses = Addresses::new(9);
        let connect = |address: &str| {
            let stranger = pulse(false);
            let Placed::Free(place) = addresses.place(address.parse().unwrap(), &stranger) else { panic!("no place") };
            (stranger, place)
        };
        let (modest, _place) = connect("10.0.0.1");
        let mut crowd: Vec<_> = (0..3).map(|_| connect("10.0.0.2")).collect();
        for _ in 0..20 {
            let new = connect("10.0.0.2");
            assert!(addresses.make_room_for(&new.1));
            assert!(is_over(&crowd.remove(0).0), "the oldest of those who are many");
            crowd.push(new);
        }
        assert!(!is_over(&modest), "though it is the oldest of all");
        let other = connect("10.0.0.3");
        assert!(addresses.make_room_for(&other.1));
        assert!(is_over(&crowd[0].0) && !is_over(&modest) && !is_over(&other.0));
    }

    #[test]
    fn the_oldest_stranger_makes_room_and_nobody_who_was_let_in() {
        let addresses = Addresses::new(3);
        let address = "10.0.0.1".parse().unwrap();
        let _known = known(&addresses, "10.0.0.1").unwrap();
        let strangers = [pulse(false), pulse(false), pulse(false)];
        let mut places = Vec::new();
        for (stranger, is_room) in strangers.iter().zip([true, true, false]) {
            match addresses.place(address, stranger) {
                Placed::Free(place) if is_room => places.push(place),
                Placed::InPlaceOfAnother(place) if !is_room => places.push(place),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(strangers.each_ref().map(|it| is_over(it)), [true, false, false]);
        let new = known(&addresses, "10.0.0.2").unwrap();
        assert!(addresses.make_room_for(&new), "for another address, too");
        assert_eq!(strangers.each_ref().map(|it| is_over(it)), [true, true, false]);
        strangers[2].let_in();
        assert!(!addresses.make_room_for(&new), "the last one was let in meanwhile");
        let Placed::Free(new) = addresses.place("10.0.0.3".parse().unwrap(), &pulse(false)) else { panic!("no place") };
        assert!(!addresses.make_room_for(&new), "nobody makes room for itself");
        drop(places);
        assert_eq!(addresses.table().by_address[&address].len(), 1);
    }
}
