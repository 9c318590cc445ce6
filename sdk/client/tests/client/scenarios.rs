//! Runs the table of scenarios, `tests/scenarios.toml`, against the scripted peer.

use std::time::Duration;

use mpy6a_client::{Client, Error, Opening, Session, Unfinished};
use serde::Deserialize;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status};

use super::WAY;
use crate::peer::{Before, Fault, KIND, Peer, Way, refusal};

/// How long an operation is tried.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a try waits for its answer.
const TRY: Duration = Duration::from_millis(1200);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    scenario: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    rule: String,
    steps: Vec<String>,
}

#[tokio::test(start_paused = true)]
async fn every_scenario_of_the_table_holds() {
    let table: Table = toml::from_str(include_str!("../scenarios.toml")).unwrap();
    let mut broken = Vec::new();
    for Scenario { rule, steps } in table.scenario {
        let mut run = Run::new();
        for step in &steps {
            if let Err(why) = run.step(step).await {
                broken.push(format!("{rule}\n    at `{step}`: {why}"));
                break;
            }
        }
    }
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

/// One run of a scenario.
struct Run {
    peer: Peer,
    client: Client,
    opening: Option<Opening>,
    session: Option<Session>,
    /// The id of the session opened last.
    id: mpy6a_client::Index,
}

type Checked = Result<(), String>;

impl Run {
    fn new() -> Self {
        let peer = Peer::start(WAY);
        let client = peer.builder().operation_timeout(PATIENCE).try_timeout(TRY).connect().unwrap();
        Self { peer, client, opening: None, session: None, id: mpy6a_client::Index::default() }
    }

    async fn step(&mut self, step: &str) -> Checked {
        let (what, says) = step.split_once(" = ").map_or((step, None), |(what, says)| (what, Some(says)));
        let words: Vec<_> = what.split_whitespace().collect();
        match says {
            Some(says) => self.ask(&words, says).await,
            None if self.host(what, &words).await => Ok(()),
            None => self.check(&words),
        }
    }

    /// Steps of the host and of time. False: it is none.
    async fn host(&mut self, what: &str, words: &[&str]) -> bool {
        match words {
            ["next", ..] => self.peer.script(what["next ".len()..].split(", ").map(fault)),
            ["before", rest @ ..] => self.peer.put_before(before(rest)),
            ["host", "down"] => self.peer.go_down(),
            ["host", "up"] => self.peer.come_up(),
            ["session", reason] => {
                let mut book = self.peer.book();
                let last = book.opened_last();
                book.taken.insert(last, String::from(*reason).leak());
            }
            ["flush"] => self.peer.flush().await,
            ["stream", on] => self.peer.book().no_stream = *on == "off",
            ["wait", seconds] => sleep(Duration::from_secs(seconds.parse().unwrap())).await,
            ["drop", "append", record] => {
                let append = self.session.as_mut().unwrap().append(*record);
                timeout(Duration::from_millis(10), append).await.unwrap_err();
            }
            _ => return false,
        }
        true
    }

    async fn ask(&mut self, words: &[&str], says: &str) -> Checked {
        let outcome = match words {
            ["open", "again"] => self.open().await,
            ["open", record @ ..] => {
                let opening = self.client.session(KIND);
                self.opening = Some(record.iter().fold(opening, |opening, record| opening.record(*record)));
                self.open().await
            }
            ["append", record] => self.session.as_mut().unwrap().append(*record).await.map(drop),
            ["replace", record] => self.session.as_mut().unwrap().replace(*record).await.map(drop),
            ["delete"] => {
                let deleted = self.session.take().unwrap().delete().await;
                self.take_back(deleted)
            }
            ["store"] => {
                let stored = self.session.take().unwrap().store(None).await.map(drop);
                self.take_back(stored)
            }
            other => panic!("{other:?} is no step"),
        };
        let said = outcome.map_or_else(|error| name(&error), |()| "ok".to_owned());
        if said == says { Ok(()) } else { Err(format!("the client says `{said}`")) }
    }

    async fn open(&mut self) -> Result<(), Error> {
        let session = self.opening.as_ref().unwrap().open().await?;
        self.id = session.id();
        self.session = Some(session);
        Ok(())
    }

    fn take_back(&mut self, finished: Result<(), Unfinished>) -> Result<(), Error> {
        finished.map_err(|unfinished| {
            let (session, error) = unfinished.into_parts();
            self.session = session;
            error
        })
    }

    fn check(&self, words: &[&str]) -> Checked {
        let book = self.peer.book();
        let count = |text: &str| text.parse::<usize>().unwrap();
        let holds = match words {
            ["records", records @ ..] => book.records(self.id) == records,
            ["sessions", opened] => book.opened() == count(opened),
            ["finished"] => book.finished(self.id),
            ["tries", tries] => book.seen.len() == count(tries),
            ["streams", streams] => matches!(WAY, Way::Unary) || book.streams == count(streams),
            other => panic!("{other:?} is no step"),
        };
        let seen = || format!("{} sessions, {} streams, {:?}", book.opened(), book.streams, book.seen);
        if holds { Ok(()) } else { Err(format!("the host saw {}", seen())) }
    }
}

fn fault(text: &str) -> Fault {
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        ["lose-answer"] => Fault::LoseAnswer,
        ["lose-answer-then", ref then @ ..] => Fault::LoseAnswerThen(before(then).unwrap()),
        ["hang"] => Fault::Hang,
        ["queue"] => Fault::Queue,
        ["refuse", code, reason] => Fault::Refuse(refusal(self::code(code), reason)),
        _ => panic!("{text} is no fault"),
    }
}

fn before(words: &[&str]) -> Option<Before> {
    Some(match words {
        ["nothing"] => return None,
        ["page", status] => Before::Page { status: status.parse().unwrap(), html: true },
        ["http", status] => Before::Page { status: status.parse().unwrap(), html: false },
        ["status", code] => Before::Status(Status::new(self::code(code), "said by a proxy")),
        ["refusal", code, reason] => Before::Status(refusal(self::code(code), reason)),
        _ => panic!("{words:?} cannot stand before a host"),
    })
}

fn code(name: &str) -> Code {
    (0..17).map(Code::from_i32).find(|code| format!("{code:?}") == name).unwrap()
}

/// An error in the words of the table.
fn name(error: &Error) -> String {
    let kind = match error {
        Error::LeaseLost { .. } => "LeaseLost",
        Error::LeaseExpired { .. } => "LeaseExpired",
        Error::Unavailable { .. } => "Unavailable",
        Error::Overloaded { .. } => "Overloaded",
        Error::Finished { .. } => "Finished",
        Error::NotFound { .. } => "NotFound",
        Error::TooLarge { .. } => "TooLarge",
        Error::Rejected { reason, .. } => &format!("Rejected {reason}"),
        Error::Unreachable { .. } => "Unreachable",
        other => panic!("{other}"),
    };
    format!("{kind}, {} applied", if error.maybe_applied() { "maybe" } else { "not" })
}
