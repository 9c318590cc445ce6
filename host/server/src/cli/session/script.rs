//! `mpy6a session new`, `append`, `replace`, `store`, `finish`: a client for scripts.
//!
//! A handle is printed and read as `3-1042:00c0ffee00c0ffee`: the session's id and its key. Whoever has it may change the
//! session, so it belongs into a variable and not into a log.

use std::{
    fs,
    io::{self, Read as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use bytes::Bytes;
use clap::Args;
use mpy6a_proto::v1;

use super::id;
use crate::{
    cli::remote::{Host, Trouble, refused},
    json,
};

#[derive(Args, Debug)]
pub struct New {
    /// The kind, by name or number. A name can be looked up only by who may read.
    kind: String,
    #[command(flatten)]
    record: GivenRecord,
    /// A name for this wish: asking again by it opens no second session.
    #[arg(long, value_name = "TEXT")]
    request_id: Option<String>,
}

#[derive(Args, Debug)]
pub struct Record {
    /// What `new` printed.
    handle: String,
    #[command(flatten)]
    record: GivenRecord,
}

#[derive(Args, Debug)]
pub struct Store {
    /// What `new` printed.
    handle: String,
    /// When it is repeated: 90s, 2h. Without, after the kind's own delay.
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
}

#[derive(Args, Debug)]
pub struct Finish {
    /// What `new` printed.
    handle: String,
}

#[derive(Args, Debug)]
struct GivenRecord {
    /// The record, as text.
    record: Option<String>,
    /// The record, from a file; - is the standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    file: Option<PathBuf>,
}

/// `new`.
pub async fn open(arguments: &New, host: Host) -> Result<ExitCode, Trouble> {
    // Whoever may only open sessions may not ask which kinds there are: a number is taken at its word.
    let kind = match arguments.kind.parse() {
        Ok(number) => number,
        Err(_) => host.kind(&arguments.kind).await?.id,
    };
    let record = arguments.record.read()?;
    let request_id = arguments.request_id.clone().unwrap_or_default();
    // Nobody streams here: the session is this script's until its lease ends.
    let request = v1::NewRequest { kind, record, request_id, ..v1::NewRequest::default() };
    let answer = host.truba.clone().new_session(request).await.map_err(|status| host.trouble(&status))?;
    let v1::Handle { id, key } = answer.into_inner().handle.unwrap_or_default();
    outln!("{}:{key:016x}", json::shown(id));
    Ok(ExitCode::SUCCESS)
}

/// `append`.
pub async fn append(arguments: &Record, host: Host) -> Result<ExitCode, Trouble> {
    let (handle, record) = (handle(&arguments.handle)?, arguments.record.required()?);
    let request = v1::AppendRequest { handle: Some(handle), number: 0, record, ..Default::default() };
    host.truba.clone().append(request).await.map_err(|status| host.trouble(&status))?;
    Ok(ExitCode::SUCCESS)
}

/// `replace`.
pub async fn replace(arguments: &Record, host: Host) -> Result<ExitCode, Trouble> {
    let (handle, record) = (handle(&arguments.handle)?, arguments.record.required()?);
    let request = v1::ReplaceRequest { handle: Some(handle), number: 0, record, ..Default::default() };
    host.truba.clone().replace(request).await.map_err(|status| host.trouble(&status))?;
    Ok(ExitCode::SUCCESS)
}

/// `store`.
pub async fn store(arguments: &Store, host: Host) -> Result<ExitCode, Trouble> {
    let too_long = |_| refused("--timeout is longer than a session can wait: give a shorter one");
    let timeout_s = arguments.timeout.map(|span| u32::try_from(span.as_secs())).transpose().map_err(too_long)?;
    let request =
        v1::StoreRequest { handle: Some(handle(&arguments.handle)?), number: 0, timeout_s, ..Default::default() };
    host.truba.clone().store(request).await.map_err(|status| host.trouble(&status))?;
    Ok(ExitCode::SUCCESS)
}

/// `finish`.
pub async fn finish(arguments: &Finish, host: Host) -> Result<ExitCode, Trouble> {
    let request = v1::DeleteRequest { handle: Some(handle(&arguments.handle)?), number: 0, ..Default::default() };
    host.truba.clone().delete(request).await.map_err(|status| host.trouble(&status))?;
    Ok(ExitCode::SUCCESS)
}

impl GivenRecord {
    fn read(&self) -> Result<Option<Bytes>, Trouble> {
        let Some(file) = &self.file else { return Ok(self.record.clone().map(Bytes::from)) };
        let mut bytes = Vec::new();
        let read = if file.as_os_str() == "-" {
            io::stdin().read_to_end(&mut bytes).map(drop)
        } else {
            fs::read(file).map(|content| bytes = content)
        };
        read.map_err(|error| {
            refused(format!("cannot read the record from {}: {error}: name a file that can be read", file.display()))
        })?;
        Ok(Some(bytes.into()))
    }

    fn required(&self) -> Result<Bytes, Trouble> {
        self.read()?.ok_or_else(|| refused("there is no record: give it as text, or by --file"))
    }
}

fn handle(text: &str) -> Result<v1::Handle, Trouble> {
    let wrong = || refused("that is no handle: give what `mpy6a session new` printed, like 3-1042:00c0ffee00c0ffee");
    let (session, key) = text.split_once(':').ok_or_else(wrong)?;
    let key = u64::from_str_radix(key, 16).map_err(|_| wrong())?;
    Ok(v1::Handle { id: Some(id(session)?), key })
}
