//! Guests written by hand, which lie to the host where it calls them.

use super::limited;
use crate::harness::{Config, Host, Kind, wat};

/// The guest; how a run of it ends, and a part of the cause.
const WATS: &[(&str, &str, &str)] = &[
    ("realloc-loops", "out-of-fuel", ""),
    ("post-return-loops", "out-of-fuel", ""),
    ("table-grows", "out-of-memory", ""),
    ("realloc-lies", "contract-broken", ""),
    ("result-lies", "contract-broken", ""),
    ("reason-not-text", "contract-broken", "utf-8"),
];

#[tokio::test]
async fn a_guest_that_lies_to_the_host_ends_its_own_run_and_nothing_else() {
    let kinds = (1..).zip(WATS).map(|(id, (name, ..))| limited(Kind::new(id, wat(name))));
    let host = Host::start(&Config::of(kinds)).await;
    for (id, (name, outcome, cause)) in (1..).zip(WATS) {
        let session = host.left(id, &["anything"]).await;
        let parked = host.parked(session).await;
        for attempt in &parked.attempts {
            assert_eq!(attempt.outcome, *outcome, "{name}: {attempt:?}");
            assert!(attempt.cause.contains(cause), "{name}: {attempt:?}");
        }
    }
}

#[tokio::test]
async fn a_reason_of_16_megabytes_is_not_kept_whole() {
    let kind = Kind::new(1, wat("reason-huge"));
    let host = Host::start(&Config::of([kind])).await;
    let session = host.left(1, &["anything"]).await;
    let parked = host.parked(session).await;
    assert!(parked.attempts[0].cause.len() <= 1024, "{} bytes", parked.attempts[0].cause.len());
}
