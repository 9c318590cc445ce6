//! Who calls, as the state machine knows callers: by the access that let them in, and by the name that a client gave itself.

use std::sync::Arc;

use mpy6a_proto::v1;
use mpy6a_sessions::{Access, Caller, ClientId, Error, NamedClient, RequestName};
use tonic::Status;

use crate::{
    auth::Identity,
    error::{invalid, invalid_operation, refused, status},
};

/// Length of a client's name, in bytes.
const CLIENT_ID_BYTES: usize = 16;

/// Why a request is refused before the state machine sees it.
#[derive(Debug)]
pub enum Unfit {
    /// It lacks something, or contradicts itself: in words, with the remedy.
    Invalid(&'static str),
    /// It is longer than it may be.
    Refused(Error),
}

impl Unfit {
    /// As the status of a call.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Invalid(why) => invalid(why),
            Self::Refused(error) => status(&error),
        }
    }

    /// As the answer to an operation on a stream.
    #[must_use]
    pub fn refused(self) -> v1::Refused {
        match self {
            Self::Invalid(why) => invalid_operation(why),
            Self::Refused(error) => refused(&error),
        }
    }
}

/// Who makes a call, or who is at the other end of a stream.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// The name of the access that let it in; none on a host that asks nobody.
    access: Option<Arc<str>>,
    /// What the client calls itself.
    named: Option<[u8; CLIENT_ID_BYTES]>,
    caller: Caller,
}

impl Who {
    /// Whoever made a request with these extensions, which has no client's name yet.
    #[must_use]
    pub fn of(extensions: &http::Extensions) -> Self {
        let access = extensions.get().and_then(Identity::name);
        let caller = Caller { access: access.as_deref().map_or(Access::NONE, Access::of), client: None };
        Self { access, named: None, caller }
    }

    /// Take what a message says of its client.
    ///
    /// # Errors
    ///
    /// [`Unfit::Invalid`]: it has no name, or another than before.
    pub fn hear(&mut self, said: Option<v1::Caller>) -> Result<(), Unfit> {
        let Some(v1::Caller { client_id, settled_below }) = said else { return Ok(()) };
        let client = match (&mut self.caller.client, client_id.is_empty()) {
            (Some(client), true) => client,
            (None, true) => {
                return Err(Unfit::Invalid("`caller.client_id` is missing: send 16 random bytes, the same each time"));
            }
            (known, false) => {
                let wrong = "`caller.client_id` is not 16 bytes long: send 16 random bytes, the same each time";
                let bits = <[u8; CLIENT_ID_BYTES]>::try_from(&client_id[..]).map_err(|_| Unfit::Invalid(wrong))?;
                if self.named.is_some_and(|named| named != bits) {
                    return Err(Unfit::Invalid(
                        "`caller.client_id` is not the one that this stream began with: open a stream for each client",
                    ));
                }
                self.named = Some(bits);
                let id = ClientId::new(self.access.as_deref(), bits);
                known.get_or_insert(NamedClient { id, settled_below: 0 })
            }
        };
        client.settled_below = client.settled_below.max(settled_below);
        Ok(())
    }

    /// Who this is.
    #[must_use]
    pub fn caller(&self) -> Caller {
        self.caller
    }

    /// The name of a `New`, if it has one.
    ///
    /// # Errors
    ///
    /// [`Unfit`]: it has two names, or a number without a client to count it; or the request id is too long.
    pub fn request_name(&self, request_id: &str, number: u64) -> Result<Option<RequestName>, Unfit> {
        match (request_id, number) {
            ("", 0) => Ok(None),
            ("", number) => match self.caller.client {
                Some(client) => Ok(Some(RequestName { caller: client.id, number })),
                None => Err(Unfit::Invalid(
                    "`number` of a New needs `caller.client_id`: name the client, or send a `request_id`",
                )),
            },
            (request_id, 0) => {
                let name = RequestName::of_id(self.access.as_deref(), request_id);
                name.map(Some).map_err(|refusal| Unfit::Refused(refusal.into()))
            }
            _ => Err(Unfit::Invalid(
                "a New has `number` and `request_id`: send the one by which retries are to be known",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn said(client_id: &'static [u8], settled_below: u64) -> Option<v1::Caller> {
        Some(v1::Caller { client_id: client_id.into(), settled_below })
    }

    fn refusal<T: std::fmt::Debug>(unfit: Result<T, Unfit>) -> String {
        let status = unfit.unwrap_err().status();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        status.message().to_owned()
    }

    #[test]
    fn a_client_is_named_once_and_settles_only_forwards() {
        let mut who = Who::default();
        who.hear(None).unwrap();
        assert_eq!(who.caller().client, None);
        who.hear(said(&[7; 16], 3)).unwrap();
        who.hear(said(b"", 9)).unwrap();
        who.hear(said(&[7; 16], 5)).unwrap();
        let client = who.caller().client.unwrap();
        assert_eq!(client, NamedClient { id: ClientId::new(None, [7; 16]), settled_below: 9 });
        assert_eq!(who.request_name("", 4).unwrap(), Some(RequestName { caller: client.id, number: 4 }));
    }

    #[test]
    fn what_names_nobody_is_refused_with_a_remedy() {
        assert!(refusal(Who::default().hear(said(b"", 1))).contains("missing: send 16 random bytes"));
        for wrong in [&[7; 15][..], &[7; 17], b"x"] {
            let said = Some(v1::Caller { client_id: wrong.to_vec().into(), settled_below: 1 });
            assert!(refusal(Who::default().hear(said)).contains("not 16 bytes long"));
        }
        let mut who = Who::default();
        who.hear(said(&[7; 16], 1)).unwrap();
        assert!(refusal(who.hear(said(&[8; 16], 1))).contains("a stream for each client"));
        assert!(refusal(who.request_name("id", 1)).contains("`number` and `request_id`"));
        assert!(refusal(Who::default().request_name("", 1)).contains("needs `caller.client_id`"));
        assert!(refusal(who.request_name(&"x".repeat(65), 0)).contains("longer than 64"));
    }

    #[test]
    fn the_same_words_of_another_access_name_another_request_and_another_client() {
        let of = |name: &str| {
            let mut who = Who { access: Some(name.into()), ..Who::default() };
            who.hear(said(&[7; 16], 1)).unwrap();
            (who.request_name("id", 0).unwrap(), who.request_name("", 1).unwrap())
        };
        let (shop, bank) = (of("shop"), of("bank"));
        assert_eq!(shop, of("shop"));
        assert!(shop.0 != bank.0 && shop.1 != bank.1);
    }
}
