//! What each language costs: the examples, built by `make handlers`, loaded and run in one process, one after the other.
//!
//! ```sh
//! make bench-handlers        # or: cargo bench -p mpy6a-kit --bench handlers -- --runs 5000
//! ```
//!
//! A run is everything between "a session was claimed" and "its end goes to the writer": a fresh instance, the handler, its calls.
//! The `reminder` decodes one JSON record, reads a setting, writes a log line, and asks two operations of its session; nothing waits
//! for a disk or a network. Beside each figure stands what `docs/plugins.md` promises for a bare handler with two operations.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use mpy6a_kit::{
    cost::{self, LoadCost, RunCost},
    offline::{Setup, Workbench},
    scenario,
};

/// The languages, with what a bare handler with two session operations took on a machine with two cores: microseconds for a run,
/// milliseconds for a cold compile.
const LANGUAGES: [(&str, f64, f64); 5] =
    [("rust", 29.0, 24.0), ("c", 32.0, 7.0), ("js", 250.0, 850.0), ("go", 400.0, 800.0), ("python", 2_000.0, 6_400.0)];

const EXAMPLES: [&str; 2] = ["reminder", "create-user"];

fn main() {
    let runs = argument("--runs").map_or(2_000, |runs| runs.parse().expect("--runs takes a number"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for example in EXAMPLES {
        println!("\n{example}: {runs} runs in each language");
        println!("            run, µs               compile, ms    from    memory    size");
        println!("             p50     p99  ratio     cold  ratio  cache       KiB     KiB");
        for (language, run_us, compile_ms) in LANGUAGES {
            let file = handler(example, language);
            let (load, run) = runtime.block_on(measure(example, &file, runs));
            print_row(language, &file, &load, &run, (run_us, compile_ms));
        }
    }
    println!("\nratio: to a bare handler in the same language, as measured when the host was designed");
}

async fn measure(example: &str, file: &Path, runs: u32) -> (LoadCost, RunCost) {
    let scenarios = format!("{}/../../plugins-examples/{example}/scenarios.toml", env!("CARGO_MANIFEST_DIR"));
    let scenarios = scenario::read(scenarios.as_ref()).unwrap();
    let scenario = scenarios.first().unwrap();
    let setup = Setup::of_file(file.to_owned());
    let load = cost::of_loading(&setup).await.unwrap();
    let bench = Workbench::open(setup).await.unwrap().with_settings(&scenario.settings);
    let run = cost::of_running(&bench, &scenario.situation, runs).await.unwrap();
    assert!(run.outcome.is_returned(), "{}: {}", file.display(), run.outcome);
    (load, run)
}

#[allow(clippy::cast_precision_loss)]
fn print_row(language: &str, file: &Path, load: &LoadCost, run: &RunCost, (run_us, compile_ms): (f64, f64)) {
    let us = |quantile| run.nanos.value_at_quantile(quantile) as f64 / 1e3;
    let cold_ms = load.cold_us as f64 / 1e3;
    let kib = |bytes: u64| bytes.div_ceil(1 << 10);
    println!(
        "  {language:<8}{:>7.0} {:>7.0} {:>6.2} {cold_ms:>8.0} {:>6.2} {:>6.1} {:>9} {:>7}",
        us(0.5),
        us(0.99),
        us(0.5) / run_us,
        cold_ms / compile_ms,
        load.cached_us as f64 / 1e3,
        kib(run.memory_bytes),
        kib(std::fs::metadata(file).unwrap().len()),
    );
}

/// Where `make handlers` puts it.
fn handler(example: &str, language: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    let file = target.join("guests").join(format!("{example}-{language}.wasm"));
    assert!(file.exists(), "{} is missing: run `make handlers`", file.display());
    file
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    arguments.next()
}
