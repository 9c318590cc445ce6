//! A config that cannot be used ends the start, with every mistake, its line and its remedy; and `check` says the same.

use super::{check, one_spaced};
use crate::harness::{Config, Host, Kind, wat};

/// The exit code of a host whose config is wrong.
const CONFIG_WRONG: Option<i32> = Some(3);

const KIND: &str = "[[kind]]\nid = 1\nname = \"one\"\nplugin.file = \"one.wasm\"\n";

/// What is in the config, and what the complaint must say.
const WRONG: &[(&str, &str, &[&str])] = &[
    (
        "a number given twice",
        "[[kind]]\nid = 1\nname = \"two\"\nplugin.file = \"two.wasm\"\n",
        &["mpy6a.toml:6:", "kind.id: 1 is the number of kind `one` already: give each kind its own"],
    ),
    (
        "a name given twice",
        "[[kind]]\nid = 2\nname = \"one\"\nplugin.file = \"two.wasm\"\n",
        &["mpy6a.toml:7:", "kind.name: `one` is the name of kind 1 already: give each kind its own"],
    ),
    ("an unknown key", "leese = \"10s\"\n", &["mpy6a.toml:5:", "kind.leese: unknown key: write `lease`"]),
    (
        "a bad time span",
        "lease = \"ten\"\n",
        &["mpy6a.toml:5:", "kind.lease: `ten` is no time span: write a number and a unit"],
    ),
    (
        "a time span without a unit",
        "delay = 5\n",
        &["mpy6a.toml:5:", "kind.delay: an integer: write a number and a unit"],
    ),
    (
        "more runs than there are",
        "max_running = 65\n",
        &["add up to 65, over `limits.runs`, 64", "raise `limits.runs`"],
    ),
    ("no TOML", "lease = \n", &["mpy6a.toml:5:", "no TOML"]),
];

#[tokio::test]
async fn every_mistake_is_named_with_its_line_and_its_remedy_by_serve_and_by_check() {
    for (what, lines, parts) in WRONG {
        let mut host = Host::prepare(&Config::of([]));
        host.write_config(&format!("{KIND}{lines}"));
        let exit = host.exit_of_start().await;
        assert_eq!(exit.code, CONFIG_WRONG, "{what}: {exit:?}");
        let checked = check(&host);
        assert!(!checked.right, "{what}");
        for part in *parts {
            assert!(exit.text.contains(part), "{what}: {part:?} is not in {:?}", exit.text);
            assert!(checked.text.contains(part), "{what}: {part:?} is not in {:?}", checked.text);
        }
        assert!(!host.path("mpy6a.redb").exists(), "{what}: a store was made");
    }
}

#[tokio::test]
async fn all_mistakes_are_named_at_once() {
    let mut host = Host::prepare(&Config::of([]));
    host.write_config(&format!("{KIND}lease = 1\nbackof = {{}}\n[limits]\nruns = 0\n"));
    let exit = host.exit_of_start().await;
    for key in ["kind.lease:", "kind.backof:", "limits.runs:"] {
        assert!(exit.text.contains(key), "{key} is not in {:?}", exit.text);
    }
}

#[tokio::test]
async fn a_missing_config_is_named() {
    let mut host = Host::prepare(&Config::of([]));
    std::fs::remove_file(host.path("mpy6a.toml")).unwrap();
    let exit = host.exit_of_start().await;
    assert_eq!(exit.code, CONFIG_WRONG);
    let parts = ["mpy6a.toml", "cannot read the config", "name a readable file with --config"];
    let checked = check(&host);
    for part in parts {
        assert!(exit.text.contains(part) && checked.text.contains(part), "{part:?} is not in {:?}", exit.text);
    }
    assert!(!checked.right);
}

#[tokio::test]
async fn a_right_config_is_told_from_a_wrong_one_without_touching_store_or_port() {
    let config = Config::of([Kind::misbehave(1), Kind::new(2, wat("bare-delete")).set("paused", true)]);
    let host = Host::prepare(&config);
    let checked = check(&host);
    assert!(checked.right, "{}", checked.text);
    for part in ["kind 1 k1", "kind 2 k2, paused", "http http://127.0.0.1:9", "http denied", "Everything is right."] {
        assert!(checked.text.contains(&one_spaced(part)), "{part:?} is not in {:?}", checked.text);
    }
    assert!(!host.path("mpy6a.redb").exists());

    let serving = Host::start(&config).await;
    assert!(check(&serving).right, "beside a host that serves");
    assert!(serving.is_serving().await);
}

#[tokio::test]
async fn the_documented_config_serves() {
    let documented = include_str!("../../../docs/mpy6a.toml");
    let mut host = Host::prepare(&Config::of([]));
    let ports = host.ports();
    let config = [(7340, ports.clients), (7341, ports.operators)].into_iter().fold(
        documented.to_owned(),
        |text, (known, free)| {
            let line = format!("#listen = \"127.0.0.1:{known}\"");
            assert!(text.contains(&line));
            text.replace(&line, &format!("listen = \"127.0.0.1:{free}\""))
        },
    );
    host.write_config(&config);
    host.launch().await;
    // Its plugin is not there: that kind waits.
    assert!(host.kind(1).await.trouble.contains("create_user_handler.wasm"));
}
