//! An HTTP server, outside as seen from a handler, that remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::to_bytes,
    extract::{Query, Request},
    http::{Response, StatusCode},
};
use bytes::Bytes;
use tokio::{net::TcpListener, task::JoinHandle};

/// The longest body that it reads: far more than a test sends.
const BODY_BYTES_MAX: usize = 1 << 20;

/// One request.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    /// The query's names and values, decoded as forms are.
    pub query: Vec<(String, String)>,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    pub body: Bytes,
    /// The header `Idempotency-Key`.
    pub key: Option<String>,
    /// The header `Mpy6a-Fence`.
    pub fence: Option<String>,
    /// The header `traceparent`.
    pub traceparent: Option<String>,
}

/// The server, until it is dropped.
pub struct Effects {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Effects {
    /// A server that answers with what this makes of a request, which is remembered before.
    pub async fn start<A>(answer: impl Fn(Seen) -> A + Clone + Send + Sync + 'static) -> Self
    where
        A: Future<Output = Response<String>> + Send + 'static,
    {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let remember = Arc::clone(&seen);
        let app = Router::new().fallback(move |request: Request| {
            let (remember, answer) = (Arc::clone(&remember), answer.clone());
            async move {
                let request = of(request).await;
                remember.lock().unwrap().push(request.clone());
                answer(request).await
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen, task }
    }

    /// A server that answers everything with 200 and `fine`.
    pub async fn fine() -> Self {
        Self::start(async |_| plain(StatusCode::OK, "fine")).await
    }

    /// What it was asked, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Effects {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer with a body.
pub fn plain(status: StatusCode, body: &str) -> Response<String> {
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = status;
    response
}

async fn of(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: Query::try_from_uri(&parts.uri).unwrap().0,
        content_type: header("content-type"),
        body: to_bytes(body, BODY_BYTES_MAX).await.unwrap(),
        key: header("idempotency-key"),
        fence: header("mpy6a-fence"),
        traceparent: header("traceparent"),
    }
}
