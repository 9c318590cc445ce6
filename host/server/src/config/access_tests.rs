//! Tests of `[[access]]`, and of what a host beyond this machine has to be asked for by name.

#![allow(clippy::unwrap_used)]

use super::tests::{KIND, check, problems, read};

/// What is wrong with an entry, and what is said: a line to add to a right one beside a right kind.
const WRONG_IN_ACCESS: &[(&str, &[&str])] = &[
    ("", &["access: they may do nothing: add `open = "]),
    ("open = []", &["access: they may do nothing"]),
    ("open = [\"two\"]", &["access.open: no kind is named `two`: add the [[kind]], or correct the name"]),
    ("open = \"one\"", &["access.open: write kinds by name"]),
    ("open = [1]", &["access.open: write kinds by name"]),
    ("read = \"yes\"", &["access.read: a string: write true or false"]),
    ("rights = \"all\"", &["access.rights: unknown key"]),
    ("read = true\ntokens = \"x\"", &["access.tokens: write a list"]),
    ("read = true\nexpires = \"tomorrow\"", &["access.expires: `tomorrow` is no time: write UTC in quotes"]),
    ("read = true\nexpires = 2027-01-01T00:00:00Z", &["access.expires: a date where text is due"]),
    ("read = true\nexpires = \"1969-01-01T00:00:00Z\"", &["access.expires: `1969-01-01T00:00:00Z` is"]),
    ("read = true\ncertificate = \"a b\"", &["access.certificate: no name of a certificate: write a DNS name"]),
    (
        "read = true\ncertificate = \"x\"",
        &["access: `one` is known by a certificate, and none is looked at", "client_ca"],
    ),
];

#[test]
fn what_is_wrong_with_an_entry_of_access_is_named_with_its_remedy() {
    let token = format!("token = \"sha256:{}\"", "0".repeat(64));
    let entry = |token: &str, line: &str| format!("{KIND}[[access]]\nname = \"one\"\n{token}\n{line}\n");
    WRONG_IN_ACCESS.iter().for_each(|(line, parts)| check(&entry(&token, line), parts));
    for wrong in ["hunter2-hunter2-hunter2", "sha256:hunter2-hunter2-hunter2", "sha256:", ""] {
        let message = problems(&entry(&format!("token = \"{wrong}\""), "read = true"));
        assert!(message.contains("access.token: no digest of a token") && !message.contains("hunter2"), "{message}");
    }
    let many: Vec<_> = (0..9).map(|n| format!("\"sha256:{n:064}\"")).collect();
    check(&entry(&format!("tokens = [{}]", many.join(", ")), "read = true"), &["access.tokens: more than 8 tokens"]);
    let two = [entry(&token, "read = true"), entry(&token, "read = true").replace(KIND, "")].concat();
    check(&two, &["access.name: `one` is there already", "access.token: another entry has this token already"]);
    let all: String = (0..=crate::limits::ACCESS_MAX)
        .map(|n| format!("[[access]]\nname = \"n{n}\"\ntoken = \"sha256:{n:064}\"\nread = true\n"))
        .collect();
    check(&all, &["access: 257 entries: a host knows at most 256"]);
}

#[test]
fn beyond_this_machine_a_host_serves_what_is_asked_for_by_name() {
    let entry = format!("[[access]]\nname = \"one\"\ntoken = \"sha256:{}\"\nread = true\n", "0".repeat(64));
    let tls = "[tls]\ncertificate = \"c\"\nkey = \"k\"\n";
    for right in [
        format!("listen = \"0.0.0.0:1\"\n{tls}{entry}"),
        format!("listen = \"0.0.0.0:1\"\nopen_to_all = true\n{tls}"),
        format!("listen = \"0.0.0.0:1\"\nplain_text = true\n{entry}"),
        "listen = \"0.0.0.0:1\"\nplain_text = true\nopen_to_all = true\n".to_owned(),
        "listen = \"127.9.9.9:1\"\n[admin]\nlisten = \"[::1]:1\"\n".to_owned(),
    ] {
        read(&right);
    }
}

#[test]
fn a_running_host_beyond_this_machine_keeps_asking_who_it_is() {
    let entry = format!("[[access]]\nname = \"one\"\ntoken = \"sha256:{}\"\nread = true\n", "0".repeat(64));
    let (running, _) = read(&format!("listen = \"0.0.0.0:1\"\nplain_text = true\n{entry}"));
    // By itself this one is right: it listens on loopback. The host does not, until it is restarted.
    let (open, _) = read("");
    let message = open.within(&running).unwrap_err();
    assert!(message.contains("listen: 0.0.0.0:1 is beyond this machine, and anybody"), "{message}");
}

#[test]
fn a_running_host_is_opened_to_all_only_by_name_or_a_restart() {
    let entry = format!("[[access]]\nname = \"one\"\ntoken = \"sha256:{}\"\nread = true\n", "0".repeat(64));
    let (running, _) = read(&entry);
    let opens = |text: &str| read(text).0.within(&running).map(|(config, _)| config.access.len());
    let both = "open_to_all = true\n[admin]\nopen_to_all = true\n";
    for (text, missing) in [
        ("", "`open_to_all = true` and `admin.open_to_all = true`"),
        ("open_to_all = true\n", "write `admin.open_to_all = true` as well"),
        ("[admin]\nopen_to_all = true\n", "write `open_to_all = true` as well"),
    ] {
        let message = opens(text).unwrap_err();
        assert!(message.contains(missing) && message.contains("restart the host"), "{message}");
    }
    assert_eq!(opens(both), Ok(0));
    assert_eq!(opens(&entry), Ok(1));
    let (open, _) = read("");
    assert!(open.clone().within(&open).is_ok(), "one that was open stays so");
}
