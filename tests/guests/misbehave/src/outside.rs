//! Behaviours that reach through the host to the outside.

use mpy6a_handler::{Failure, OrFail, http};
use wasip2::{
    clocks::monotonic_clock,
    http::{
        outgoing_handler,
        types::{ErrorCode, Fields, IncomingResponse, Method, OutgoingRequest, Scheme},
    },
    io::streams::{OutputStream, StreamError},
};

/// How much of a body is read at a time, in bytes.
const READ_BYTES: u64 = 64 * 1024;

pub fn sleep(milliseconds: &str) -> Result<(), Failure> {
    let milliseconds: u64 = milliseconds.parse()?;
    monotonic_clock::subscribe_duration(milliseconds.saturating_mul(1_000_000)).block();
    Ok(())
}

pub fn print(stream: &OutputStream, text: &str) -> Result<(), Failure> {
    stream.blocking_write_and_flush(format!("{text}\n").as_bytes()).or_permanent("writing")
}

/// GET through the contract's own function; the outcome.
pub fn send(url: &str, step: Option<&str>) -> String {
    let request = http::get(url);
    let request = match step {
        Some(step) => request.step(step),
        None => request,
    };
    match request.send() {
        Ok(response) => format!("{} {}", response.status(), response.text()),
        Err(error) => format!("{:?}", error.cause),
    }
}

/// GET through `wasi:http`; the outcome.
pub fn send_wasi(url: &str) -> String {
    outcome(get(url, Fields::new(), Method::Get))
}

/// GET through `wasi:http` with a header; the outcome.
pub fn send_wasi_with(header: &str, url: &str) -> String {
    let headers = Fields::from_list(&[(header.to_owned(), b"x".to_vec())]);
    headers.map_or_else(|error| format!("{error:?}"), |headers| outcome(get(url, headers, Method::Get)))
}

/// CONNECT through `wasi:http`; the outcome.
pub fn connect_wasi(url: &str) -> String {
    outcome(get(url, Fields::new(), Method::Connect))
}

fn outcome(answer: Result<(u16, Vec<u8>), ErrorCode>) -> String {
    match answer {
        Ok((status, body)) => format!("{status} {}", String::from_utf8_lossy(&body)),
        Err(error) => format!("{error:?}"),
    }
}

fn get(url: &str, headers: Fields, method: Method) -> Result<(u16, Vec<u8>), ErrorCode> {
    let request = outgoing_request(url, headers).ok_or(ErrorCode::HttpRequestUriInvalid)?;
    request.set_method(&method).map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;
    let future = outgoing_handler::handle(request, None)?;
    future.subscribe().block();
    let answer = future.get().and_then(Result::ok);
    let response = answer.ok_or(ErrorCode::InternalError(Some("no answer after waiting".into())))??;
    Ok((response.status(), read(&response)?))
}

fn outgoing_request(url: &str, headers: Fields) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    let request = OutgoingRequest::new(headers);
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })).ok()?;
    Some(request)
}

fn read(response: &IncomingResponse) -> Result<Vec<u8>, ErrorCode> {
    let taken = || ErrorCode::InternalError(Some("the body was taken already".into()));
    let body = response.consume().map_err(|()| taken())?;
    let stream = body.stream().map_err(|()| taken())?;
    let mut read = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(part) => read.extend(part),
            Err(StreamError::Closed) => return Ok(read),
            Err(StreamError::LastOperationFailed(why)) => {
                return Err(ErrorCode::InternalError(Some(why.to_debug_string())));
            }
        }
    }
}
