//! Certificates: the host's, replaced while it serves, and its clients', which are names.

use std::fs;

use tonic::Code;

use super::{as_client, config, digest, encrypted, place, token, trusting};
use crate::harness::{Authority, Config, Host, until};

/// A host with this config and this authority's certificate, and `ca.pem` of that one for clients.
async fn start(
    config: &Config,
    authority: &Authority,
    clients: &Authority,
    speaks: tonic::transport::ClientTlsConfig,
) -> Host {
    let mut host = Host::prepare(config);
    place(&host, &authority.host());
    fs::write(host.path("ca.pem"), &clients.pem).unwrap();
    host.speak(speaks);
    host.launch().await;
    host
}

fn by_certificate(auth: &str) -> Config {
    let named = encrypted(config())
        .admit("name = \"shop\"\ncertificate = \"spiffe://example.org/shop\"\nopen = [\"k1\"]")
        .admit("name = \"boss\"\ncertificate = \"boss\"\nadminister = true")
        .admit(&format!("name = \"eyes\"\ntoken = \"{}\"\nread = true", digest("eyes")));
    ["tls", "admin.tls"].into_iter().fold(named, |config, section| {
        config.set(&format!("{section}.client_ca"), "ca.pem").set(&format!("{section}.client_auth"), auth)
    })
}

#[tokio::test]
async fn whoever_trusts_the_certificate_is_served_and_plain_text_is_not() {
    let authority = Authority::new("one");
    let host = start(&encrypted(config()), &authority, &authority, trusting(&authority)).await;
    host.open(1, "over TLS").await;
    assert_eq!(host.kinds().await.len(), 2, "operators, too");
    let stranger = host.showing(None, Some(trusting(&Authority::new("another"))));
    assert_eq!(stranger.new_session(1).await.unwrap_err().code, Code::Unavailable);
    let plain = host.showing(None, None).new_session(1).await.unwrap_err();
    assert_ne!(plain.code, Code::Ok);
    assert_eq!(plain.reason, "", "nothing of ours was said in plain text: {plain:?}");
}

#[tokio::test]
async fn a_client_is_who_its_certificate_says() {
    let (ours, theirs) = (Authority::new("hosts"), Authority::new("clients"));
    let shop = theirs.client("spiffe://example.org/shop");
    let speaks = as_client(&ours, &shop);
    let host = start(&by_certificate("required"), &ours, &theirs, speaks.clone()).await;
    let caller = |pair| host.showing(None, Some(as_client(&ours, &pair)));
    let shop = host.showing(None, Some(speaks));
    shop.new_session(1).await.unwrap();
    assert_eq!(shop.new_session(2).await.unwrap_err().reason, "ACCESS_DENIED");
    caller(theirs.client_by_common_name("boss")).pause(1).await.unwrap();
    let acted = host.logged("kind administered").await;
    assert!(acted["who"].as_str().unwrap().starts_with("boss at "), "{acted}");

    // A certificate of nobody here; one whose common name is not what counts, since it has another; one of another authority.
    let nobody = caller(theirs.client("spiffe://example.org/other")).pause(1).await.unwrap_err();
    assert_eq!((nobody.code, nobody.reason.as_str()), (Code::Unauthenticated, "CREDENTIALS_WRONG"));
    let forged =
        caller(Authority::new("clients").client("spiffe://example.org/shop")).new_session(1).await.unwrap_err();
    let none = host.showing(None, Some(trusting(&ours))).new_session(1).await.unwrap_err();
    for refused in [forged, none] {
        assert_eq!(refused.reason, "", "it was not connected: {refused:?}");
    }
}

#[tokio::test]
async fn with_optional_certificates_a_token_does_and_a_wrong_token_is_not_made_good_by_a_certificate() {
    let (ours, theirs) = (Authority::new("hosts"), Authority::new("clients"));
    let host = start(&by_certificate("optional"), &ours, &theirs, trusting(&ours)).await;
    let with_token = host.with_token(&token("eyes"));
    assert_eq!(with_token.kinds().await.unwrap().len(), 2);
    let certified = as_client(&ours, &theirs.client_by_common_name("boss"));
    host.showing(None, Some(certified.clone())).kinds().await.unwrap();
    let both = host.showing(Some("Bearer nobodys"), Some(certified)).kinds().await.unwrap_err();
    assert_eq!(both.reason, "CREDENTIALS_WRONG");
    let neither = host.showing(None, Some(trusting(&ours))).kinds().await.unwrap_err();
    assert_eq!(neither.reason, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn a_new_certificate_is_in_service_without_a_restart_and_who_is_connected_goes_on() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let host = start(&encrypted(config()), &old, &old, trusting(&old)).await;
    let mut connected = host.stream().await;
    connected.open(1, 1, "under the old one").await;
    place(&host, &new.host());
    until("the new certificate is served", async || host.showing(None, Some(trusting(&new))).new_session(1).await.ok())
        .await;
    connected.open(2, 1, "still").await;
    let late = host.showing(None, Some(trusting(&old))).new_session(1).await.unwrap_err();
    assert_eq!(late.code, Code::Unavailable, "{late:?}");
    host.showing(None, Some(trusting(&new))).kinds().await.unwrap();
}

#[tokio::test]
async fn a_broken_certificate_keeps_the_old_one_in_service_and_says_so_until_it_is_mended() {
    let authority = Authority::new("one");
    let host = start(&encrypted(config()), &authority, &authority, trusting(&authority)).await;
    let good = authority.host();
    for (broken, says) in [("no certificate", "has no certificate in it"), ("", "has no certificate in it")] {
        fs::write(host.path("cert.pem"), broken).unwrap();
        let trouble = host.kind_is(1, "is in trouble", |kind| kind.trouble.contains("cert.pem")).await.trouble;
        assert!(trouble.contains(says), "{trouble}");
        host.logged("a certificate cannot be used: the old one stays in service").await;
        host.connect().open(1, "the old one serves").await;
        place(&host, &good);
        host.kind_is(1, "is out of trouble", |kind| kind.trouble.is_empty()).await;
    }
    // A key that is not the certificate's.
    fs::write(host.path("key.pem"), authority.host().key).unwrap();
    let trouble = host.kind_is(1, "is in trouble", |kind| !kind.trouble.is_empty()).await.trouble;
    assert!(trouble.contains("does not fit the certificate"), "{trouble}");
    host.connect().open(1, "the old one serves").await;
}

#[tokio::test]
async fn clients_of_an_authority_that_is_trusted_no_longer_are_disconnected() {
    let (ours, theirs, next) = (Authority::new("hosts"), Authority::new("clients"), Authority::new("next"));
    let host = start(&by_certificate("optional"), &ours, &theirs, trusting(&ours)).await;
    let shop = host.showing(None, Some(as_client(&ours, &theirs.client("spiffe://example.org/shop"))));
    let mut open = shop.stream().await.unwrap();
    open.open(1, 1, "trusted").await;
    fs::write(host.path("ca.pem"), &next.pem).unwrap();
    open.end().await.unwrap_err();
    let refused = shop.new_session(1).await.unwrap_err();
    assert_eq!(refused.reason, "", "it is not connected any more: {refused:?}");
    host.showing(None, Some(as_client(&ours, &next.client("spiffe://example.org/shop")))).new_session(1).await.unwrap();
}
