//! One trace joins client, commit, repeat and the service that the handler calls.

use std::time::{Duration, Instant};

use bytes::Bytes;
use mpy6a_proto::v1::{
    self, NewRequest,
    answer::Outcome,
    operation::{Session, What},
};
use tonic::{Request, metadata::MetadataValue};

use super::{
    collector::{Collector, Span},
    metrics::{scrape, value},
};
use crate::harness::{Config, Effects, Host, Kind, Ports, until};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CLIENT: &str = "b7ad6b7169203331";

fn traceparent(sampled: bool) -> String {
    format!("00-{TRACE}-{CLIENT}-0{}", u8::from(sampled))
}

/// Nothing but what callers ask for.
fn config(collector: &str, effects: &Effects) -> Config {
    let kind = Kind::misbehave(1).allow(&effects.url);
    Config::of([kind]).set("traces.endpoint", collector).set("traces.sample", 0)
}

/// With the caller's trace in the metadata.
fn within<T>(message: T, traceparent: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("traceparent", MetadataValue::try_from(traceparent).unwrap());
    request
}

/// Wait for a span of this name with this parent.
async fn child(collector: &Collector, name: &str, parent: &str) -> Span {
    let found = async || collector.spans().into_iter().find(|span| span.name == name && span.parent == parent);
    until(&format!("there is a span {name} of {parent}"), found).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_joins_client_commit_repeat_and_the_service_that_the_handler_calls() {
    joined("http").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_joins_them_also_where_the_handler_calls_through_wasi() {
    joined("wasi-http").await;
}

async fn joined(by: &str) {
    let (collector, effects) = (Collector::start().await, Effects::fine().await);
    let host = Host::start(&config(&collector.url, &effects)).await;
    let record = Some(Bytes::from(format!("{by} {}/users", effects.url)));
    let request = NewRequest { kind: 1, record, ..NewRequest::default() };
    let opened = host.truba.clone().new_session(within(request, &traceparent(true))).await.unwrap().into_inner();
    let handle = opened.handle.unwrap();
    host.append(handle, 0, "more").await.unwrap();
    host.store(handle, 0, Some(0)).await.unwrap();
    let id = handle.id.unwrap();
    host.parked(id).await;

    let new = child(&collector, "new", CLIENT).await;
    let append = child(&collector, "append", &new.id).await;
    let store = child(&collector, "store", &new.id).await;
    let repeat = child(&collector, "repeat", &new.id).await;
    let get = child(&collector, "GET", &repeat.id).await;
    for of in [&new, &append, &store, &repeat] {
        let commit = child(&collector, "commit", &of.id).await;
        assert!(
            of.began <= commit.began && commit.began <= commit.ended && commit.ended <= of.ended,
            "{of:?} {commit:?}"
        );
        assert_eq!(of.attributes["mpy6a.session"], crate::harness::shown(id));
    }
    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:?}");
    assert_eq!(spans.len(), 9, "{spans:?}");
    let sent = effects.seen()[0].traceparent.clone();
    assert_eq!(sent, Some(format!("00-{TRACE}-{}-01", get.id)), "the header names the span of the request");
    assert_eq!(get.attributes["http.response.status_code"], "200");
    assert_eq!((&*repeat.attributes["mpy6a.outcome"], &*repeat.attributes["mpy6a.ended"]), ("permanent", "parked"));
    assert_eq!(host.repeat_ended(id).await["trace_id"], TRACE);
    let sent = async || value(&scrape(&host).await, "mpy6a_trace_spans_total{result=\"sent\"}").filter(|it| *it >= 9.0);
    assert_eq!(until("all spans are counted", sent).await, 9.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_on_a_stream_are_traced_by_what_new_names() {
    let (collector, effects) = (Collector::start().await, Effects::fine().await);
    let host = Host::start(&config(&collector.url, &effects)).await;
    let mut stream = host.stream().await;
    let on =
        |local, what| v1::Operation { session: Some(Session::Local(local)), what: Some(what), ..Default::default() };
    let new = |traceparent| What::New(NewRequest { kind: 1, traceparent, ..NewRequest::default() });
    let append = || What::Append(v1::AppendOperation { record: Bytes::from("x") });
    let outcomes = stream
        .all([
            on(1, new(traceparent(true))),
            on(2, new(traceparent(false))),
            on(3, new(String::new())),
            on(1, append()),
            on(2, append()),
            on(3, append()),
            on(1, What::Delete(v1::DeleteOperation {})),
            on(1, append()),
        ])
        .await;
    assert!(matches!(outcomes[7], Outcome::Refused(_)), "{outcomes:?}");
    let new = child(&collector, "new", CLIENT).await;
    for name in ["append", "delete"] {
        let operation = child(&collector, name, &new.id).await;
        child(&collector, "commit", &operation.id).await;
    }
    let spans = collector.spans();
    assert!(spans.len() == 6 && spans.iter().all(|span| span.trace == TRACE), "only what the caller keeps: {spans:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_caller_does_not_keep_is_not_kept_and_a_share_of_the_rest_is() {
    let (collector, effects) = (Collector::start().await, Effects::fine().await);
    let host = Host::start(&config(&collector.url, &effects).set("traces.sample", 1)).await;
    let not_kept = NewRequest { kind: 1, traceparent: traceparent(false), ..NewRequest::default() };
    let handle = host.new_session(not_kept).await.unwrap().handle.unwrap();
    host.delete(handle, 0).await.unwrap();
    let left = host.left(1, &["delete"]).await;
    host.gone(left).await;
    let found = async || collector.spans().into_iter().find(|span| span.name == "repeat");
    let repeat = until("there is a repeat", found).await;
    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.trace == repeat.trace), "one trace, from New to the repeat: {spans:?}");
    assert!(repeat.trace != TRACE && !repeat.parent.is_empty(), "{repeat:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_holds_nothing_up() {
    let nobody = format!("http://127.0.0.1:{}", Ports::free().clients);
    let effects = Effects::fine().await;
    let mut host = Host::start(&config(&nobody, &effects).set("traces.sample", 1)).await;
    let handle = host.open(1, "delete").await;
    host.delete(handle, 0).await.unwrap();
    let lost =
        async || value(&scrape(&host).await, "mpy6a_trace_spans_total{result=\"failed\"}").filter(|it| *it > 0.0);
    until("spans are lost, and counted", lost).await;
    let told = host.logged("traces do not reach the collector").await;
    assert_eq!(told["level"], "WARN");
    let began = Instant::now();
    assert_eq!(host.stop().await.code, Some(0));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_takes_nothing_holds_nothing_up() {
    // The system accepts connections, and no program reads from them.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", deaf.local_addr().unwrap());
    let effects = Effects::fine().await;
    let mut host = Host::start(&config(&url, &effects).set("traces.sample", 1)).await;
    let spans = async |result: &str| {
        let series = format!("mpy6a_trace_spans_total{{result=\"{result}\"}}");
        value(&scrape(&host).await, &series).unwrap()
    };
    until("spans are dropped or lost, and counted", async || {
        for _ in 0..20 {
            let handle = host.open(1, "delete").await;
            host.delete(handle, 0).await.unwrap();
        }
        (spans("dropped").await + spans("failed").await > 0.0).then_some(())
    })
    .await;
    assert_eq!(host.stop().await.code, Some(0));
}
