//! HTTP/1.1 by hand: requests that no client library would send, and all of their answers.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::Host;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The reason of a refusal: the check in front of all routes gives none, but a line of text.
    pub fn reason(&self) -> String {
        match self.headers.get("content-type") {
            Some(kind) if kind.contains("json") => self.json()["reason"].as_str().unwrap_or_default().to_owned(),
            _ => self.text().split(':').next().unwrap_or_default().to_owned(),
        }
    }
}

/// Ask the operators' listener: `GET /path`, with these headers in place of the usual ones, or beside them.
pub async fn ask(host: &Host, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let authority = host.admin_url().trim_start_matches("http://").to_owned();
    let mut request = format!("{line} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        request += &format!("host: {authority}\r\n");
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        request += &format!("content-length: {}\r\n", body.len());
    }
    let mut stream = TcpStream::connect(&authority).await.unwrap();
    stream.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
    // A host that refuses by the head alone may close before it has read the body.
    let _ = stream.write_all(body).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    parse(&bytes)
}

/// `GET` as a browser would.
pub async fn get(host: &Host, path: &str) -> Answer {
    ask(host, &format!("GET {path}"), &[], &[]).await
}

/// `POST` as the page does.
pub async fn post(host: &Host, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("x-mpy6a-console", "1")];
    ask(host, &format!("POST {path}"), &headers, body.to_string().as_bytes()).await
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with a head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<_, _> = lines.filter_map(header).collect();
    let rest = &bytes[end + 4..];
    let chunked = headers.get("transfer-encoding").is_some_and(|how| how == "chunked");
    Answer { status, body: if chunked { joined(rest) } else { rest.to_vec() }, headers }
}

/// The chunks of a body, joined.
fn joined(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}
