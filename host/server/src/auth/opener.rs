//! Whoever opens sessions: may it be of this kind?
//!
//! It is asked at each `New`, also of those on a stream: a stream lives long, and what its client may do can change. The
//! operations that follow need the session's key, which only `New` gives away. A call of its own is looked at when its message is there,
//! whatever was said when its headers came.

use std::sync::Arc;

use http::HeaderMap;
use mpy6a_proto::v1::{Answer, OperateRequest, answer::Outcome, operation::What};
use mpy6a_sessions::Error;

use super::{access::Doorkeeper, credential::Credential, identity::Identity, refusal::Denied, table::Right, who_is};
use crate::grpc::connection::Peer;

/// Whoever made a request.
#[derive(Clone, Debug)]
pub struct Opener {
    keeper: Arc<Doorkeeper>,
    /// None where the check was not passed: then nothing may be opened.
    identity: Option<Identity>,
    peer: Option<Peer>,
}

impl Opener {
    /// Whoever made a request with these extensions.
    #[must_use]
    pub fn of(extensions: &http::Extensions, keeper: &Arc<Doorkeeper>) -> Self {
        Self { keeper: Arc::clone(keeper), identity: extensions.get().cloned(), peer: extensions.get().cloned() }
    }

    /// Whoever made a call with these headers and extensions, whose message has come. It may have come long after them, so they are
    /// looked at again where the config has changed since, or they ran out; that costs nearly nothing where it has not.
    ///
    /// # Errors
    ///
    /// Their right was withdrawn meanwhile.
    pub fn of_call(
        headers: &HeaderMap,
        extensions: &http::Extensions,
        keeper: &Arc<Doorkeeper>,
    ) -> Result<Self, Denied> {
        let opener = Self::of(extensions, keeper);
        if opener.identity.as_ref().is_some_and(|identity| keeper.knows(identity)) {
            return Ok(opener);
        }
        let credential = Credential::of(headers, opener.peer.as_ref());
        match keeper.now().admit(&credential, Right::Open) {
            Ok(admitted) => Ok(Self { identity: Some(admitted.identity), ..opener }),
            Err((why, _)) => {
                let who = who_is(opener.identity.as_ref(), opener.peer.as_ref());
                keeper.denials.note(why, &who, "a call whose message came late");
                Err(why)
            }
        }
    }

    /// Whether they may open a session of this kind.
    ///
    /// # Errors
    ///
    /// They may not, whether there is such a kind or not.
    pub fn check(&self, kind: u32) -> Result<(), Denied> {
        if self.identity.as_ref().is_some_and(|identity| identity.may_open(kind)) {
            return Ok(());
        }
        let who = who_is(self.identity.as_ref(), self.peer.as_ref());
        self.keeper.denials.note(Denied::Kind, &who, &format!("New of kind {kind}"));
        Err(Denied::Kind)
    }

    /// What they are told of an error.
    pub fn told(&self, error: Error) -> Error {
        self.keeper.misses.told_to(error, self.identity.as_ref(), self.peer.as_ref())
    }

    /// Take those operations out of a message that may not be done, each with its answer.
    pub fn sift(&self, request: &mut OperateRequest, answers: &mut Vec<Answer>) {
        request.operations.retain(|operation| {
            let Some(What::New(new)) = &operation.what else { return true };
            let Err(why) = self.check(new.kind) else { return true };
            answers.push(Answer { tag: operation.tag, outcome: Some(Outcome::Refused(why.refused())) });
            false
        });
    }
}
