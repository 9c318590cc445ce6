//! What is not an operation at all; and the standard services beside our own.

use std::time::Duration;

use mpy6a_proto::v1::SessionState;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::harness::{Config, Host, Kind, PATIENCE};

async fn host() -> Host {
    Host::start(&Config::of([Kind::misbehave(1)])).await
}

#[tokio::test]
async fn garbage_on_the_port_closes_its_connection_and_nothing_else() {
    let host = host().await;
    let handle = host.open(1, "one").await;
    let noise: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice();
    for garbage in [
        noise.clone(),
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        [preface, &noise].concat(),
        // A frame that says it is 16 MiB long.
        [preface, &[0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1]].concat(),
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", host.port())).await.unwrap();
        // It may hang up while we speak.
        let _ = stream.write_all(&garbage).await;
        let mut answer = Vec::new();
        let hung_up = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(hung_up.is_ok(), "the connection stays open after {:?}…", &garbage[..16]);
    }
    host.append(handle, 1, "two").await.unwrap();
    assert_eq!(host.look(handle.id.unwrap()).await.unwrap().state(), SessionState::Active);
}

#[tokio::test]
async fn a_connection_that_says_nothing_holds_nobody_up() {
    let host = host().await;
    let silent = TcpStream::connect(("127.0.0.1", host.port())).await.unwrap();
    host.connect().open(1, "one").await;
    drop(silent);
}

#[tokio::test]
async fn health_answers_for_the_host_and_for_each_service() {
    let host = host().await;
    for name in ["", "mpy6a.v1.Truba", "mpy6a.v1.Admin"] {
        assert_eq!(host.health(name).await.unwrap(), ServingStatus::Serving, "{name:?}");
    }
    assert_eq!(host.health("mpy6a.v1.Other").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn reflection_lists_every_service_and_describes_ours() {
    let host = host().await;
    let listed = match reflect(&host, MessageRequest::ListServices(String::new())).await {
        MessageResponse::ListServicesResponse(list) => list.service,
        other => panic!("{other:?}"),
    };
    let names: Vec<&str> = listed.iter().map(|service| service.name.as_str()).collect();
    for name in ["mpy6a.v1.Truba", "mpy6a.v1.Admin", "grpc.health.v1.Health"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    let symbol = MessageRequest::FileContainingSymbol("mpy6a.v1.Truba.Append".to_owned());
    assert!(matches!(reflect(&host, symbol).await, MessageResponse::FileDescriptorResponse(_)));
}

async fn reflect(host: &Host, request: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
    let mut client = ServerReflectionClient::new(host.channel.clone());
    let answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    let mut answers = std::pin::pin!(answers.timeout(PATIENCE + Duration::from_secs(1)));
    answers.next().await.unwrap().unwrap().unwrap().message_response.unwrap()
}
