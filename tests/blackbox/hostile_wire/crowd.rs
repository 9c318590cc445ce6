//! Too many requests at once, over however many connections.

use std::time::Duration;

use tonic::Code;

use super::config;
use crate::harness::{Host, Refused, until};

#[tokio::test]
pub async fn one_request_more_than_the_bound_is_refused_at_once_with_advice_and_health_still_answers() {
    let host = Host::start(&config().set("limits.requests_total", 4)).await;
    let mut streams = Vec::new();
    for n in 0..4 {
        let mut stream = host.connect().stream().await;
        stream.open(n, 1, "x").await;
        streams.push(stream);
    }
    let request = || mpy6a_proto::v1::NewRequest { kind: 1, ..Default::default() };
    let refused: Refused = host.connect().new_session(request()).await.unwrap_err();
    refused.says(Code::ResourceExhausted, "OVERLOADED", "try again later");
    assert!(refused.retry.is_some_and(|after| after < Duration::from_secs(1)), "{refused:?}");
    assert!(host.is_serving().await);
    host.kinds().await;
    streams[0].open(9, 1, "who is inside goes on").await;
    streams.pop();
    until("a place is free", async || host.connect().new_session(request()).await.ok()).await;
}
