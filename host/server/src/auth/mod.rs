//! Who may do what: one check for everything that is asked of a host, by gRPC or by HTTP, on either listener.
//!
//! | file | its job |
//! |---|---|
//! | [`table`] | the one table: which right each method and each path needs |
//! | [`identity`] | who asks, and what they may do |
//! | [`credential`] | what a request shows for it: a token, or the certificate of its connection |
//! | [`access`] | the config's `[[access]]` in service: from a credential to an identity |
//! | [`browser`] | requests that somebody else's web page has a browser send |
//! | [`layer`] | the check, in front of both listeners' routes |
//! | [`opener`] | the check at `New`: may it be of this kind? |
//! | [`keys`] | a wrong key looks like no session, and may not be tried fast |
//! | [`arriving`] | a request that has not come whole is refused when what let it in is withdrawn |
//! | [`lasting`] | a stream ends when what let it in is withdrawn |
//! | [`refusal`] | what is said to whoever is turned away |
//! | [`denials`] | counts and logs them, at a bounded rate |
//! | [`token`] | makes tokens, and their digests |
//!
//! ```text
//! request --> table: which right? --> credential --> access: who? --> may they? --> Identity into the extensions --> route
//!                                                      |                  |
//!                                                      +--> refusal <-----+      (denials: counted, logged)
//! ```
//!
//! What holds:
//!
//! * A path without an entry in the table needs the right to administer: what is forgotten is closed.
//! * Without any `[[access]]` everybody may do everything. The config allows that on loopback only, or by name.
//! * A refusal says nothing about what exists: it comes before any session, kind or path is looked at. It takes no place in a
//!   bound that others share.
//! * What is withdrawn in the config is withdrawn from open streams at once, not when they end, and from requests that have not come
//!   whole.
//! * Tokens are kept nowhere: the config has their digests, and neither log nor answer repeats one.
//!
//! Behind the check a service finds [`Identity`] and [`Peer`](crate::grpc::connection::Peer) in the request's extensions;
//! [`who`] words both for the log.

pub mod access;
pub mod arriving;
pub mod browser;
pub mod credential;
pub mod denials;
pub mod identity;
pub mod keys;
pub mod lasting;
pub mod layer;
pub mod opener;
pub mod refusal;
pub mod table;
pub mod token;

pub use self::{access::Doorkeeper, identity::Identity, layer::AuthLayer, opener::Opener, table::Right};
use crate::grpc::connection::Peer;

/// Who asks, for the log: name and address, as far as they are known.
#[must_use]
pub fn who(extensions: &http::Extensions) -> String {
    who_is(extensions.get(), extensions.get())
}

fn who_is(identity: Option<&Identity>, peer: Option<&Peer>) -> String {
    match (identity.and_then(Identity::name), peer.map(|peer| peer.address)) {
        (Some(name), Some(address)) => format!("{name} at {address}"),
        (Some(name), None) => name.to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => "unknown".to_owned(),
    }
}
