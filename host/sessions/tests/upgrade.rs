//! Data folders that earlier versions of this program left behind, each as its host was killed: opened, taken over, and found
//! whole.
//!
//! `golden/store-N.tar.gz` has one for each format of the store (`docs/storage.md`). Each was written by the last program of that
//! format, in two lives: `first` was closed, `second` was killed. In each life one session is active with two records, one is
//! stored for a day, one was deleted, and one is parked after an attempt that trapped; in the second one more is being
//! repeated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{fs, path::Path, process::Command};

use mpy6a_sessions::{
    Access, Caller, ClientId, Environment, Error, Index, KindPolicy, Kinds, Limits, Line, NamedClient, New, Outcome,
    Page, Part, Refusal, Report, RequestName, Session, SessionOp, Sessions, StateName, start,
    store::{
        logged::{LoggedStore, verify::verify},
        redb::install,
    },
};
use tempfile::TempDir;

const CACHE_BYTES: usize = 16 << 20;

fn kinds() -> Kinds {
    let patient = KindPolicy { lease_ms: 3_600_000, jitter_ms: 0, ..KindPolicy::default() };
    Kinds([(1, patient), (2, patient)].into())
}

fn unpacked(name: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let done = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status().unwrap();
    assert!(done.success());
    folder
}

fn open(folder: &TempDir) -> Sessions {
    let store = LoggedStore::open(&folder.path().join("mpy6a.redb"), CACHE_BYTES).unwrap();
    start(store, Limits::default(), kinds(), Environment::real()).unwrap().sessions
}

fn id(term: u64, index: u64) -> Index {
    Index { term, index }
}

fn ids(page: &Page) -> Vec<Index> {
    page.sessions.iter().map(|listed| listed.session.id).collect()
}

/// Everything that both lives left is there, and can be worked on.
async fn is_whole(sessions: &Sessions) {
    for (term, tag, [active, stored, gone, parked]) in [(1, "first", [1, 3, 5, 7]), (2, "second", [11, 13, 15, 17])] {
        let it = sessions.inspect(id(term, active)).await.unwrap().unwrap();
        assert_eq!((it.session.state.name(), &it.records[..]), (StateName::Active, &[tag.into(), "second".into()][..]));
        a_client_goes_on(sessions, &it.session, tag).await;

        let it = sessions.inspect(id(term, stored)).await.unwrap().unwrap();
        assert_eq!(
            (it.session.state.name(), it.session.kind, &it.records[..]),
            (StateName::Stored, 2, &[tag.into()][..])
        );

        assert!(sessions.inspect(id(term, gone)).await.unwrap().is_none());

        let it = sessions.inspect(id(term, parked)).await.unwrap().unwrap();
        assert_eq!((it.session.state.name(), it.attempts.len()), (StateName::Parked, 1));
        let report = &it.attempts[0].report;
        assert_eq!(report.outcome, Outcome::Trapped("unreachable".into()));
        assert_eq!(report.log_tail, "a line\n");
    }
    let list = async |part| sessions.list(part).await.unwrap();
    assert_eq!(ids(&list(Part::Waiting(1, Line::Parked, None)).await)[..2], [id(1, 7), id(2, 17)], "listed as parked");
    assert_eq!(ids(&list(Part::Waiting(2, Line::Stored, None)).await), [id(1, 3), id(2, 13)]);
    assert_eq!(ids(&list(Part::Held(None)).await), [id(1, 1), id(2, 11)]);
}

/// Its client has its key, and a `New` that it repeats opens nothing new.
async fn a_client_goes_on(sessions: &Sessions, session: &Session, tag: &'static str) {
    let handle = session.client_handle();
    let request = Some(RequestName::of_id(None, tag).unwrap());
    let new = New { kind: 1, record: Some(tag.into()), request, traceparent: None };
    assert_eq!(sessions.open(new.clone()).await.unwrap().handle, handle);
    let other = New { record: Some("other".into()), ..new };
    assert_eq!(sessions.open(other).await, Err(Error::Refused(Refusal::RequestIdReused)));
    let first = sessions.operate(handle, 1, SessionOp::Append("second".into())).await.unwrap();
    assert_eq!(first.change_id.index, session.change_id.index, "the operation that it repeats is not applied again");
}

/// It is verified and restored as it is, by a program of today.
fn is_restored(name: &str) {
    let folder = unpacked(name);
    let store = folder.path().join("mpy6a.redb");
    let before = fs::read(&store).unwrap();
    let found = verify(&store).unwrap();
    assert!(found.is_right() && found.parked > 0, "{name}: {found:?}");
    assert_eq!(fs::read(&store).unwrap(), before, "{name} is left as it was");
    // What a backup has: no log.
    let restored = folder.path().join("restored.redb");
    assert!(install(&store, &restored).unwrap().is_right(), "{name}");
    assert_eq!(fs::read(&restored).unwrap(), before, "{name} is upgraded by the host that serves from it");
}

async fn is_taken_over(name: &str) {
    is_restored(name);
    let folder = unpacked(name);
    let sessions = open(&folder);
    is_whole(&sessions).await;
    let running = sessions.inspect(id(2, 21)).await.unwrap().unwrap();
    assert_eq!(running.attempts.last().unwrap().report.outcome, Outcome::HostDied);
    sessions.set_paused(2, true).await.unwrap();
    let _ = sessions.stop().await;
    drop(sessions);

    let sessions = open(&folder);
    is_whole(&sessions).await;
    assert!(sessions.pauses().await.unwrap().contains_key(&2));
    assert_eq!(sessions.term(), 4);
}

#[tokio::test]
async fn a_store_from_before_there_was_a_log_is_taken_over_whole() {
    is_taken_over("store-1.tar.gz").await;
}

#[tokio::test]
async fn a_store_from_before_parked_sessions_were_listed_is_taken_over_whole_with_its_log() {
    is_taken_over("store-2.tar.gz").await;
}

#[tokio::test]
async fn a_store_from_before_answers_were_remembered_by_request_is_taken_over_whole_with_its_log_and_its_pause() {
    let folder = unpacked("store-3.tar.gz");
    let sessions = open(&folder);
    assert!(sessions.pauses().await.unwrap().contains_key(&2));
    drop(sessions);
    is_taken_over("store-3.tar.gz").await;
}

#[tokio::test]
async fn a_store_of_today_is_taken_over_whole_with_what_named_clients_may_still_ask() {
    let folder = unpacked("store-4.tar.gz");
    let sessions = open(&folder);
    assert!(sessions.pauses().await.unwrap().contains_key(&2));
    for (gone, number) in [(id(1, 5), 1), (id(2, 15), 3)] {
        let opened = sessions.of_caller(named(1)).open(numbered(number)).await.unwrap();
        assert_eq!(opened.handle.id, gone, "answered from what is remembered of a session that is gone");
        let delete = sessions.of_caller(named(1)).operate(opened.handle, number + 1, SessionOp::Delete).await.unwrap();
        assert_eq!(delete.change_id.index, gone.index + 1);
    }
    drop(sessions);
    is_taken_over("store-4.tar.gz").await;
}

/// A client that named itself.
fn named(settled_below: u64) -> Caller {
    Caller { access: Access::NONE, client: Some(NamedClient { id: ClientId([9; 16]), settled_below }) }
}

fn numbered(number: u64) -> New {
    New { kind: 1, request: Some(RequestName { caller: ClientId([9; 16]), number }), ..New::default() }
}

/// Write the folder that a golden archive of today's format is made of:
///
/// ```sh
/// MPY6A_GOLDEN=/tmp/golden cargo test -p mpy6a-sessions --test upgrade -- --ignored
/// tar -C /tmp/golden/.tmp* -czf host/sessions/tests/golden/store-N.tar.gz .
/// ```
#[tokio::test]
#[ignore = "writes a folder, named by MPY6A_GOLDEN, when the format of the store has changed"]
async fn write_the_golden_folder_of_today() {
    let folder = std::path::PathBuf::from(std::env::var("MPY6A_GOLDEN").unwrap());
    let lives = TempDir::new().unwrap();
    let once = |policy: &KindPolicy| KindPolicy { max_repeats: 1, max_running: 1, claimable: true, ..*policy };
    let kinds = Kinds(kinds().0.iter().map(|(kind, policy)| (*kind, once(policy))).collect());
    for (tag, number) in [("first", 1), ("second", 3)] {
        let store = LoggedStore::open(&lives.path().join("mpy6a.redb"), CACHE_BYTES).unwrap();
        let started = start(store, Limits::default(), kinds.clone(), Environment::real()).unwrap();
        let (sessions, mut claims) = (started.sessions, started.claims);
        let request = Some(RequestName::of_id(None, tag).unwrap());
        let new = |kind, request| New { kind, record: Some(tag.into()), request, traceparent: None };
        let active = sessions.open(new(1, request)).await.unwrap().handle;
        sessions.operate(active, 1, SessionOp::Append("second".into())).await.unwrap();
        let stored = sessions.open(new(2, None)).await.unwrap().handle;
        sessions.operate(stored, 1, SessionOp::Store { timeout_s: Some(86_400) }).await.unwrap();
        let of_named = sessions.of_caller(named(1));
        let gone = of_named.open(numbered(number)).await.unwrap().handle;
        of_named.operate(gone, number + 1, SessionOp::Delete).await.unwrap();
        let parked = sessions.open(new(1, None)).await.unwrap().handle;
        sessions.operate(parked, 1, SessionOp::Store { timeout_s: Some(0) }).await.unwrap();
        let run = claims.recv().await.unwrap();
        let report = Report { log_tail: "a line\n".into(), ..Report::bare(Outcome::Trapped("unreachable".into())) };
        sessions.finish(run.handle, Vec::new(), report).await.unwrap();
        if tag == "first" {
            let _ = sessions.stop().await;
            continue;
        }
        let repeating = sessions.open(new(1, None)).await.unwrap().handle;
        sessions.operate(repeating, 1, SessionOp::Store { timeout_s: Some(0) }).await.unwrap();
        claims.recv().await.unwrap();
        sessions.set_paused(2, true).await.unwrap();
        // As a kill would leave it: everything acknowledged is on the disk, and nobody closes it.
        let copied = Command::new("cp").arg("-a").arg(lives.path()).arg(&folder).status().unwrap();
        assert!(copied.success());
    }
}
