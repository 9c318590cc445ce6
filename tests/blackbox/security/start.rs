//! What cannot be used for TLS, and what is dangerous, ends the start with a remedy, before anything is touched.

use std::fs;

use super::{config, encrypted, place, trusting};
use crate::harness::{Authority, Config, Exit, Host, serve};

/// The exit code of a host whose config, or what it names, is wrong.
const CONFIG_WRONG: Option<i32> = Some(3);

async fn ends(config: &Config, spoil: impl FnOnce(&Host)) -> Exit {
    let mut host = Host::prepare(config);
    place(&host, &Authority::new("one").host());
    spoil(&host);
    let exit = host.exit_of_start().await;
    assert_eq!(exit.code, CONFIG_WRONG, "{exit:?}");
    let check = serve().args(["check", "--config"]).arg(host.path("mpy6a.toml")).output().unwrap();
    assert!(!check.status.success(), "`check` finds nothing wrong: {check:?}");
    assert!(!host.path("mpy6a.redb").exists(), "a store was made");
    exit
}

#[tokio::test]
async fn a_key_or_certificate_that_cannot_be_used_is_named_with_a_remedy() {
    type Spoil = fn(&Host);
    let rows: &[(Spoil, &[&str])] = &[
        (|host| fs::remove_file(host.path("key.pem")).unwrap(), &["key.pem", "cannot be read", "may read it"]),
        (
            |host| {
                fs::remove_file(host.path("key.pem")).unwrap();
                fs::create_dir(host.path("key.pem")).unwrap();
            },
            &["key.pem", "cannot be read", "may read it"],
        ),
        (|host| fs::write(host.path("key.pem"), "x").unwrap(), &["key.pem", "no private key", "BEGIN PRIVATE KEY"]),
        (
            |host| {
                let text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
                fs::write(host.path("key.pem"), text).unwrap();
            },
            &["key.pem", "encrypted", "openssl pkey"],
        ),
        (
            |host| fs::write(host.path("key.pem"), Authority::new("two").host().key).unwrap(),
            &["key.pem", "does not fit the certificate", "name the key"],
        ),
        (
            |host| fs::rename(host.path("key.pem"), host.path("cert.pem")).unwrap(),
            &["cert.pem", "has no certificate in it", "BEGIN CERTIFICATE"],
        ),
    ];
    for (spoil, says) in rows {
        let exit = ends(&encrypted(config()), spoil).await;
        for part in *says {
            assert!(exit.text.contains(part), "{part:?} is not in {:?}", exit.text);
        }
        assert!(!exit.text.contains("AAAA"), "a key is repeated");
    }
    let exit = ends(&encrypted(config()).set("tls.client_ca", "none.pem"), |_| ()).await;
    assert!(exit.text.contains("none.pem") && exit.text.contains("cannot be read"), "{exit:?}");
}

#[tokio::test]
async fn an_expired_certificate_is_served_and_warned_of() {
    let authority = Authority::new("one");
    let mut host = Host::prepare(&encrypted(config()));
    place(&host, &authority.expired_host());
    host.speak(trusting(&authority));
    // Those who look at it do not connect, so whether it serves is seen in its log.
    let launched = tokio::time::timeout(std::time::Duration::from_millis(1), host.launch()).await;
    assert!(launched.is_err());
    host.logged("ready").await;
    let warned = host.logged("the certificate expired on").await;
    assert!(warned["level"] == "WARN" && warned["message"].as_str().unwrap().contains("renew it"), "{warned}");
}

#[tokio::test]
async fn what_is_dangerous_has_to_be_asked_for_by_name() {
    for (listen, section) in [("listen", ""), ("admin.listen", "admin.")] {
        let open = Config::of([]).text_with(listen, "192.0.2.1:1");
        let mut host = Host::prepare(&config());
        host.write_config(&open);
        let exit = host.exit_of_start().await;
        assert_eq!(exit.code, CONFIG_WRONG, "{exit:?}");
        let says = [listen, "in plain text", &format!("{section}plain_text = true")];
        assert!(says.iter().all(|part| exit.text.contains(part)), "{exit:?}");

        host.write_config(&Config::of([]).set(&format!("{section}plain_text"), true).text_with(listen, "192.0.2.1:1"));
        let exit = host.exit_of_start().await;
        let says = [listen, "anybody there could do everything", &format!("{section}open_to_all = true")];
        assert!(exit.code == CONFIG_WRONG && says.iter().all(|part| exit.text.contains(part)), "{exit:?}");
    }
}
