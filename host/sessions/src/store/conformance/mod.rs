//! What any store must do, as tests that run against it.
//!
//! A new store implements [`Disk`] for its tests and names the suite: `conformance::suite!(MyDisk::new())`. Each case gets a
//! disk of its own; [`Disk::open`] again is what a new host does after the last one ended.

#![allow(clippy::expect_used)]

mod cases;
mod random;

pub use cases::*;
pub use random::any_history_reads_back_as_a_model_says;

use super::Store;

/// Where a store keeps what survives it.
pub trait Disk {
    /// Open the store that lies here. The last one opened has been dropped.
    fn open(&mut self) -> Box<dyn Store>;

    /// Open it and take it over, as every host does before it reads anything.
    fn taken_over(&mut self) -> Box<dyn Store> {
        let mut store = self.open();
        let _ = store.take_over().expect("it can be taken over");
        store
    }
}

/// Run every case against a disk, made anew by the expression for each.
macro_rules! suite {
    ($disk:expr) => {
        suite!($disk;
            taking_over_raises_the_term_and_keeps_the_index
            the_latest_time_is_kept
            a_session_is_found_as_it_was_written_whoever_holds_it
            taking_over_finds_what_was_held_and_nothing_else
            records_are_appended_replaced_and_dropped_with_their_session
            due_sessions_come_in_order_kind_by_kind
            those_that_wait_are_listed_line_by_line
            pauses_survive_until_they_end
            only_the_newest_attempts_stay
            a_session_is_found_by_the_request_that_opened_it_while_it_is_there
            counts_and_tombstones_survive_and_are_forgotten
            one_change_set_is_one_step
            any_history_reads_back_as_a_model_says
        );
    };
    ($disk:expr; $($case:ident)*) => {
        $(#[test]
        fn $case() {
            $crate::store::conformance::$case(&mut $disk);
        })*
    };
}
pub(crate) use suite;
