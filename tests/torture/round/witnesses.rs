//! What all witnesses of a round saw, put together.

use std::time::Duration;

use crate::{
    checker::Complaint,
    history::{History, Look, Phase, Tag},
    load::Transport,
    stage::Stage,
};

/// How long an onlooker waits for an answer of a host that is left alone.
const LOOK_TIME: Duration = Duration::from_secs(10);

/// Put together what all witnesses saw of each session.
pub async fn gather(stage: &Stage, sessions: &mut [History]) -> Vec<Complaint> {
    let mut handed = stage.outside.take();
    let transport = Transport::to(&stage.host.url(), &stage.field.admin);
    let mut complaints = Vec::new();
    for session in sessions {
        session.handed = handed.remove(&session.tag).unwrap_or_default();
        let Some(id) = session.id() else { continue };
        let began = stage.field.watch.now();
        match transport.look(LOOK_TIME, id).await {
            Some(found) => session.looks.push(Look { began, ended: stage.field.watch.now(), found }),
            None => complaints.push(strange("no answer", session.tag, format!("GetSession of {id}"))),
        }
    }
    let nobodys = |(tag, runs): (Tag, Vec<_>)| strange("a session that nobody opened", tag, format!("{runs:?}"));
    complaints.extend(handed.into_iter().map(nobodys));
    complaints
}

/// The host has no sessions but those that somebody knows of.
pub async fn census(stage: &Stage, sessions: &[History]) -> Option<Complaint> {
    let counted: u64 = stage.host.kinds().await.values().map(|kind| kind.parked).sum();
    let is_parked = |session: &&History| {
        let found = session.looks.last().and_then(|look| look.found.as_ref());
        found.is_some_and(|found| found.state == Phase::Parked)
    };
    let known = sessions.iter().filter(is_parked).count();
    let seen = format!("{counted} parked by the host's count, {known} known");
    (counted != known as u64).then(|| strange("a session that nobody opened", Tag::MAX, seen))
}

fn strange(rule: &'static str, session: Tag, seen: String) -> Complaint {
    Complaint { rule, session, seen }
}
