//! What the example `reminder` does: for each state of a session and each setting, what is recorded and logged, and how
//! the session ends. The cases are in [`cases`]; here they are run.

mod cases;

use self::cases::{Case, Cause, EVERY_S};
pub use self::cases::{line, reminded, text};
use crate::{
    harness::{Config, Host, Kind},
    story::{Figures, Story, kind, names_record, serving, told},
};

/// Hold the handler in this language to every case.
pub async fn conforms(language: &str) {
    let kinds = (1..).zip(EVERY_S).map(|(id, every_s)| reminding(id, language, every_s));
    let host = serving(&Config::of(kinds)).await;
    let mut worst = Figures::default();
    let mut wrong = Vec::new();
    for case in cases::all() {
        worst.most(&check(&case, &host, &mut wrong).await);
    }
    println!("reminder-{language}: at most {} fuel, {} KiB", worst.fuel, worst.memory >> 10);
    assert!(wrong.is_empty(), "reminder in {language}:\n{}", wrong.join("\n"));
}

/// The kind with this number, whose reminders come so often.
pub fn reminding(id: u32, language: &str, every_s: Option<&str>) -> Kind {
    let kind = kind(id, "reminder", language);
    every_s.into_iter().fold(kind, |kind, seconds| kind.set("plugin.settings.every_s", seconds))
}

/// Run one case, and note what is not as it should be.
async fn check(case: &Case, host: &Host, wrong: &mut Vec<String>) -> Figures {
    let kind = (1..).zip(EVERY_S).find(|(_, every_s)| *every_s == case.every_s).unwrap().0;
    let session = host.left(kind, &case.records).await;
    let (story, figures) = told(host, session, Vec::new).await;
    let (name, cause, expected) = (&case.name, &figures.cause, expected(case));
    if story != expected {
        wrong.push(format!("{name}:\n  expected {expected:?}\n  it was   {story:?}\n  cause    {cause}"));
    }
    let explained = match case.cause {
        Cause::Nothing => cause.is_empty(),
        Cause::Record(index) => names_record(cause, index),
        Cause::Setting => cause.contains("every_s"),
    };
    if !explained {
        wrong.push(format!("{name}: it must name {:?}, and the cause is {cause:?}", case.cause));
    }
    figures
}

/// The story that a case must come to.
fn expected(case: &Case) -> Story {
    Story {
        repeats: case.repeats.iter().map(|(outcome, ended)| ((*outcome).to_owned(), (*ended).to_owned())).collect(),
        calls: Vec::new(),
        records: case.left.iter().cloned().map(Into::into).collect(),
        wait_s: case.wait_s,
        lines: case.lines.iter().map(|line| ("INFO".to_owned(), line.clone())).collect(),
    }
}
