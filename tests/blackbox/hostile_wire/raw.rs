//! HTTP/2 by hand: frames as bytes.

use std::io;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::harness::PATIENCE;

/// Types of frames.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RESET: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;

/// Flags of frames.
pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// A setting: how much may be sent on a stream before more is allowed.
pub const INITIAL_WINDOW_SIZE: u16 = 4;

/// How much the host takes on a stream before it allows more: the standard's beginning.
pub const WINDOW_BYTES: usize = 65_535;

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header that no table knows.
pub fn header(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        bytes.extend(length(text.len()));
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// A length of HPACK, with a prefix of seven bits.
fn length(length: usize) -> Vec<u8> {
    if length < 127 {
        return vec![u8::try_from(length).unwrap()];
    }
    let (mut bytes, mut rest) = (vec![127], length - 127);
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
    bytes
}

/// The headers of a gRPC request.
pub fn request(path: &str) -> Vec<u8> {
    fields(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ])
}

/// The headers of a gRPC request with a token.
pub fn request_by(token: &str, path: &str) -> Vec<u8> {
    let mut block = request(path);
    block.extend(header("authorization", &format!("Bearer {token}")));
    block
}

/// The headers of a request for a page.
pub fn page(path: &str) -> Vec<u8> {
    fields(&[(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "127.0.0.1")])
}

fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| header(name, value)).collect()
}

/// A message of gRPC.
pub fn message(bytes: &[u8]) -> Vec<u8> {
    let mut message = vec![0];
    message.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    message.extend(bytes);
    message
}

/// A connection.
pub struct Raw {
    pub socket: TcpStream,
}

impl Raw {
    /// A connection from this address of loopback, and not a byte over it.
    pub async fn silent(from: &str, port: u16) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(format!("{from}:0").parse().unwrap())?;
        timeout(PATIENCE, socket.connect(([127, 0, 0, 1], port).into())).await.expect("it is accepted by the kernel")
    }

    /// A connection that has begun to speak HTTP/2 with these settings.
    pub async fn open(port: u16, settings: &[(u16, u32)]) -> Self {
        Self::open_from("127.0.0.1", port, settings).await
    }

    /// The same, from this address of loopback.
    pub async fn open_from(from: &str, port: u16, settings: &[(u16, u32)]) -> Self {
        let mut socket = Self::silent(from, port).await.unwrap();
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend(name.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        socket.write_all(&frame(SETTINGS, 0, 0, &payload)).await.unwrap();
        socket.write_all(&frame(SETTINGS, ACK, 0, &[])).await.unwrap();
        Self { socket }
    }

    /// Send; false once the host takes no more.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        timeout(PATIENCE, self.socket.write_all(bytes)).await.expect("it is taken, or refused").is_ok()
    }

    /// The next frame: its type and its payload; none at the end.
    pub async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        self.next_flagged().await.map(|(kind, _, payload)| (kind, payload))
    }

    /// The next answer that has headers: whether they are all there is of it.
    pub async fn answered_by_headers(&mut self) -> bool {
        loop {
            let (kind, flags, _) = self.next_flagged().await.expect("the connection is kept");
            if kind == HEADERS {
                return flags & END_STREAM != 0;
            }
        }
    }

    async fn next_flagged(&mut self) -> Option<(u8, u8, Vec<u8>)> {
        let read = async {
            let mut head = [0; 9];
            self.socket.read_exact(&mut head).await.ok()?;
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let mut payload = vec![0; length];
            self.socket.read_exact(&mut payload).await.ok()?;
            Some((head[3], head[4], payload))
        };
        timeout(PATIENCE, read).await.expect("the host says something, or ends the connection")
    }

    /// Read to the end of the connection; the error of the last GOAWAY, if one came.
    pub async fn ended(&mut self) -> Option<u32> {
        let mut error = None;
        while let Some((kind, payload)) = self.next().await {
            if kind == GOAWAY {
                error = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
            }
        }
        error
    }
}
