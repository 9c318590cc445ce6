//! Takes traces: a collector of OpenTelemetry, as far as spans go.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A span, with its ids in hex.
#[derive(Clone, Debug)]
pub struct Span {
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub began: u64,
    pub ended: u64,
}

/// The server, until it is dropped.
pub struct Collector {
    pub url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    task: JoinHandle<()>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Arc::default();
        let service = TraceServiceServer::new(Taker(Arc::clone(&spans)));
        let serving = Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async move { serving.await.unwrap() });
        Self { url, spans, task }
    }

    /// The spans that came so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Taker(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Taker {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            let attributes = span.attributes.into_iter().filter_map(|attribute| {
                let text = match attribute.value?.value? {
                    Value::StringValue(text) => text,
                    Value::IntValue(number) => number.to_string(),
                    other => format!("{other:?}"),
                };
                Some((attribute.key, text))
            });
            self.0.lock().unwrap().push(Span {
                trace: hex::encode(&span.trace_id),
                id: hex::encode(&span.span_id),
                parent: hex::encode(&span.parent_span_id),
                name: span.name,
                attributes: attributes.collect(),
                began: span.start_time_unix_nano,
                ended: span.end_time_unix_nano,
            });
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
