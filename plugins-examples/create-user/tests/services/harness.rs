//! A service on a port of its own, over a file of its own, until the test ends; and a client without any cleverness.

use std::{path::Path, sync::Arc};

use axum::Router;
use create_user::service::{
    fault_layer,
    faults::{Fault, Faults, Kind, Setting, Work},
    program::OpenRoutes,
    serve::serve,
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

pub struct Service {
    pub url: String,
    pub http: Client,
    folder: TempDir,
    task: JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    pub async fn start(routes: OpenRoutes) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = app(routes, &folder.path().join("data.sqlite"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { match serve(listener, app).await {} });
        Self { url, http: Client::builder().no_proxy().build().unwrap(), folder, task }
    }

    /// The same file, opened by a new service.
    pub async fn restart(&mut self, routes: OpenRoutes) {
        self.task.abort();
        let app = app(routes, &self.folder.path().join("data.sqlite"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.url = format!("http://{}", listener.local_addr().unwrap());
        self.task = tokio::spawn(async move { match serve(listener, app).await {} });
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.url))
    }

    /// Status and JSON (null for an empty body).
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = self.request(method, path);
        send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, None).await
    }

    pub async fn set_faults(&self, setting: &Value) {
        let (status, _) = self.call("PUT", "/faults", Some(setting)).await;
        assert_eq!(status, 200);
    }

    /// Make the next call hang, and work then: every call hangs, and the decisions begin at a seed that says so first.
    pub async fn hang(&self, work: Work, hang_ms: u64) {
        let hangs = |seed| Setting { share: 1.0, kinds: vec![Kind::Hang], hang_ms, seed, ..Setting::default() };
        let first = |setting: Setting| Faults::new(setting).decide(false);
        let seed = (0..1_000).find(|seed| first(hangs(*seed)) == Some(Fault::Hang(work, hang_ms))).unwrap();
        self.set_faults(&serde_json::to_value(hangs(seed)).unwrap()).await;
    }
}

fn app(routes: OpenRoutes, data: &Path) -> Router {
    let faults = Arc::new(Faults::new(Setting::default()));
    fault_layer::wrap(routes(data).unwrap(), faults)
}

pub async fn send(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status: StatusCode = response.status();
    let text = response.text().await.unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect(&text) };
    (status.as_u16(), body)
}

/// A user as the body of a request.
pub fn user(nick: &str, name: &str) -> Value {
    serde_json::json!({ "nick": nick, "name": name, "mail": format!("{}@example.org", name.to_lowercase()) })
}

/// The same, with an id.
pub fn with_id(user: &Value, id: i64) -> Value {
    let mut user = user.clone();
    user["id"] = id.into();
    user
}
