//! A host that is killed: the next one repeats what it was repeating, and goes on with what it had stored.

use crate::{
    create_user::{self, Answer, FOUND, NICK, Services, asked, find_by_nick, user},
    harness::{Config, until},
    reminder::{line, reminded, reminding, text},
    story::{Call, serving, told},
};

/// SIGKILL while A is asked: the next host asks again, with the same key and a larger fence, and finishes.
pub async fn in_a_call(language: &str) {
    let services = Services::start().await;
    let mut host = serving(&create_user::config(language, &services)).await;
    let session = host.left(1, &[asked()]).await;
    until("A is asked", async || (!services.seen().is_empty()).then_some(())).await;
    host.kill();
    services.answer_from_now_on(Answer::Says(200, FOUND), Answer::Says(204, ""));
    host.launch().await;

    let (story, _) = told(&host, session, || services.seen()).await;
    let again = |call| Call { repeat: 2, ..call };
    let calls = [find_by_nick(NICK), again(find_by_nick(NICK)), again(create_user::index(7, &user()))];
    assert_eq!(story.calls, calls);
    assert_eq!(story.lines, [("INFO".to_owned(), "rolled forward user 7".to_owned())]);
}

/// SIGKILL when one reminder was given and the second is not due yet: the next host gives the second.
pub async fn between_repeats(language: &str) {
    // Soon enough for a test, late enough that the host can be killed before.
    const SOON_S: &str = "3";
    let mut host = serving(&Config::of([reminding(1, language, Some(SOON_S))])).await;
    let session = host.left(1, &[text("ferns")]).await;
    host.seen(session, "reminded once", |it| it.records.len() == 2).await;
    host.kill();
    host.reconfigure(&Config::of([reminding(1, language, Some("1000"))]));
    host.launch().await;

    let (story, _) = told(&host, session, Vec::new).await;
    assert_eq!(story.records, [text("ferns"), reminded(1), reminded(2)]);
    assert_eq!(story.repeats, [("returned".to_owned(), "stored".to_owned())], "of the second life");
    assert_eq!(story.lines, [("INFO".to_owned(), line(2, "ferns"))]);
}
