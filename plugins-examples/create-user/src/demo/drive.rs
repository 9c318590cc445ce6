//! All clients: so many at a time, each creating one user, some of them dying.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{
    check::Fate,
    death::{self, Watcher},
    progress::Board,
    users_csv::Row,
};
use crate::client::{Creator, Stopped};

/// How the list is worked through.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many clients work at the same time.
    pub in_flight: u32,
    /// The share of them that die.
    pub die: f64,
    /// Decides which.
    pub seed: u64,
}

/// How one client ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it knew of its user.
    pub fate: Fate,
    /// Whether it died.
    pub died: bool,
}

/// Create a user for each row, in order, and give the outcomes in the same order.
pub async fn create_all(creator: Creator, rows: &[Row], plan: Plan, board: Arc<Board>) -> Vec<Outcome> {
    // A client that panics counts as one that died: its session is as unfinished.
    let mut outcomes = vec![Outcome { fate: Fate::Unfinished, died: true }; rows.len()];
    let mut clients = JoinSet::new();
    let mut waiting = rows.iter().enumerate();
    loop {
        while clients.len() < plan.in_flight as usize
            && let Some((row, next)) = waiting.next()
        {
            let (creator, user) = (creator.clone(), next.user.clone());
            let watcher = Watcher::new(death::draw(plan.seed, row, plan.die));
            clients.spawn(async move {
                let work = creator.create(&user, |step| watcher.begins(step));
                (row, outcome(watcher.live(work).await))
            });
        }
        let Some(ended) = clients.join_next().await else { return outcomes };
        if let Ok((row, outcome)) = ended {
            board.ended(&outcome);
            outcomes[row] = outcome;
        }
    }
}

fn outcome(lived: Option<Result<crate::user::User, Stopped>>) -> Outcome {
    let fate = match &lived {
        Some(Ok(user)) => Fate::Created(user.id),
        Some(Err(Stopped::NickTaken(id))) => Fate::NickTaken(*id),
        Some(Err(Stopped::NotBegun(_))) => Fate::NotBegun,
        Some(Err(Stopped::Left(..))) | None => Fate::Unfinished,
    };
    Outcome { fate, died: lived.is_none() }
}
