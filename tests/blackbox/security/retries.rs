//! The Rust client, whose answers are lost before its access is withdrawn and given back: nothing is done twice, and nothing is
//! called refused that was applied.

use std::time::Duration;

use mpy6a_client::{Builder, Client, Error};

use super::{config, digest, token};
use crate::harness::{Config, Host, Proxy, Refused, until};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);

const WAYS: [fn(Builder) -> Builder; 2] = [|builder| builder, Builder::unary];

fn with_shop(open: bool) -> Config {
    let entry = |name: &str, rights: &str| format!("name = \"{name}\"\ntoken = \"{}\"\n{rights}", digest(name));
    let config = config().admit(&entry("boss", "administer = true"));
    if open { config.admit(&entry("shop", "open = \"*\"")) } else { config }
}

/// Have the host take this config, until a caller with the shop's token is let in, or not.
async fn configure(host: &Host, open: bool) {
    host.configure(&with_shop(open));
    let shop = host.with_token(&token("shop"));
    until("access is as the config says", async || (shop.new_session(2).await.is_ok() == open).then_some(())).await;
}

fn is_maybe(error: &Error, expected: &str) {
    assert!(matches!(error, Error::Rejected { reason, .. } if reason == expected), "{error:?}");
    assert!(error.maybe_applied(), "{error}");
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_before_access_was_withdrawn_is_applied_once() {
    for way in WAYS {
        let host = Host::start(&with_shop(true)).await;
        let boss = host.with_token(&token("boss"));
        let proxy = Proxy::to(host.port()).await;
        let builder = Client::builder(&proxy.url).token(token("shop")).operation_timeout(LONG).try_timeout(LONG);
        let mut session = way(builder).connect().unwrap().new_session(1).await.unwrap();
        let id = session.id().into();
        let records =
            async || boss.session(id).await.map_err(|refused: Refused| panic!("{refused:?}")).unwrap().records;

        proxy.eat_answers();
        let asked = tokio::spawn(async move {
            let error = session.append("once").await.unwrap_err();
            (session, error)
        });
        until("the host has it", async || (records().await.len() == 1).then_some(())).await;
        configure(&host, false).await;
        proxy.cut();
        proxy.mend();
        let (mut session, error) = asked.await.unwrap();
        is_maybe(&error, "CREDENTIALS_WRONG");

        configure(&host, true).await;
        session.append("once").await.unwrap();
        session.append("twice").await.unwrap();
        assert_eq!(records().await, ["once", "twice"]);
        session.delete().await.unwrap();
    }
}

#[tokio::test]
async fn an_opening_whose_answer_was_lost_before_access_was_withdrawn_opens_one_session() {
    for way in WAYS {
        let host = Host::start(&with_shop(true)).await;
        let boss = host.with_token(&token("boss"));
        let active = async || {
            let kinds = boss.kinds().await.unwrap();
            kinds.iter().find(|kind| kind.id == 1).unwrap().active
        };
        let proxy = Proxy::to(host.port()).await;
        let builder = Client::builder(&proxy.url).token(token("shop")).operation_timeout(LONG).try_timeout(LONG);
        let opening = way(builder).connect().unwrap().session(1).record("order");

        proxy.eat_answers();
        let asked = tokio::spawn(opening.open());
        until("the host has it", async || (active().await == 1).then_some(())).await;
        configure(&host, false).await;
        proxy.cut();
        proxy.mend();
        is_maybe(&asked.await.unwrap().unwrap_err(), "CREDENTIALS_WRONG");

        configure(&host, true).await;
        let session = opening.open().await.unwrap();
        assert_eq!(active().await, 1);
        session.delete().await.unwrap();
        assert_eq!(active().await, 0);
    }
}
