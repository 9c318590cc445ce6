//! What a client calls itself, and the numbers of its requests.
//!
//! The host keeps an answer for as long as its client may ask for it again, and the client says with each message how long
//! that is: below [`settled_below`](v1::Caller::settled_below) it has every answer, or will not ask again. So an answer is
//! kept through any load of others, and no longer than needed.
//!
//! A number is unsettled for as long as its [`Ticket`] lives: from before the first try until the outcome is known, or until
//! the operation is given up with whatever holds its ticket.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use mpy6a_proto::v1;

/// Length of a client's name, in bytes: what the host asks for.
const NAME_BYTES: usize = 16;

/// A client, as the host knows it.
#[derive(Debug)]
pub(crate) struct Identity {
    name: Bytes,
    count: Mutex<Count>,
}

#[derive(Debug, Default)]
struct Count {
    last: u64,
    unsettled: BTreeSet<u64>,
}

impl Identity {
    /// A client that nobody else can take the name of.
    pub fn new() -> Self {
        Self { name: Bytes::copy_from_slice(&rand::random::<[u8; NAME_BYTES]>()), count: Mutex::default() }
    }

    /// The next number, from 1.
    pub fn ticket(self: &Arc<Self>) -> Ticket {
        let mut count = self.count();
        count.last += 1;
        let number = count.last;
        count.unsettled.insert(number);
        Ticket { number, identity: self.clone() }
    }

    /// What a call says of this client.
    pub fn caller(&self) -> v1::Caller {
        v1::Caller { client_id: self.name.clone(), settled_below: self.settled_below() }
    }

    /// What the later messages of a stream say, of which the first has the name.
    pub fn settled(&self) -> v1::Caller {
        v1::Caller { client_id: Bytes::new(), settled_below: self.settled_below() }
    }

    fn settled_below(&self) -> u64 {
        let count = self.count();
        count.unsettled.first().copied().unwrap_or(count.last + 1)
    }

    /// Nothing panics with the lock held, so its poison is of no concern.
    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a request. Dropped, it is settled.
#[derive(Debug)]
pub(crate) struct Ticket {
    number: u64,
    identity: Arc<Identity>,
}

impl Ticket {
    /// The number.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.identity.count().unsettled.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_ends_where_the_oldest_request_without_an_outcome_begins() {
        let identity = Arc::new(Identity::new());
        assert_eq!(identity.caller().settled_below, 1);
        let [first, second, third] = [(); 3].map(|()| identity.ticket());
        assert_eq!([&first, &second, &third].map(Ticket::number), [1, 2, 3]);
        drop(second);
        assert_eq!(identity.caller().settled_below, 1, "the first is under way");
        drop(first);
        assert_eq!(identity.settled().settled_below, 3);
        drop(third);
        assert_eq!(identity.caller().settled_below, 4);
    }

    #[test]
    fn no_two_clients_have_a_name_in_common() {
        let [one, two] = [(); 2].map(|()| Identity::new().caller().client_id);
        assert!(one.len() == NAME_BYTES && one != two);
    }
}
