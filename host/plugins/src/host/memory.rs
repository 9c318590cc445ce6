//! The account of a run's memory: linear memories and tables of all its instances, summed up.
//!
//! wasmtime limits each memory on its own, so a component of many memories would get as many times the limit. Here they share
//! one. Asking for more ends the run: a guest told "no" would mostly run into a trap that names no cause.

use wasmtime::ResourceLimiter;

use crate::{
    limits::{CORE_INSTANCES_PER_RUN, MEMORIES_PER_RUN, TABLE_ELEMENTS_MAX, TABLES_PER_RUN},
    outcome::Stop,
};

/// What a table element takes in wasmtime, in bytes.
const ELEMENT_BYTES: usize = size_of::<usize>();

/// What a run holds, and may hold.
#[derive(Debug)]
pub(crate) struct MemoryAccount {
    max: u64,
    held: u64,
    /// What the growth that was granted last added, should it fail after all.
    pending: u64,
    peak: u64,
}

impl MemoryAccount {
    pub(crate) fn new(max: u64) -> Self {
        Self { max, held: 0, pending: 0, peak: 0 }
    }

    /// The most that it held, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>, unit: usize) -> wasmtime::Result<bool> {
        let more = (desired.saturating_sub(current) as u64).saturating_mul(unit as u64);
        let held = self.held.saturating_add(more);
        if held > self.max {
            return Err(Stop::Memory.into());
        }
        // Past its own maximum a memory does not grow: that is the guest's to notice, as the Wasm standard has it.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.held = held;
        self.pending = more;
        self.peak = self.peak.max(held);
        Ok(true)
    }

    fn take_back(&mut self) {
        self.held = self.held.saturating_sub(std::mem::take(&mut self.pending));
    }
}

impl ResourceLimiter for MemoryAccount {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.pending = 0;
        self.grow(current, desired, maximum, 1)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.pending = 0;
        // The pool holds no more, and wasmtime takes what it holds for the table's own maximum, unless that is lower.
        // It is the host's limit all the same, and has to end the run as such.
        if desired > TABLE_ELEMENTS_MAX && maximum.is_none_or(|maximum| maximum >= TABLE_ELEMENTS_MAX) {
            return Err(Stop::Memory.into());
        }
        self.grow(current, desired, maximum, ELEMENT_BYTES)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_PER_RUN as usize
    }

    fn tables(&self) -> usize {
        TABLES_PER_RUN as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_PER_RUN as usize
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut account = MemoryAccount::new(1000);
        assert!(account.memory_growing(0, 600, None).unwrap());
        assert!(account.table_growing(0, 50, None).unwrap());
        assert!(account.memory_growing(600, 601, None).unwrap_err().is::<Stop>());
        assert_eq!(account.peak(), 1000);
    }

    #[test]
    fn a_growth_that_failed_or_exceeds_the_guests_own_maximum_costs_nothing() {
        let mut account = MemoryAccount::new(1000);
        assert!(!account.memory_growing(0, 600, Some(500)).unwrap());
        assert!(account.memory_growing(0, 600, None).unwrap());
        account.memory_grow_failed(wasmtime::format_err!("no")).unwrap();
        assert!(account.memory_growing(0, 1000, None).unwrap());
    }

    #[test]
    fn a_table_past_what_the_pool_holds_ends_the_run_unless_its_own_maximum_is_lower() {
        let mut account = MemoryAccount::new(u64::MAX);
        let more = TABLE_ELEMENTS_MAX + 1;
        for maximum in [None, Some(TABLE_ELEMENTS_MAX), Some(usize::MAX)] {
            assert!(account.table_growing(0, more, maximum).unwrap_err().is::<Stop>(), "{maximum:?}");
        }
        assert!(!account.table_growing(0, more, Some(10)).unwrap());
        assert!(account.table_growing(0, TABLE_ELEMENTS_MAX, None).unwrap());
    }
}
