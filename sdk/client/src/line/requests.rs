//! What is sent over a line: whatever is queued, as much with each message as one should hold.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use mpy6a_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::Stream;

use super::{Queued, Waiting};
use crate::{
    call::record_bytes,
    identity::Identity,
    limits::{MESSAGE_OPERATIONS_MAX, MESSAGE_RECORD_BYTES_MAX},
};

/// The messages to the host. Polled by the transport when it has room for one.
pub(super) struct Requests {
    queue: mpsc::Receiver<Queued>,
    /// Taken out of the queue, not sent yet; in the reverse order.
    next: Vec<Queued>,
    waiting: Arc<Waiting>,
    identity: Arc<Identity>,
    /// Whether a message has said who this is.
    named: bool,
}

impl Requests {
    pub fn new(queue: mpsc::Receiver<Queued>, identity: Arc<Identity>, waiting: Arc<Waiting>) -> Self {
        Self { queue, next: Vec::new(), waiting, identity, named: false }
    }

    /// What the next message says of the client.
    fn caller(&mut self) -> v1::Caller {
        if std::mem::replace(&mut self.named, true) { self.identity.settled() } else { self.identity.caller() }
    }

    /// Take a message's worth.
    fn message(&mut self) -> Vec<Queued> {
        let mut bytes = 0;
        let mut message = Vec::with_capacity(self.next.len());
        while let Some(queued) = self.next.pop_if(|queued| {
            bytes += record_bytes(&queued.operation);
            message.is_empty() || bytes <= MESSAGE_RECORD_BYTES_MAX
        }) {
            message.push(queued);
        }
        message
    }
}

impl Drop for Requests {
    /// The transport will not send the rest: let each of its callers learn why.
    fn drop(&mut self) {
        self.queue.close();
        let mut rest = std::mem::take(&mut self.next);
        while let Ok(queued) = self.queue.try_recv() {
            rest.push(queued);
        }
        self.waiting.unsent(rest);
    }
}

impl Stream for Requests {
    type Item = v1::OperateRequest;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if this.next.is_empty() {
                let count = ready!(this.queue.poll_recv_many(context, &mut this.next, MESSAGE_OPERATIONS_MAX));
                if count == 0 {
                    return Poll::Ready(None);
                }
                this.next.reverse();
            }
            let message = this.message();
            match this.waiting.sending(message) {
                // All of their callers are gone.
                Some(operations) if operations.is_empty() => {}
                Some(operations) => {
                    let caller = Some(this.caller());
                    return Poll::Ready(Some(v1::OperateRequest { operations, caller }));
                }
                None => return Poll::Ready(None),
            }
        }
    }
}
