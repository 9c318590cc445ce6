//! The wasmtime engine and its pool of instances.
//!
//! Everything that a run needs (instances, memories, tables, a stack) is reserved when the host starts, so a run allocates
//! nothing large and cannot fail for want of it: the sandbox lets no more runs in than the pool has room for.

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmFeatures};

use crate::limits::{
    CORE_INSTANCE_BYTES_MAX, CORE_INSTANCES_PER_RUN, LOADS_MAX, MEMORIES_PER_RUN, RUN_STACK_BYTES, TABLE_ELEMENTS_MAX,
    TABLES_PER_RUN, WASM_STACK_BYTES,
};

/// A page of linear memory, in bytes.
const WASM_PAGE: u64 = 64 << 10;

/// Bytes at the start of each linear memory, and of each table, that stay mapped between runs: what was written there is cleared
/// in place, the rest goes back to the system, and every page of the rest that the next run touches costs a fault.
///
/// Where the kernel tells which pages were written (from Linux 6.7 on), clearing costs no more than was used, and the whole of a
/// CPython handler (13 MiB) may stay. Against 128 KiB a run of a JavaScript handler took 0.8 of the time, of one in Go 0.7; small
/// ones are alike (medians of three rounds in turns on a machine with two cores). A slot keeps what its runs touched and no more,
/// so idle memory is at most what the busiest moment needed.
const KEPT_BYTES: usize = 16 << 20;

/// The same where the kernel does not tell: all of it is cleared after each run, touched or not.
const KEPT_BYTES_UNTOLD: usize = 128 << 10;

/// The proposals of WebAssembly that are on. Every other one that the engine knows is switched off explicitly, so a proposal
/// that a later version of the engine takes by default stays off until it stands here.
///
/// Garbage collection and exceptions are off although this build of the engine has no support for them: it takes a part of a
/// proposal without its support, and what the code calls instead aborts the process (RUSTSEC-2026-0570). Threads and stack
/// switching are off because a run is one thread with one stack.
pub(crate) const PROPOSALS: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::COMPONENT_MODEL);

/// How much address space each linear memory reserves.
#[derive(Clone, Copy, Debug)]
enum Reserve {
    /// 4 GiB and a guard: no address that a guest can form lies outside, so its code needs no bounds checks.
    Whole,
    /// What the memory may grow to: every access is checked, at some cost in speed, where the system grants no more.
    Exact,
}

/// Build the engine for this many runs at once, none of which gets more than `memory_bytes_max` bytes of memory.
pub(crate) fn build(runs_max: u32, memory_bytes_max: u64) -> wasmtime::Result<Engine> {
    let runs = runs_max + LOADS_MAX;
    let memory = memory_bytes_max.div_ceil(WASM_PAGE) * WASM_PAGE;
    Engine::new(&config(runs, memory, Reserve::Whole)).or_else(|refused| {
        let engine = Engine::new(&config(runs, memory, Reserve::Exact))?;
        tracing::warn!(
            reason = format!("{refused:#}"),
            "the system grants too little address space for unchecked memory: handlers run with bounds checks"
        );
        Ok(engine)
    })
}

fn config(runs: u32, memory: u64, reserve: Reserve) -> Config {
    let mut config = Config::new();
    config
        .wasm_features(PROPOSALS, true)
        .wasm_features(PROPOSALS.complement(), false)
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(RUN_STACK_BYTES)
        .cranelift_opt_level(OptLevel::Speed)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(runs, memory)));
    if let Reserve::Exact = reserve {
        config.memory_reservation(memory).memory_guard_size(WASM_PAGE);
    }
    config
}

fn pool(runs: u32, memory: u64) -> PoolingAllocationConfig {
    let kept = if PoolingAllocationConfig::is_pagemap_scan_available() { KEPT_BYTES } else { KEPT_BYTES_UNTOLD };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(runs)
        .total_core_instances(runs * CORE_INSTANCES_PER_RUN)
        .total_memories(runs * MEMORIES_PER_RUN)
        .total_tables(runs * TABLES_PER_RUN)
        .total_stacks(runs)
        .max_core_instances_per_component(CORE_INSTANCES_PER_RUN)
        .max_memories_per_component(MEMORIES_PER_RUN)
        .max_tables_per_component(TABLES_PER_RUN)
        .max_memories_per_module(MEMORIES_PER_RUN)
        .max_tables_per_module(TABLES_PER_RUN)
        .max_core_instance_size(CORE_INSTANCE_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(usize::try_from(memory).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(kept)
        .table_keep_resident(kept)
        .pagemap_scan(Enabled::Auto);
    pool
}
