//! What a client does with its session: one thing after another, drawn by chance.

use std::time::Duration;

use mpy6a_proto::v1::Handle;
use rand::RngExt as _;
use tokio::time::sleep;

use super::Client;
use crate::history::{Call, Look, Record, What};

impl Client<'_> {
    /// Do one thing with the session; whether to go on.
    pub(super) async fn step(&mut self, handle: Handle, number: &mut u64) -> bool {
        match self.chance.random_range(0..if self.hasty { 75 } else { 100 }) {
            0..8 => self.two_at_once(handle, number).await,
            8..50 => {
                let record = self.field.record(&self.history, self.chance);
                self.operate(handle, number, What::Append(record)).await
            }
            50..60 => {
                let record = self.field.record(&self.history, self.chance);
                self.operate(handle, number, What::Replace(record)).await
            }
            60..70 => {
                self.ask(handle, 0, What::Renew).await;
                true
            }
            70..78 => {
                self.look(handle).await;
                true
            }
            78..82 => self.try_the_old(handle).await,
            82..85 => {
                let forged = Handle { key: handle.key ^ 1, ..handle };
                let what = What::Append(self.field.record(&self.history, self.chance));
                let began = self.field.watch.now();
                let answer = self.transport.ask(self.patience(), forged, *number + 1, &what).await;
                self.keep(*number + 1, what, true, began, answer);
                true
            }
            85..96 => {
                sleep(Duration::from_millis(self.chance.random_range(0..60))).await;
                true
            }
            // Longer than the lease: a blip, or somebody else has it by then.
            _ => {
                sleep(self.history.lease.mul_f64(self.chance.random_range(0.9..1.5))).await;
                true
            }
        }
    }

    /// Two operations that do not wait for each other: they may arrive in either order, and the smaller number too late.
    async fn two_at_once(&mut self, handle: Handle, number: &mut u64) -> bool {
        let first = self.field.record(&self.history, self.chance);
        // The next call's own: records are numbered as calls are.
        let second = Record { serial: first.serial + 1, ..first };
        let whats = [What::Append(first), What::Append(second)];
        let patience = self.patience();
        let (transport, watch) = (self.transport, self.field.watch);
        let ask = async |number: u64, what: &What| {
            let began = watch.now();
            let answer = transport.ask(patience, handle, number, what).await;
            ((began, watch.now()), answer)
        };
        let both = tokio::join!(ask(*number + 1, &whats[0]), ask(*number + 2, &whats[1]));
        for (what, (time, answer)) in whats.into_iter().zip([both.0, both.1]) {
            *number += 1;
            self.keep_until(*number, what, false, time, answer);
        }
        true
    }

    /// Ask again for something that was asked before: for the last operation a retry, for an older one a delayed copy.
    async fn try_the_old(&mut self, handle: Handle) -> bool {
        let numbered: Vec<&Call> = self.history.calls.iter().filter(|it| it.number != 0 && !it.forged).collect();
        if numbered.is_empty() {
            return true;
        }
        let old = numbered[self.chance.random_range(0..numbered.len())];
        let (number, what) = (old.number, old.what.clone());
        self.ask(handle, number, what).await;
        true
    }

    /// Finish the session, or leave it to its handler.
    pub(super) async fn end(&mut self, handle: Handle, mut number: u64) {
        match self.chance.random_range(0..10) {
            0..5 => drop(self.operate(handle, &mut number, What::Delete).await),
            5..8 => {
                let timeout_s = [None, Some(0), Some(1), Some(2)][self.chance.random_range(0..4)];
                self.operate(handle, &mut number, What::Store(timeout_s)).await;
                if self.chance.random() {
                    // The key was given up: it opens nothing any more.
                    let what = What::Append(self.field.record(&self.history, self.chance));
                    self.ask(handle, number + 10, what).await;
                }
            }
            _ => {}
        }
    }

    async fn look(&mut self, handle: Handle) {
        let began = self.field.watch.now();
        if let Some(found) = self.transport.look(self.patience(), handle.id.unwrap().into()).await {
            self.history.looks.push(Look { began, ended: self.field.watch.now(), found });
        }
    }
}
