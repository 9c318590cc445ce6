//! How long a repeat takes: from the due time to the commit that ends it, as the host itself logs it.

use std::time::Duration;

use hdrhistogram::Histogram;
use mpy6a_proto::v1::{NewRequest, StoreRequest};

use crate::{
    host::Host,
    load::{CLIENT_KIND, connect},
};

const REPEATS: usize = 300;

/// The repeats fall due one by one, on an otherwise idle host.
const GAP: Duration = Duration::from_millis(10);

pub async fn run(host: &Host) {
    let mut client = connect(&host.url).await;
    for _ in 0..REPEATS {
        // The guest's behaviour `delete`: one session operation, as small as a handler can be.
        let new = NewRequest { kind: CLIENT_KIND, record: Some("delete".into()), ..NewRequest::default() };
        let handle = client.new_session(new).await.unwrap().into_inner().handle;
        client.store(StoreRequest { handle, number: 1, timeout_s: Some(1) }).await.unwrap();
        tokio::time::sleep(GAP).await;
    }
    let events = wait_for_events(host).await;
    println!("{:>28} {:>10} {:>10} {:>10}", "a repeat by a Rust handler", "p50 ms", "p99 ms", "max ms");
    for (name, field) in [("due to start", "lag_us"), ("run", "run_us"), ("due to committed", "total_us")] {
        let mut times = Histogram::<u64>::new(3).unwrap();
        for event in &events {
            times.record(event[field].as_u64().unwrap()).unwrap();
        }
        let ms = |us: u64| us as f64 / 1000.0;
        let (p50, p99) = (times.value_at_quantile(0.5), times.value_at_quantile(0.99));
        println!("{name:>28} {:>10.2} {:>10.2} {:>10.2}", ms(p50), ms(p99), ms(times.max()));
    }
    println!("\n({} repeats, one every {} ms)", events.len(), GAP.as_millis());
}

/// The fields of every "repeat ended" event, once there are as many as there are repeats.
async fn wait_for_events(host: &Host) -> Vec<serde_json::Value> {
    for _ in 0..200 {
        let log = std::fs::read_to_string(&host.log).unwrap();
        let events: Vec<_> = log
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|event| event["message"] == "repeat ended")
            .collect();
        if events.len() >= REPEATS {
            return events;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not every repeat ended within 20 s: see {}", host.log.display());
}
