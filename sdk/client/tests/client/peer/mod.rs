//! A peer that keeps to the protocol, and a script of what goes wrong.
//!
//! [`book`] is what it knows; [`service`] speaks for it; [`wire`] connects a client to it and breaks the connection.

mod before;
mod book;
mod service;
mod stream;
mod wire;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use mpy6a_client::{Builder, Client};
use tonic::Status;

pub use self::before::Before;
use self::before::Guarded;
pub use self::book::{Book, Done, overloaded, refusal};
pub use self::service::Service;
use self::wire::Wire;

/// The kind that the peer knows.
pub const KIND: u32 = 1;

/// The lease that it grants.
pub const LEASE: Duration = Duration::from_secs(12);

/// How a client asks.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// All operations over one stream.
    Streamed,
    /// A call for each.
    Unary,
}

impl Way {
    /// A client that asks so.
    pub fn taken_by(self, builder: Builder) -> Builder {
        match self {
            Self::Streamed => builder,
            Self::Unary => builder.unary(),
        }
    }
}

/// What goes wrong with a request.
#[derive(Clone)]
pub enum Fault {
    /// It is answered with this, and not applied.
    Refuse(Status),
    /// It is never answered, and not applied.
    Hang,
    /// It is applied, and then the connection breaks.
    LoseAnswer,
    /// The same, and from then on this answers in the peer's place.
    LoseAnswerThen(Before),
    /// It waits in a queue until [`Peer::flush`], whatever becomes of the connection.
    Queue,
}

/// The peer. Clones are the same one.
#[derive(Clone)]
pub struct Peer {
    book: Arc<Mutex<Book>>,
    wire: Wire,
    way: Way,
}

impl Peer {
    /// A peer that is up, whose clients ask so.
    pub fn start(way: Way) -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let wire = Wire::new();
        let peer = Self { book, wire, way };
        peer.wire.serve(peer.clone());
        peer
    }

    /// A client of it, made when it is first used.
    pub fn builder(&self) -> Builder {
        self.way.taken_by(Client::over(self.wire.channel()))
    }

    /// A client of it, without options.
    pub fn client(&self) -> Client {
        self.builder().connect().unwrap()
    }

    /// What it knows.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// What is to go wrong with the next operations, one after another.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.book().script.extend(faults);
    }

    /// What is to go wrong with the next renewals.
    pub fn script_renewals(&self, faults: impl IntoIterator<Item = Fault>) {
        self.book().renewal_script.extend(faults);
    }

    /// From now on this answers in the peer's place, or the peer itself.
    pub fn put_before(&self, before: Option<Before>) {
        self.book().before = before;
    }

    /// Break all connections; new ones are taken.
    pub fn break_connections(&self) {
        self.wire.break_connections();
    }

    /// Break all connections and refuse new ones.
    pub fn go_down(&self) {
        self.wire.set_up(false);
    }

    /// Take connections again.
    pub fn come_up(&self) {
        self.wire.set_up(true);
    }

    /// Let queued operations through, and wait until they are applied or refused.
    pub async fn flush(&self) {
        let (release, queued) = {
            let mut book = self.book();
            (book.release.clone(), std::mem::take(&mut book.queued))
        };
        release.notify_waiters();
        for task in queued {
            task.await.unwrap();
        }
    }
}
