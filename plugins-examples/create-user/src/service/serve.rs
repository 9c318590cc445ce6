//! HTTP connections, bounded; and the one thing that no HTTP framework offers: to close a connection without an
//! answer after the work is done.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::ServiceExt as _;

use super::fault_layer::LoseAnswer;

/// How many connections are served at once; more wait in the listener's queue.
const CONNECTIONS_MAX: usize = 512;
/// How long a connection may take to send the head of a request, and may stay idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait after a failed accept: it fails when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers this connection's calls until it ends. Never returns while the listener lives: drop the future to stop.
pub async fn serve(listener: TcpListener, app: Router) -> Infallible {
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The semaphore is never closed; if it were, there would simply be no bound.
        let permit = Arc::clone(&free).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _peer)) => {
                let app = app.clone();
                tokio::spawn(async move {
                    let _permit = permit;
                    connection(stream, app).await;
                });
            }
            Err(why) => {
                eprintln!("a connection could not be accepted: {why}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The answer of a call that was made to lose it. Hyper closes a connection whose service fails.
#[derive(Debug, thiserror::Error)]
#[error("the answer was made to get lost")]
struct Lost;

async fn connection(stream: TcpStream, app: Router) {
    // Without this a small answer can wait for the peer's delayed acknowledgement. If it fails, it is only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let app = app.clone();
        async move {
            let response: Response = match app.oneshot(request.map(Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            if response.extensions().get::<LoseAnswer>().is_some() { Err(Lost) } else { Ok(response) }
        }
    });
    // The peer broke the connection, or the answer was lost on purpose: neither is this service's trouble.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
