//! Creating one user, step by step: the client's half of the example. The other half is the repeat handler.
//!
//! A user is created when A keeps it *and* B has indexed it. Either call can fail, hang, or be carried out and its
//! answer lost; the client can die between any two lines. The rule: if the user was created, it gets indexed in the
//! end; otherwise nothing is left of it. To keep it, the client says what it is about to do **before** it does it:
//!
//! ```text
//!  1. open a session           6. index the user in B
//!  2. record the user          8. if that failed: leave
//!  3. create the user in A     9. delete the session
//!  4. if that failed: store the session and leave
//!  5. record the user's id
//! ```
//!
//! (There is no step 7: the numbers are those of the original description.) Wherever this stops, mpy6a runs the
//! repeat handler with what was recorded. To *leave* means to return and touch the session no more: its lease runs
//! out by itself. So no error needs a remedy here, and there is not one retry of A or B in this file.

use mpy6a_client::{Client, Session};
use serde::{Deserialize, Serialize};

use crate::{
    calls::{Caller, CreateError, ServiceA, ServiceB},
    user::{NewUser, User},
};

/// What the client records. The handler reads the same JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum Record {
    /// First: this user is about to be created.
    Create {
        /// As A will be asked for it.
        user: NewUser,
    },
    /// Second: A created it, with this id.
    Created {
        /// The user's id in A.
        id: i64,
    },
}

/// Where in its work a client is: it has begun this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Step {
    /// 1: opening a session.
    Open,
    /// 2: recording the user.
    RecordUser,
    /// 3: calling A.
    Create,
    /// 4: storing the session.
    Store,
    /// 5: recording the id.
    RecordId,
    /// 6: calling B.
    Index,
    /// 9: deleting the session.
    Delete,
}

/// Why there is no "created" to report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// No session could be opened, so nothing was begun.
    #[error("no session could be opened: {0}")]
    NotBegun(String),
    /// Another user, the one with this id, has the nick. Certain, and finished with.
    #[error("user {0} has this nick")]
    NickTaken(i64),
    /// Left at this step for the repeat handler.
    #[error("left at step {0:?}: {1}")]
    Left(Step, String),
}

/// Somebody who creates users.
#[derive(Clone)]
pub struct Creator {
    /// The pipe.
    pub truba: Client,
    /// The kind of session, as numbered in the host's config.
    pub kind: u32,
    /// Keeps the users.
    pub a: ServiceA,
    /// Indexes them.
    pub b: ServiceB,
}

impl Creator {
    /// Create a user. `begins` is told of every step before it is taken.
    pub async fn create(&self, user: &NewUser, begins: impl Fn(Step)) -> Result<User, Stopped> {
        // 1. A session: from here on somebody will look after this work, whatever happens to us.
        begins(Step::Open);
        let opened = self.truba.new_session(self.kind).await;
        let mut session = opened.map_err(|why| Stopped::NotBegun(why.to_string()))?;

        // 2. The intent, before the deed. Not recorded: not done.
        begins(Step::RecordUser);
        append(&mut session, &Record::Create { user: user.clone() }).await.map_err(left_at(Step::RecordUser))?;

        // 3. The deed. It carries the session's id and fence: A can tell a repeat from a second wish, and refuses us
        //    if we come late, after the handler has looked for our user and has not found it.
        begins(Step::Create);
        let caller = Caller { session: session.id().to_string(), fence: session.fence().to_string() };
        let user = match self.a.create(user, &caller).await {
            Ok(user) => user,
            Err(CreateError::NickTaken(id)) => return self.give_up(session, id).await,
            Err(CreateError::Unclear(why)) => {
                // 4. Perhaps created, perhaps not. Storing says "I am done with it", so the repeat need not wait for
                //    our lease. If storing fails too, it will wait.
                begins(Step::Store);
                let stored = session.store(None).await;
                let why = stored.map_or_else(|second| format!("{why}; then {second}"), |_| why.to_string());
                return Err(Stopped::Left(Step::Create, why));
            }
        };

        // 5. From here on the user exists, and the session says which one it is.
        begins(Step::RecordId);
        append(&mut session, &Record::Created { id: user.id }).await.map_err(left_at(Step::RecordId))?;

        // 6. and 8. The second deed. If it failed, the handler will do it again; indexing twice does no harm.
        begins(Step::Index);
        self.b.index(&user, &caller).await.map_err(left_at(Step::Index))?;

        // 9. Done: forget the session. If that fails, the handler indexes once more and deletes it.
        begins(Step::Delete);
        session.delete().await.map_err(left_at(Step::Delete))?;
        Ok(user)
    }

    /// A said that somebody else has the nick. That is an error of step 3, yet not one to store the session for: A
    /// answered for certain, so nothing of *our* user exists or ever will, and there is nothing to finish. Whoever has
    /// the nick has, or had, a session of their own. Were the session kept, the handler would find their user by our
    /// nick and index it once more: harmless, and pointless.
    async fn give_up(&self, session: Session, id: i64) -> Result<User, Stopped> {
        // Not deleted after all? Then the handler does what was just called harmless and pointless.
        let _ = session.delete().await;
        Err(Stopped::NickTaken(id))
    }
}

async fn append(session: &mut Session, record: &Record) -> Result<(), String> {
    let bytes = serde_json::to_vec(record).map_err(|why| why.to_string())?;
    session.append(bytes).await.map(drop).map_err(|why| why.to_string())
}

/// For `map_err`: stop at this step.
fn left_at<E: ToString>(step: Step) -> impl FnOnce(E) -> Stopped {
    move |why| Stopped::Left(step, why.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn records_are_what_the_handler_reads() {
        let user = NewUser { nick: "z".into(), name: "Zoë".into(), mail: "z@example.org".into() };
        let create = serde_json::to_string(&Record::Create { user }).unwrap();
        assert_eq!(create, r#"{"step":"create","user":{"nick":"z","name":"Zoë","mail":"z@example.org"}}"#);
        assert_eq!(serde_json::to_string(&Record::Created { id: 7 }).unwrap(), r#"{"step":"created","id":7}"#);
    }
}
