//! The command line and the Rust client, over TLS with tokens and certificates; and what they say when they are not let in.

use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
};

use mpy6a_client::{Client, Error};

use super::{config, digest, encrypted, place, token, trusting};
use crate::harness::{Authority, Config, Host, serve};

/// `mpy6a` with these arguments, and nothing of ours in its environment.
async fn mpy6a(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Output {
    let mut command = serve();
    command.args(arguments);
    for name in ["MPY6A_HOST", "MPY6A_TOKEN", "MPY6A_CA", "MPY6A_CERT", "MPY6A_KEY"] {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let run = move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn guarded() -> Config {
    encrypted(config())
        .admit(&format!("name = \"boss\"\ntoken = \"{}\"\nadminister = true\nopen = \"*\"", digest("boss")))
        .admit(&format!("name = \"shop\"\ntoken = \"{}\"\nopen = [\"k1\"]", digest("shop")))
        .admit("name = \"cert\"\ncertificate = \"spiffe://example.org/cert\"\nadminister = true\nopen = \"*\"")
        .set("admin.tls.client_ca", "ca.pem")
        .set("admin.tls.client_auth", "optional")
        .set("tls.client_ca", "ca.pem")
        .set("tls.client_auth", "optional")
}

async fn start(authority: &Authority) -> Host {
    let mut host = Host::prepare(&guarded());
    place(&host, &authority.host());
    fs::write(host.path("ca.pem"), &authority.pem).unwrap();
    let pair = authority.client("spiffe://example.org/cert");
    fs::write(host.path("client.pem"), pair.certificate).unwrap();
    fs::write(host.path("client.key"), pair.key).unwrap();
    fs::write(host.path("token"), format!("{}\n", token("boss"))).unwrap();
    host.speak(trusting(authority));
    host.launch().await;
    host
}

#[tokio::test]
async fn the_command_line_shows_a_token_or_a_certificate_over_tls() {
    let authority = Authority::new("one");
    let host = start(&authority).await;
    let url = format!("https://localhost:{}", host.ports().operators);
    let path = |name: &str| host.path(name).to_str().unwrap().to_owned();
    let (ca, file) = (path("ca.pem"), path("token"));
    let shown = ["--host", &url, "--ca", &ca];
    let with = |more: &[&str]| [&["kind", "ls"], shown.as_slice(), more].concat().join("\n");
    let run = async |arguments: String, environment: Vec<(&str, String)>| {
        let arguments: Vec<&str> = arguments.split('\n').collect();
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        mpy6a(&arguments, &environment, "").await
    };
    let by_file = run(with(&["--token-file", &file]), vec![]).await;
    assert!(by_file.status.success() && text(&by_file.stdout).contains("k1"), "{by_file:?}");
    let by_variable = run(with(&[]), vec![("MPY6A_TOKEN", token("boss"))]).await;
    assert!(by_variable.status.success(), "{by_variable:?}");
    let by_certificate = run(with(&["--cert", &path("client.pem"), "--key", &path("client.key")]), vec![]).await;
    assert!(by_certificate.status.success(), "{by_certificate:?}");

    for (arguments, environment, code, says) in [
        (with(&[]), vec![], 1, "the credentials are missing, wrong or out of date"),
        (
            with(&[]),
            vec![("MPY6A_TOKEN", "nobodys".to_owned())],
            1,
            "the credentials are missing, wrong or out of date",
        ),
        (with(&[]), vec![("MPY6A_TOKEN", token("shop"))], 1, "do not allow this"),
        (with(&["--token-file", "none"]), vec![], 1, "name a file that you may read"),
        (with(&["--cert", &path("client.pem")]), vec![], 1, "give both"),
        (format!("kind\nls\n--host\n{url}"), vec![], 3, "no host answers"),
        (format!("kind\nls\n--host\n{url}\n--ca\n{}", path("client.key")), vec![], 1, "PEM"),
    ] {
        let output = run(arguments.clone(), environment).await;
        assert_eq!(output.status.code(), Some(code), "{arguments}: {output:?}");
        assert!(text(&output.stderr).contains(says), "{says:?} is not in {output:?}");
    }
}

#[tokio::test]
async fn a_token_that_the_command_line_makes_lets_its_bearer_in() {
    let made = mpy6a(&["token", "new"], &[], "").await;
    let (token, line) = (text(&made.stdout), text(&made.stderr));
    let line = line.split_once(": ").unwrap().1.to_owned();
    let hashed = mpy6a(&["token", "hash"], &[], &token).await;
    assert_eq!(text(&hashed.stdout), line, "{hashed:?}");
    assert!(!line.contains(&token));

    let host = Host::start(&config().admit(&format!("name = \"boss\"\n{line}\nadminister = true"))).await;
    let url = host.admin_url();
    let told = mpy6a(&["kind", "ls", "--host", &url], &[("MPY6A_TOKEN", &token)], "").await;
    assert!(told.status.success(), "{told:?}");
    let short = mpy6a(&["token", "hash"], &[], "hunter2").await;
    assert_eq!(short.status.code(), Some(1));
    assert!(text(&short.stderr).contains("mpy6a token new") && !text(&short.stderr).contains("hunter2"), "{short:?}");
}

#[tokio::test]
async fn the_rust_client_speaks_tls_with_a_token_or_a_certificate() {
    let authority = Authority::new("one");
    let host = start(&authority).await;
    let url = format!("https://localhost:{}", host.port());
    let builder = || Client::builder(url.as_str()).ca(authority.pem.as_bytes());
    let pair = authority.client("spiffe://example.org/cert");
    for client in [
        builder().token(token("boss")),
        builder().token(token("boss")).unary(),
        builder().certificate(pair.certificate, pair.key),
        Client::builder(format!("https://127.0.0.1:{}", host.port()))
            .ca(authority.pem.as_bytes())
            .host_name("localhost")
            .token(token("shop")),
    ] {
        let client = client.connect().unwrap();
        let mut session = client.new_session(1).await.unwrap();
        session.append("over TLS").await.unwrap();
        session.delete().await.unwrap();
    }
}

#[tokio::test]
async fn the_rust_client_says_that_it_is_not_let_in_at_once() {
    let authority = Authority::new("one");
    let host = start(&authority).await;
    let url = format!("https://localhost:{}", host.port());
    let builder = || Client::builder(url.as_str()).ca(authority.pem.as_bytes());
    for (client, kind, expected) in [
        (builder(), 1, "CREDENTIALS_MISSING"),
        (builder().token("nobodys"), 1, "CREDENTIALS_WRONG"),
        (builder().token("nobodys").unary(), 1, "CREDENTIALS_WRONG"),
        (builder().token(token("shop")), 2, "ACCESS_DENIED"),
        (builder().token(token("shop")).unary(), 2, "ACCESS_DENIED"),
    ] {
        match client.connect().unwrap().new_session(kind).await {
            Err(Error::Rejected { reason, message, .. }) => {
                assert_eq!(reason, expected);
                assert!(message.contains("[[access]]"), "{message}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}
