//! A host that cannot be reached is named, with the root cause: in the error and once in the log.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use mpy6a_client::{Builder, Client, Error};
use mpy6a_proto::v1::truba_server::TrubaServer;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::{io::AsyncWriteExt as _, net::TcpListener, time::sleep};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tracing::subscriber::DefaultGuard;

use crate::peer::{Before, KIND, Peer, Service, Way};

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || writer.clone());
        (log, tracing::subscriber::set_default(subscriber.finish()))
    }

    fn lines(&self, says: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(says)).map(str::to_owned).collect()
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A host, perhaps with this certificate, perhaps for clients that show one.
async fn serve(tls: Option<&CertifiedKey<KeyPair>>, client_ca: Option<&str>) -> u16 {
    let (listener, address) = listen().await;
    let mut server = Server::builder();
    if let Some(pair) = tls {
        let identity = Identity::from_pem(pair.cert.pem(), pair.signing_key.serialize_pem());
        let mut tls = ServerTlsConfig::new().identity(identity);
        if let Some(ca) = client_ca {
            tls = tls.client_ca_root(Certificate::from_pem(ca));
        }
        server = server.tls_config(tls).unwrap();
    }
    let service = TrubaServer::new(Service(Peer::start(Way::Streamed)));
    tokio::spawn(server.add_service(service).serve_with_incoming(TcpListenerStream::new(listener)));
    address.port()
}

/// Says this to every connection and closes it.
async fn say(words: &'static [u8]) -> u16 {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.write_all(words).await;
        }
    });
    address.port()
}

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);

async fn error(builder: Builder, way: Way) -> Error {
    way.taken_by(builder).connect().unwrap().new_session(KIND).await.unwrap_err()
}

const WAYS: [Way; 2] = [Way::Streamed, Way::Unary];

#[tokio::test]
async fn an_address_that_can_never_work_is_told_at_once_with_its_remedy() {
    let (ours, other) = (
        generate_simple_self_signed(["localhost".to_owned()]).unwrap(),
        generate_simple_self_signed(["elsewhere".to_owned()]).unwrap(),
    );
    let (plain, tls) = (serve(None, None).await, serve(Some(&ours), None).await);
    let mutual = serve(Some(&ours), Some(&other.cert.pem())).await;
    let (http1, ssh) = (say(b"HTTP/1.1 400 Bad Request\r\n\r\n").await, say(b"SSH-2.0-x\r\n").await);
    let cases = [
        (format!("https://localhost:{plain}"), ours.cert.pem(), "write http://"),
        (format!("https://localhost:{tls}"), other.cert.pem(), "Builder::ca"),
        (format!("https://127.0.0.1:{tls}"), ours.cert.pem(), "Builder::host_name"),
        (format!("https://localhost:{mutual}"), ours.cert.pem(), "CertificateRequired"),
        (format!("http://localhost:{tls}"), String::new(), "write https://"),
        (format!("http://localhost:{http1}"), String::new(), "HTTP/1"),
        (format!("http://localhost:{ssh}"), String::new(), "its port"),
    ];
    for (url, ca, remedy) in cases {
        for way in WAYS {
            let builder = Client::builder(&url);
            let builder = if ca.is_empty() { builder } else { builder.ca(ca.clone()) };
            let error = error(builder.operation_timeout(LONG), way).await;
            assert!(matches!(error, Error::Unreachable { .. }), "{url} {way:?}: {error:?}");
            // A client may have written before it learns that its certificate is asked for.
            assert!(!error.maybe_applied() || remedy == "CertificateRequired", "{url} {way:?}: {error:?}");
            let words = error.to_string();
            assert!(words.contains(&url) && words.contains(remedy), "{url} {way:?}: {words}");
        }
    }
}

#[tokio::test]
async fn a_host_that_may_come_is_named_with_the_root_cause_in_the_error_and_in_the_log() {
    for (url, cause) in [
        ("http://127.0.0.1:1", "Connection refused"),
        ("https://127.0.0.1:1", "Connection refused"),
        ("http://no-such-host.invalid:7340", "lookup"),
    ] {
        for way in WAYS {
            let (log, _guard) = Log::start();
            let error = error(Client::builder(url).operation_timeout(LONG).fail_fast(), way).await;
            assert!(matches!(error, Error::Unavailable { maybe_applied: false, .. }), "{url} {way:?}: {error:?}");
            let words = error.to_string();
            assert!(words.contains(url) && words.contains(cause), "{url} {way:?}: {words}");
            let warned = log.lines("WARN");
            assert!(matches!(&warned[..], [one] if one.contains(url) && one.contains(cause)), "{url}: {warned:?}");
        }
    }
}

#[tokio::test]
async fn a_port_that_closes_without_a_word_is_named() {
    let url = format!("http://127.0.0.1:{}", say(b"").await);
    for way in WAYS {
        let error = error(Client::builder(&url).operation_timeout(Duration::from_millis(400)), way).await;
        assert!(matches!(error, Error::Unavailable { .. }) && error.to_string().contains(&url), "{way:?}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_without_a_host_is_an_outage_and_its_status_the_cause() {
    for way in WAYS {
        let (log, _guard) = Log::start();
        let peer = Peer::start(way);
        peer.put_before(Some(Before::Page { status: 503, html: true }));
        let error = peer.client().new_session(KIND).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }) && error.to_string().contains("HTTP 503"), "{error}");
        assert!(matches!(&log.lines("WARN")[..], [one] if one.contains("HTTP 503")), "{:?}", log.lines(""));
        peer.put_before(Some(Before::Page { status: 403, html: true }));
        let error = peer.client().new_session(KIND).await.unwrap_err();
        let Error::Rejected { reason, message, .. } = &error else { panic!("{error:?}") };
        assert!(reason == "NOT_GRPC" && message.contains("the host: ") && message.contains("HTTP 403"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_one_warning_however_many_operations_meet_it() {
    for way in WAYS {
        let (log, _guard) = Log::start();
        let peer = Peer::start(way);
        let client = peer.client();
        for outage in 1..=3 {
            peer.go_down();
            let asked: Vec<_> = (0..50).map(|_| tokio::spawn(client.session(KIND).open())).collect();
            sleep(Duration::from_secs(4)).await;
            peer.come_up();
            for opened in asked {
                drop(opened.await.unwrap().unwrap());
            }
            assert_eq!(log.lines("WARN").len(), outage, "{way:?}: {:?}", log.lines("WARN"));
            assert_eq!(log.lines("answers again").len(), outage);
        }
    }
}
