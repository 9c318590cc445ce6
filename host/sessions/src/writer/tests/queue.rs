//! The queue: who is refused, who waits, and in which order.

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use crate::{
    Caller, Error, Handle, Index, Key, Limits,
    limits::BATCH_OPS_MAX,
    pipeline::{Ask, Named, Wish},
    writer::{Message, Outbox, Queue, Sender, Turn},
};

fn queue(queue_ops_max: usize) -> Queue {
    Queue::new(&Limits { queue_ops_max, ..Limits::default() })
}

fn call() -> Message {
    Message::Renew(Vec::new(), Caller::default(), oneshot::channel().0)
}

fn turn(outbox: &Arc<Outbox>, ops: usize) -> Turn {
    let what = Wish::Renew(Named::Handle(Handle { id: Index::default(), key: Key(0) }));
    Turn::new(outbox, Caller::default(), vec![Ask { tag: outbox.number, what }; ops])
}

/// The next batch: the pipeline of each turn, none for a single call.
fn take(queue: &Queue) -> Vec<Option<u64>> {
    let mut batch = Vec::new();
    queue.take(&mut batch, Some(Duration::ZERO));
    let name = |message: Message| match message {
        Message::Turn(turn) => {
            let number = turn.outbox.number;
            turn.withdraw();
            Some(number)
        }
        Message::Broke(number) => Some(number + 100),
        _ => None,
    };
    batch.into_iter().map(name).collect()
}

#[test]
fn pipelines_wait_in_the_order_in_which_they_came_and_single_calls_are_refused() {
    let queue = queue(8);
    let [one, two, three] = [1, 2, 3].map(|number| Arc::new(Outbox::new(number)));
    queue.push_turns(vec![turn(&one, 4), turn(&one, 1)]).unwrap();
    queue.push_turns(vec![turn(&two, 4)]).unwrap();
    queue.push_turns(vec![turn(&three, 1)]).unwrap();
    queue.push_broke(2);
    for _ in 0..4 {
        queue.push(Sender::Client, call()).expect("half of the queue is theirs");
    }
    assert!(matches!(queue.push(Sender::Client, call()), Err(Error::Overloaded(_))));
    assert_eq!(take(&queue), [Some(1), None, None, None, None]);
    queue.push(Sender::Client, call()).unwrap();
    assert_eq!(take(&queue), [Some(1), None], "what waited is let in first, and pipelines have their half again");
    assert_eq!(take(&queue), [Some(2)]);
    assert_eq!(take(&queue), [Some(3), Some(102)]);
    assert!(take(&queue).is_empty());
}

#[test]
fn a_turn_larger_than_its_half_passes_a_queue_that_is_never_empty() {
    let queue = queue(2);
    let one = Arc::new(Outbox::new(1));
    queue.push(Sender::Client, call()).unwrap();
    queue.push_turns(vec![turn(&one, 100), turn(&one, 100)]).unwrap();
    assert_eq!(take(&queue), [None, Some(1)]);
    assert_eq!(take(&queue), [Some(1)]);
}

#[test]
fn a_batch_is_bounded_by_operations() {
    let queue = queue(1 << 20);
    let one = Arc::new(Outbox::new(1));
    let most = BATCH_OPS_MAX / 4 + 1;
    queue.push_turns((0..6).map(|_| turn(&one, most)).collect()).unwrap();
    assert_eq!(take(&queue).len(), 3);
    assert_eq!(take(&queue).len(), 3);
}

#[test]
fn what_is_abandoned_is_known_to_its_pipeline_and_what_is_not_let_in_is_no_failure() {
    let queue = queue(1);
    let [one, two] = [1, 2].map(|number| Arc::new(Outbox::new(number)));
    queue.push_turns(vec![turn(&one, 1), turn(&one, 1)]).unwrap();
    queue.abandon(Error::StoreFailed);
    let context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(one.poll(&context), std::task::Poll::Ready(Err(Error::StoreFailed)));
    assert_eq!(queue.push_turns(vec![turn(&two, 1)]), Err(Error::StoreFailed));
    assert!(two.poll(&context).is_pending());
    assert!(take(&queue).is_empty());
}
