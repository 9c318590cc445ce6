//! What runs of handlers ask.

use mpy6a_sessions::{Claimed, Outcome, Report, SessionOp, op::Op};

use super::People;
use crate::model::Sent;

impl People {
    pub(super) fn run_messages(&mut self, at: usize, sent: &mut Vec<Sent>) {
        let handle = self.runs[at].handle;
        if self.chance.percent(30) {
            let mut ops = self.run_ops();
            if self.chance.percent(3) {
                ops.push(SessionOp::Delete);
            }
            sent.push(Sent::Apply(Op::Barrier { handle, ops }));
        }
        if self.chance.percent(60) {
            let mut ops = self.run_ops();
            match self.chance.below(10) {
                0..3 => ops.push(SessionOp::Delete),
                3..5 => ops.push(SessionOp::Store { timeout_s: self.chance.percent(50).then_some(1) }),
                // After the end of a session comes nothing.
                5 => ops.extend([SessionOp::Delete, SessionOp::Append("too late".into())]),
                _ => {}
            }
            let report = Report::bare(self.outcome());
            sent.push(Sent::Apply(Op::Finish { handle, ops, report }));
        }
    }

    fn run_ops(&mut self) -> Vec<SessionOp> {
        let count = self.chance.below(3);
        (0..count)
            .map(|_| {
                let record = self.record();
                if self.chance.percent(80) { SessionOp::Append(record) } else { SessionOp::Replace(record) }
            })
            .collect()
    }

    pub(super) fn outcome(&mut self) -> Outcome {
        match self.chance.below(10) {
            0..4 => Outcome::Returned,
            4..6 => Outcome::Retry("later".into()),
            6 => Outcome::Permanent("never".into()),
            7 => Outcome::Trapped("unreachable".into()),
            8 => Outcome::TimedOut,
            _ => Outcome::OutOfFuel,
        }
    }

    /// The runs died with their host; their handles may still turn up.
    pub fn host_died(&mut self) {
        self.stale.extend(self.runs.drain(..).map(|run| run.handle));
        self.pipelines.clear();
    }

    /// Every run finishes what it holds for good.
    pub fn finish_all(&mut self) -> Vec<Sent> {
        let finish = |run: &Claimed| Op::Finish {
            handle: run.handle,
            ops: vec![SessionOp::Delete],
            report: Report::bare(Outcome::Returned),
        };
        self.runs.iter().map(|run| Sent::Apply(finish(run))).collect()
    }
}
