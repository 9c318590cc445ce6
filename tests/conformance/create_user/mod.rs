//! What the example `create-user` does: for each state that a client can leave and each answer of A and B, the calls, and
//! how the session ends. The cases are in [`cases`]; here they are run.

mod cases;
mod services;

use serde_json::{Value, json};

use self::cases::{Case, End};
pub use self::{
    cases::{FOUND, NICK, asked, user},
    services::{Answer, Services},
};
use crate::{
    harness::{Config, Host},
    story::{Call, Figures, Story, kind, serving, told},
};

/// How long the handler waits for A, and again for B, in microseconds.
const CALL_TIMEOUT_US: u64 = 3_000_000;

/// How much longer a run may take than the call that it waited for, in microseconds: far less than a second timeout.
const RUN_US_MAX: u64 = CALL_TIMEOUT_US + 2_500_000;

/// How often a session is repeated that no repeat finishes: often enough to tell one repeat from the next.
const REPEATS: usize = 2;

/// Hold the handler in this language to every case.
pub async fn conforms(language: &str) {
    let services = Services::start().await;
    let host = serving(&config(language, &services)).await;
    let mut worst = Figures::default();
    let mut wrong = Vec::new();
    for case in cases::all() {
        worst.most(&check(&case, &host, &services, &mut wrong).await);
    }
    println!("create-user-{language}: at most {} fuel, {} KiB", worst.fuel, worst.memory >> 10);
    assert!(wrong.is_empty(), "create-user in {language}:\n{}", wrong.join("\n"));
}

/// A host with the handler in this language.
pub fn config(language: &str, services: &Services) -> Config {
    let kind = kind(1, "create-user", language)
        .set("max_repeats", u32::try_from(REPEATS).unwrap())
        .set("plugin.settings.service_a", services.a())
        .set("plugin.settings.service_b", services.b())
        .allow(services.url());
    Config::of([kind])
}

/// Run one case, and note what is not as it should be.
async fn check(case: &Case, host: &Host, services: &Services, wrong: &mut Vec<String>) -> Figures {
    services.answer(case.a, case.b);
    let session = host.left(1, &case.records).await;
    let (story, figures) = told(host, session, || services.seen()).await;
    let expected = expected(case);
    if story != expected {
        wrong.push(format!(
            "{}:\n  expected {expected:?}\n  it was   {story:?}\n  cause    {}",
            case.name, figures.cause
        ));
    }
    if !case.end.explains(&figures.cause) {
        wrong.push(format!("{}: {:?}, and the cause is {:?}", case.name, case.end, figures.cause));
    }
    let waited = |run_us: &u64| (CALL_TIMEOUT_US..RUN_US_MAX).contains(run_us);
    if case.waits() && !figures.run_us.iter().all(waited) {
        wrong.push(format!("{}: it ran for {:?} µs", case.name, figures.run_us));
    }
    figures
}

/// The story that a case must come to.
fn expected(case: &Case) -> Story {
    let kept = || case.records.iter().cloned().map(Into::into).collect();
    let text = |pair: (&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    let (repeats, records) = match case.end {
        End::Deleted => (vec![("returned", "deleted")], Vec::new()),
        End::Retried => (vec![("retry", "backoff"), ("retry", "parked")], kept()),
        End::Permanent(_) => (vec![("permanent", "parked")], kept()),
    };
    let calls_of = |repeat| case.calls.iter().map(move |call| Call { repeat, ..call.clone() });
    Story {
        calls: (1..=repeats.len()).flat_map(calls_of).collect(),
        repeats: repeats.into_iter().map(text).collect(),
        records,
        wait_s: 0,
        lines: case.line.iter().map(|line| ("INFO".to_owned(), (*line).to_owned())).collect(),
    }
}

/// The look-up by nick.
pub fn find_by_nick(nick: &str) -> Call {
    Call { query: vec![("nick".to_owned(), nick.to_owned())], ..find("/a/users") }
}

/// The look-up by id.
pub fn find_by_id(id: i64) -> Call {
    find(&format!("/a/users/{id}"))
}

fn find(path: &str) -> Call {
    Call {
        repeat: 1,
        step: "find".to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        body: None,
    }
}

/// The indexing of a user by B.
pub fn index(id: i64, user: &Value) -> Call {
    let mut body = user.clone();
    body["id"] = json!(id);
    Call {
        step: "index".to_owned(),
        method: "PUT".to_owned(),
        path: format!("/b/index/{id}"),
        body: Some(body),
        ..find("")
    }
}
