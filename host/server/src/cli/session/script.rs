//! `mpy6a session new`, `append`, `replace`, `store`, `finish`: a client for scripts.
//!
//! A handle is printed and read as `3-1042:00c0ffee00c0ffee`: the session's id and its key. Whoever has it may change the
//! session, so it belongs into a variable or a file of one's own, and not into a log. Arguments of a command are there for all users of
//! the machine to see, so a handle is taken from the standard input or from a file as well.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
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

/// How the standard input is named.
const STDIN: &str = "-";

/// The longest handle, in bytes: two numbers, a key, and a line end.
const HANDLE_BYTES_MAX: u64 = 128;

/// The longest record that any config allows, in bytes.
const RECORD_BYTES_MAX: u64 = 64 << 20;

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
    #[command(flatten)]
    handle: GivenHandle,
    #[command(flatten)]
    record: GivenRecord,
}

#[derive(Args, Debug)]
pub struct Store {
    #[command(flatten)]
    handle: GivenHandle,
    /// When it is repeated: 90s, 2h. Without, after the kind's own delay.
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
}

#[derive(Args, Debug)]
pub struct Finish {
    #[command(flatten)]
    handle: GivenHandle,
}

#[derive(Args, Debug)]
struct GivenHandle {
    /// What `new` printed; - reads it from the standard input, @FILE from a file. On the command line other users of the machine see
    /// it, in `ps` for example.
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
    let (handle, record) = arguments.read()?;
    let request = v1::AppendRequest { handle: Some(handle), number: 0, record, ..Default::default() };
    host.truba.clone().append(request).await.map_err(|status| host.trouble(&status))?;
    Ok(ExitCode::SUCCESS)
}

/// `replace`.
pub async fn replace(arguments: &Record, host: Host) -> Result<ExitCode, Trouble> {
    let (handle, record) = arguments.read()?;
    let request = v1::ReplaceRequest { handle: Some(handle), number: 0, record, ..Default::default() };
    host.truba.clone().replace(request).await.map_err(|status| host.trouble(&status))?;
    Ok(ExitCode::SUCCESS)
}

/// `store`.
pub async fn store(arguments: &Store, host: Host) -> Result<ExitCode, Trouble> {
    let too_long = |_| refused("--timeout is longer than a session can wait: give a shorter one");
    let timeout_s = arguments.timeout.map(|span| u32::try_from(span.as_secs())).transpose().map_err(too_long)?;
    let request =
        v1::StoreRequest { handle: Some(arguments.handle.read()?), number: 0, timeout_s, ..Default::default() };
    host.truba.clone().store(request).await.map_err(|status| host.trouble(&status))?;
    Ok(ExitCode::SUCCESS)
}

/// `finish`.
pub async fn finish(arguments: &Finish, host: Host) -> Result<ExitCode, Trouble> {
    let request = v1::DeleteRequest { handle: Some(arguments.handle.read()?), number: 0, ..Default::default() };
    host.truba.clone().delete(request).await.map_err(|status| host.trouble(&status))?;
    Ok(ExitCode::SUCCESS)
}

impl Record {
    fn read(&self) -> Result<(v1::Handle, Bytes), Trouble> {
        if self.handle.handle == STDIN && self.record.is_stdin() {
            return Err(refused("the standard input is either the handle or the record: give one of them by its file"));
        }
        Ok((self.handle.read()?, self.record.required()?))
    }
}

impl GivenHandle {
    fn read(&self) -> Result<v1::Handle, Trouble> {
        let file = match self.handle.strip_prefix('@') {
            Some(file) => file,
            None if self.handle == STDIN => STDIN,
            None => return handle(&self.handle),
        };
        let bytes = read(Path::new(file), HANDLE_BYTES_MAX, "handle")?;
        handle(String::from_utf8_lossy(&bytes).trim())
    }
}

impl GivenRecord {
    fn is_stdin(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.as_os_str() == STDIN)
    }

    fn read(&self) -> Result<Option<Bytes>, Trouble> {
        let Some(file) = &self.file else { return Ok(self.record.clone().map(Bytes::from)) };
        Ok(Some(read(file, RECORD_BYTES_MAX, "record")?.into()))
    }

    fn required(&self) -> Result<Bytes, Trouble> {
        self.read()?.ok_or_else(|| refused("there is no record: give it as text, or by --file"))
    }
}

/// All of a file, or of the standard input. It may be a pipe, and is waited for.
fn read(file: &Path, bytes_max: u64, what: &str) -> Result<Vec<u8>, Trouble> {
    let name = file.display();
    let wrong = |error| refused(format!("cannot read the {what} from {name}: {error}: name a file that can be read"));
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == STDIN {
        io::stdin().take(bytes_max + 1).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes))
    };
    read.map_err(wrong)?;
    if bytes.len() as u64 > bytes_max {
        return Err(refused(format!(
            "{name} is longer than {bytes_max} bytes, the most for a {what}: name another file"
        )));
    }
    Ok(bytes)
}

fn handle(text: &str) -> Result<v1::Handle, Trouble> {
    let wrong = || refused("that is no handle: give what `mpy6a session new` printed, like 3-1042:00c0ffee00c0ffee");
    let (session, key) = text.split_once(':').ok_or_else(wrong)?;
    let key = u64::from_str_radix(key, 16).map_err(|_| wrong())?;
    Ok(v1::Handle { id: Some(id(session)?), key })
}
