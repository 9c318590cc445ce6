//! A disk that is full: the host acknowledges nothing that it cannot keep, stops serving, and has everything that it
//! acknowledged when there is room again.

use mpy6a_proto::v1::SessionState;
use tonic::Code;

use crate::harness::{Config, Host, Kind, Refused, squeezed, until, wat};

/// The exit code of a host whose store failed.
const STORE_FAILED: Option<i32> = Some(7);

/// The longest file that the squeezed host may write, in bytes: a fresh store fits, and a few hundred of the records
/// below.
const ROOM_BYTES: u64 = 16 << 20;

/// How long a record is, in bytes.
const RECORD_BYTES: usize = 60_000;

fn config() -> Config {
    Config::of([Kind::new(1, wat("bare-delete"))]).set("limits.session", "1GiB")
}

fn record(number: u64) -> String {
    format!("{number:-<RECORD_BYTES$}")
}

#[tokio::test]
async fn a_full_disk_ends_service_and_loses_nothing_that_was_acknowledged() {
    let mut host = Host::prepare(&config());
    host.try_launch(|| squeezed(ROOM_BYTES)).await.unwrap();

    let handle = host.open(1, &record(0)).await;
    let mut acknowledged = 0;
    let refused = loop {
        match host.append(handle, acknowledged + 1, &record(acknowledged + 1)).await {
            Ok(_) => acknowledged += 1,
            Err(refused) => break refused,
        }
        assert!(acknowledged < 1_000, "the disk was never full");
    };
    assert_unavailable(&refused);
    // From now on nothing is acknowledged, and nobody is told that all is well.
    assert_unavailable(&host.append(handle, 0, "small").await.unwrap_err());
    until("it does not say that it serves", async || (!host.is_serving().await).then_some(())).await;
    let exit = host.exit().await;
    assert_eq!(exit.code, STORE_FAILED, "{exit:?}");
    assert!(exit.text.contains("the store failed") && exit.text.contains("free space or mend the disk"), "{exit:?}");
    assert!(acknowledged > 0);

    host.launch().await;
    let seen = host.look(handle.id.unwrap()).await.unwrap();
    let found = u64::try_from(seen.records.len()).unwrap() - 1;
    assert!((acknowledged..=acknowledged + 1).contains(&found), "{acknowledged} acknowledged, {found} found");
    for (number, kept) in (0..).zip(&seen.records) {
        assert!(*kept == record(number), "record {number} is not what was sent");
    }
    assert_eq!(seen.state(), SessionState::Active);
    host.delete(handle, acknowledged + 2).await.expect("it serves again");
}

/// The host said that its store failed, or was gone before it could: then the connection's end has no reason, and its code is
/// the transport's.
fn assert_unavailable(refused: &Refused) {
    match refused.reason.as_str() {
        "STORE_FAILED" => assert_eq!(refused.code, Code::Unavailable, "{refused:?}"),
        reason => {
            assert_eq!(reason, "", "{refused:?}");
            assert!(matches!(refused.code, Code::Unavailable | Code::Cancelled), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn no_room_for_a_store_at_all_ends_the_start() {
    let mut host = Host::prepare(&config());
    let exit = host.try_launch(|| squeezed(64 << 10)).await.unwrap_err();
    assert_eq!(exit.code, Some(5), "{exit:?}");
    assert!(exit.text.contains("has room"), "{exit:?}");
    host.launch().await;
}
