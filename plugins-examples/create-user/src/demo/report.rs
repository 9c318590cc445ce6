//! What the demonstration found out: what the table shows, and `--json` writes.

use serde::Serialize;

use super::{
    Trouble, admin,
    check::Verdict,
    drive::Outcome,
    latency::{self, Repeats},
    stage::Stage,
    users_csv::Users,
};
use crate::service::faults::Counts;

/// The numbers of a demonstration.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Rows of the list that could become users.
    pub rows: u64,
    /// Rows that could not, and were left out.
    pub bad_rows: u64,
    /// The client went through all steps.
    pub created_straight: u64,
    /// The client did not finish; the user is whole.
    pub rolled_forward: u64,
    /// The client did not finish; there is no trace of the user.
    pub rolled_back: u64,
    /// Another row has the nick.
    pub nick_taken: u64,
    /// No session could be opened.
    pub not_begun: u64,
    /// Runs of the repeat handler.
    pub repeats: Repeats,
    /// Sessions out of repeats.
    pub parked: u64,
    /// What must not be: nick, and why.
    pub wrong: Vec<(String, String)>,
    /// Clients that died.
    pub died: u64,
    /// What became of the calls of A.
    pub calls_a: Counts,
    /// What became of the calls of B.
    pub calls_b: Counts,
    /// From start to finish.
    pub seconds: f64,
}

impl Report {
    /// What the list, the clients and the check say.
    pub fn new(users: &Users, outcomes: &[Outcome], verdict: Verdict) -> Self {
        Self {
            rows: users.rows.len() as u64,
            bad_rows: users.bad.len() as u64,
            created_straight: verdict.straight,
            rolled_forward: verdict.forward,
            rolled_back: verdict.back,
            nick_taken: verdict.taken,
            not_begun: verdict.not_begun,
            wrong: verdict.wrong.into_iter().map(|wrong| (wrong.nick, wrong.why)).collect(),
            died: outcomes.iter().filter(|outcome| outcome.died).count() as u64,
            ..Self::default()
        }
    }

    /// Add what the services and the host say.
    pub async fn ask(&mut self, stage: &Stage) -> Result<(), Trouble> {
        (self.calls_a, self.calls_b) = stage.fault_counts().await?;
        self.parked = admin::sessions(&stage.admin_url()).await?.parked;
        self.repeats = latency::read_file(stage.host_log())?;
        Ok(())
    }
}
