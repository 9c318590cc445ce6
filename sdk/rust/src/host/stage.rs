//! No host: what a handler does is written down in the [`Scene`](crate::testing::Scene) that runs it on this thread.
//!
//! One rule of the real host is kept, because handlers get it wrong: after `delete` or `store` the session takes no
//! more operations and no HTTP leaves.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{
    SessionError,
    http::{Cause, Request, Response},
    log::Level,
    testing::{Ended, Operation},
};

pub(crate) type Answer = Box<dyn FnMut(&Request) -> Result<Response, Cause>>;

/// What there is instead of a host, for one run.
pub(crate) struct Stage {
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) answer: Option<Answer>,
    pub(crate) ended: Ended,
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

const NO_STAGE: &str = "there is no host on this target: run the handler with mpy6a_handler::testing::Scene";

/// Run `handle` with this stage as its host.
pub(crate) fn on(stage: Stage, handle: impl FnOnce() -> Result<(), crate::Failure>) -> Ended {
    STAGE.replace(Some(stage));
    let result = handle();
    let mut ended = STAGE.take().map(|stage| stage.ended).unwrap_or_default();
    ended.result = result;
    ended
}

fn with<T>(use_stage: impl FnOnce(&mut Stage) -> T) -> Option<T> {
    STAGE.with_borrow_mut(|stage| stage.as_mut().map(use_stage))
}

#[derive(Debug)]
pub(crate) struct Session;

impl Session {
    pub(crate) fn id(&self) -> String {
        "1-1".into()
    }

    pub(crate) fn fence(&self) -> String {
        "1-2".into()
    }

    pub(crate) fn append(&self, record: &[u8]) -> Result<(), SessionError> {
        operate(Operation::Append(record.to_vec()))
    }

    pub(crate) fn replace(&self, record: &[u8]) -> Result<(), SessionError> {
        operate(Operation::Replace(record.to_vec()))
    }

    pub(crate) fn delete(&self) -> Result<(), SessionError> {
        operate(Operation::Delete)
    }

    pub(crate) fn store(&self, timeout_s: Option<u32>) -> Result<(), SessionError> {
        operate(Operation::Store(timeout_s))
    }
}

fn operate(operation: Operation) -> Result<(), SessionError> {
    let applied = with(|stage| {
        if stage.ended.is_finished() {
            return Err(SessionError::Finished);
        }
        stage.ended.operations.push(operation);
        Ok(())
    });
    applied.unwrap_or(Err(SessionError::Finished))
}

/// The stage is not borrowed while the test's own closure runs: it may log.
pub(crate) fn send(request: Request) -> Result<Response, Cause> {
    let answer = with(|stage| match stage.ended.is_finished() {
        true => Err(Cause::Invalid("the session is finished: send before delete or store".into())),
        false => Ok(stage.answer.take()),
    });
    let answer = answer.unwrap_or_else(|| Err(Cause::Denied(NO_STAGE.into())))?;
    let Some(mut answer) = answer else {
        return Err(Cause::Denied("the scene grants no HTTP: give it `http`".into()));
    };
    let response = answer(&request);
    with(|stage| {
        stage.answer = Some(answer);
        stage.ended.requests.push(request);
    });
    response
}

pub(crate) fn log(level: Level, message: &str) {
    with(|stage| stage.ended.lines.push((level, message.to_owned())));
}

pub(crate) fn setting(key: &str) -> Result<Option<String>, String> {
    with(|stage| stage.settings.get(key).cloned()).ok_or_else(|| NO_STAGE.into())
}

pub(crate) fn settings() -> Result<Vec<(String, String)>, String> {
    with(|stage| stage.settings.clone().into_iter().collect()).ok_or_else(|| NO_STAGE.into())
}
