//! A token that left the config lets nobody in any more, and keeps nobody in.

use std::time::{Duration, SystemTime};

use mpy6a_proto::v1::SessionState;
use tokio::time::timeout;
use tonic::Code;

use super::{config, digest, guarded, token};
use crate::harness::{Host, PATIENCE, Refused, streamed::new, until};

#[tokio::test]
async fn a_stolen_token_is_cut_off_from_its_open_stream_and_the_sessions_go_to_their_handler() {
    let host = Host::start(&guarded()).await;
    let thief = host.with_token(&token("every"));
    let mut stolen = thief.stream().await.unwrap();
    let session = stolen.open(1, 2, "begun").await.handle.unwrap().id.unwrap();
    let mut honest = host.with_token(&token("shop")).stream().await.unwrap();
    honest.open(1, 1, "begun").await;

    let without = guarded_without("every");
    host.configure(&without);
    let ended = timeout(PATIENCE, stolen.end()).await.expect("the stream goes on");
    let ended = Refused::from(ended.unwrap_err());
    ended.says(Code::Unauthenticated, "CREDENTIALS_WRONG", "out of date");
    assert_eq!(thief.new_session(1).await.unwrap_err().reason, "CREDENTIALS_WRONG");
    // To the host the client is gone: what it began is stored, and repeated after the kind's delay.
    let boss = host.with_token(&token("boss"));
    until("its session is stored", async || {
        (boss.session(session).await.unwrap().state() == SessionState::Stored).then_some(())
    })
    .await;
    // Nobody else noticed.
    honest.open(2, 1, "goes on").await;
}

/// The entries of [`guarded`] but this one.
fn guarded_without(name: &str) -> crate::harness::Config {
    let rights = [("shop", "open = [\"k1\"]"), ("every", "open = \"*\""), ("boss", "administer = true")];
    rights.into_iter().filter(|(other, _)| *other != name).fold(config(), |config, (name, rights)| {
        config.admit(&format!("name = \"{name}\"\ntoken = \"{}\"\n{rights}", digest(name)))
    })
}

#[tokio::test]
async fn rights_that_shrink_shrink_on_an_open_stream_too() {
    let entry = |open: &str| {
        let boss = format!("name = \"boss\"\ntoken = \"{}\"\nadminister = true", digest("boss"));
        config().admit(&format!("name = \"shop\"\ntoken = \"{}\"\nopen = {open}", digest("shop"))).admit(&boss)
    };
    let host = Host::start(&entry("[\"k1\", \"k2\"]")).await;
    let mut stream = host.with_token(&token("shop")).stream().await.unwrap();
    stream.open(1, 2, "may").await;
    host.configure(&entry("[\"k1\"]"));
    let mut number = 1;
    until("kind 2 is no longer opened on the stream", async || {
        number += 1;
        let outcome = stream.one(new(number, 2, "x")).await;
        matches!(outcome, mpy6a_proto::v1::answer::Outcome::Refused(refused) if refused.reason == "ACCESS_DENIED")
            .then_some(())
    })
    .await;
    stream.open(number + 1, 1, "the other kind goes on").await;
}

#[tokio::test]
async fn a_token_is_changed_without_a_pause_while_both_are_in_the_config() {
    let entry = |tokens: &[&str]| {
        let tokens: Vec<_> = tokens.iter().map(|name| format!("\"{}\"", digest(name))).collect();
        config().admit(&format!("name = \"shop\"\ntokens = [{}]\nopen = \"*\"", tokens.join(", ")))
    };
    let host = Host::start(&entry(&["old"])).await;
    let (old, new) = (host.with_token(&token("old")), host.with_token(&token("new")));
    let mut open = old.stream().await.unwrap();
    open.open(1, 1, "by the old one").await;
    assert_eq!(new.new_session(1).await.unwrap_err().reason, "CREDENTIALS_WRONG");

    host.configure(&entry(&["old", "new"]));
    until("the new token is known", async || new.new_session(1).await.ok()).await;
    open.open(2, 1, "the old one as well").await;
    host.configure(&entry(&["new"]));
    until("the old token is of no use", async || old.new_session(1).await.err()).await;
    assert_eq!(Refused::from(open.end().await.unwrap_err()).reason, "CREDENTIALS_WRONG");
    new.new_session(1).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_nobody_had_to_be_named_for_ends_when_names_are_asked_for() {
    let host = Host::start(&config()).await;
    let mut anybody = host.stream().await;
    anybody.open(1, 1, "x").await;
    host.configure(&guarded());
    assert_eq!(Refused::from(anybody.end().await.unwrap_err()).reason, "CREDENTIALS_MISSING");
    assert_eq!(host.showing(None, None).kinds().await.unwrap_err().reason, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn a_broken_config_lets_in_whom_the_old_one_did_and_nobody_else() {
    let host = Host::start(&guarded()).await;
    host.write_config("[[access]]\nname = \"thief\"\n");
    host.logged("the config is wrong: the old one stays in service").await;
    host.with_token(&token("shop")).new_session(1).await.unwrap();
    assert_eq!(host.showing(None, None).kinds().await.unwrap_err().reason, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn an_open_stream_ends_when_its_credentials_run_out() {
    let until = SystemTime::now() + Duration::from_secs(6);
    let entry = |expires: SystemTime| {
        let expires = humantime::format_rfc3339_millis(expires);
        config()
            .admit(&format!("name = \"shop\"\ntoken = \"{}\"\nopen = \"*\"\nexpires = \"{expires}\"", digest("shop")))
    };
    let mut host = Host::prepare(&entry(until));
    host.launch().await;
    // A machine that took longer to start gets a later end.
    let until = SystemTime::now() + Duration::from_secs(5);
    host.reconfigure(&entry(until));
    host.logged("config in service").await;
    let shop = host.with_token(&token("shop"));
    let mut stream = shop.stream().await.unwrap();
    stream.open(1, 1, "in time").await;
    let ended = Refused::from(stream.end().await.unwrap_err());
    assert_eq!(ended.reason, "CREDENTIALS_WRONG");
    assert!(SystemTime::now() >= until, "it ended early");
    assert_eq!(shop.new_session(1).await.unwrap_err().reason, "CREDENTIALS_WRONG");
}
