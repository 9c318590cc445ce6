//! A host that is killed, whatever it writes at that moment, leaves a folder that the next one reads.

use std::fs;

use super::{does_the_same, files};
use crate::harness::{Config, Host, Kind, until};

#[tokio::test]
async fn parts_and_what_is_damaged_are_removed_and_the_rest_is_replayed() {
    let mut host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let id = host.left(1, &["permanent whole"]).await;
    host.parked(id).await;
    does_the_same(&host, id, "before").await;
    let [whole] = files(&host).try_into().unwrap();
    let bytes = fs::read(&whole).unwrap();
    for (name, bytes) in [
        ("9-1.part", &bytes[..]),
        ("9-2.recording", &bytes[..bytes.len() - 1]),
        ("9-3.recording", &bytes[..10]),
        ("9-4.recording", b"something else"),
        ("9-5.recording", &bytes[..]),
    ] {
        fs::write(whole.with_file_name(name), bytes).unwrap();
    }
    fs::write(host.path("mpy6a.redb-recordings/plugins/aa.part"), "half").unwrap();
    host.restart().await;
    assert_eq!(files(&host), std::slice::from_ref(&whole));
    assert!(!host.path("mpy6a.redb-recordings/plugins/aa.part").exists());
    does_the_same(&host, id, "after").await;

    // Its length is right, and a byte is not: only who reads it finds out.
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&whole, damaged).unwrap();
    let output = super::replay(&host, id, &[]).await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && told.contains("damaged"), "{told}");
}

#[tokio::test]
async fn killed_while_it_writes_it_goes_on() {
    let kind = || Kind::misbehave(1).set("keep.attempts", 200);
    let mut host = Host::start(&Config::of([kind()])).await;
    for round in 0..3 {
        let before = files(&host).len();
        let mut left = Vec::new();
        for number in 0..40 {
            left.push(host.left(1, &[&format!("permanent {round}/{number}")]).await);
        }
        until("some more are kept", async || (files(&host).len() > before).then_some(())).await;
        host.restart().await;
        assert!(files(&host).iter().all(|file| file.extension().unwrap() == "recording"));
    }
    let id = host.left(1, &["permanent at the end"]).await;
    host.parked(id).await;
    does_the_same(&host, id, "after three kills").await;
}
