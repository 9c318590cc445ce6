//! The component's imports and its export, and the conversions between their generated types and this crate's own.

use std::time::Duration;

pub use bindings::{Failure, Guest, RepeatData, export_handler};
use bindings::{
    mpy6a::handler::{http as wire, log as lines, types},
    wasi::config::store,
};

use crate::{
    Repeat, SessionError,
    http::{Cause, Request, Response},
    log::Level,
};

/// What `wit-bindgen` makes of `wit/`.
#[allow(unsafe_code, missing_docs, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "handler",
        generate_all,
        export_macro_name: "export_handler",
        pub_export_macro: true,
        default_bindings_module: "mpy6a_handler::__wasm::bindings",
    });
}

/// One call of the export.
pub fn run(data: RepeatData, handle: fn(Repeat) -> Result<(), crate::Failure>) -> Result<(), Failure> {
    crate::log::report_panics();
    handle(Repeat::from(data)).map_err(|failure| match failure {
        crate::Failure::Retry(reason) => Failure::Retry(reason),
        crate::Failure::Permanent(reason) => Failure::Permanent(reason),
    })
}

impl From<RepeatData> for Repeat {
    fn from(data: RepeatData) -> Self {
        Self {
            records: data.records,
            session: Session(data.session),
            kind: data.kind,
            kind_name: data.kind_name,
            repeat: data.repeat,
            max_repeats: data.max_repeats,
            created_ms: data.created_ms,
            stored_ms: data.stored_ms,
            due_ms: data.due_ms,
            deadline_ms: data.deadline_ms,
            idempotency_key: data.idempotency_key,
            traceparent: data.traceparent,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Session(types::Session);

impl Session {
    pub(crate) fn id(&self) -> String {
        self.0.id()
    }

    pub(crate) fn fence(&self) -> String {
        self.0.fence()
    }

    pub(crate) fn append(&self, record: &[u8]) -> Result<(), SessionError> {
        self.0.append(record).map_err(SessionError::from)
    }

    pub(crate) fn replace(&self, record: &[u8]) -> Result<(), SessionError> {
        self.0.replace(record).map_err(SessionError::from)
    }

    pub(crate) fn delete(&self) -> Result<(), SessionError> {
        self.0.delete().map_err(SessionError::from)
    }

    pub(crate) fn store(&self, timeout_s: Option<u32>) -> Result<(), SessionError> {
        self.0.store(timeout_s).map_err(SessionError::from)
    }
}

impl From<types::SessionError> for SessionError {
    fn from(error: types::SessionError) -> Self {
        use types::SessionError as E;
        match error {
            E::Finished => Self::Finished,
            E::RecordTooLarge(limit) => Self::RecordTooLarge(limit),
            E::SessionTooLarge(limit) => Self::SessionTooLarge(limit),
            E::TooManyRecords(limit) => Self::TooManyRecords(limit),
            E::TimeoutTooLong(limit) => Self::TimeoutTooLong(limit),
        }
    }
}

pub(crate) fn send(request: Request) -> Result<Response, Cause> {
    let Request { method, url, headers, body, timeout, step, .. } = request;
    let timeout_ms = timeout.map(whole_milliseconds);
    let response = wire::send(&wire::Request { method, url, headers, body, timeout_ms, step }).map_err(Cause::from)?;
    let empty = Response::new(response.status, response.body);
    Ok(response.headers.into_iter().fold(empty, |response, (name, value)| response.with_header(name, value)))
}

/// A part of a millisecond counts as one, and what is over 49 days is that much.
fn whole_milliseconds(timeout: Duration) -> u32 {
    let parts = u64::from(timeout.subsec_nanos().div_ceil(1_000_000));
    u32::try_from(timeout.as_secs().saturating_mul(1_000).saturating_add(parts)).unwrap_or(u32::MAX)
}

impl From<wire::HttpError> for Cause {
    fn from(error: wire::HttpError) -> Self {
        use wire::HttpError as E;
        match error {
            E::Denied(why) => Self::Denied(why),
            E::Invalid(why) => Self::Invalid(why),
            E::Unreachable(why) => Self::Unreachable(why),
            E::Timeout => Self::Timeout,
            E::Broken(why) => Self::Broken(why),
            E::ResponseTooLarge(limit) => Self::ResponseTooLarge(limit),
        }
    }
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Trace => lines::Level::Trace,
        Level::Debug => lines::Level::Debug,
        Level::Info => lines::Level::Info,
        Level::Warn => lines::Level::Warn,
        Level::Error => lines::Level::Error,
    };
    lines::write(level, message);
}

pub(crate) fn setting(key: &str) -> Result<Option<String>, String> {
    store::get(key).map_err(why)
}

pub(crate) fn settings() -> Result<Vec<(String, String)>, String> {
    store::get_all().map_err(why)
}

fn why(error: store::Error) -> String {
    match error {
        store::Error::Upstream(why) | store::Error::Io(why) => why,
    }
}
