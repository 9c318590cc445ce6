//! What is measured, section by section. Each prints its own table.

mod dialled;
mod floor;
mod head;
mod peers;
mod repeats;
mod scale;
mod soak;
mod storm;
mod stream;
mod unary;

use clap::ValueEnum;

use crate::{
    Outcome,
    args::Args,
    daemon,
    report::{Measured, Results, docs, reach},
    rounds::Rounds,
};

/// How many are in flight: nobody waits, some, many, more than helps.
const IN_FLIGHT: [usize; 4] = [1, 16, 64, 256];

/// The sections.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Section {
    Floor,
    Unary,
    Stream,
    Peers,
    Dialled,
    Repeats,
    Storm,
    Scale,
    Scale10m,
    Soak,
}

impl Section {
    /// In the order in which they run.
    pub const ALL: [Self; 10] = [
        Self::Floor,
        Self::Unary,
        Self::Stream,
        Self::Peers,
        Self::Dialled,
        Self::Repeats,
        Self::Storm,
        Self::Scale,
        Self::Scale10m,
        Self::Soak,
    ];

    /// How the command line and the results call it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Unary => "unary",
            Self::Stream => "stream",
            Self::Peers => "peers",
            Self::Dialled => "dialled",
            Self::Repeats => "repeats",
            Self::Storm => "storm",
            Self::Scale => "scale",
            Self::Scale10m => "scale10m",
            Self::Soak => "soak",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Floor => "the floor: this disk and bare gRPC",
            Self::Unary => "workflows, one call at a time, beside a bare echo",
            Self::Stream => "workflows on one Operate stream, beside a raw log of the same bytes",
            Self::Peers => "the same workflow in the systems that people would use instead",
            Self::Dialled => "a repeat in process, beside the same handler dialled over gRPC",
            Self::Repeats => "repeats a second, and how late they start",
            Self::Storm => "100,000 leases that end at once",
            Self::Scale => "10 thousand and 1 million stored sessions",
            Self::Scale10m => "10 million stored sessions",
            Self::Soak => "ten minutes of mixed load",
        }
    }

    /// Whether it takes many minutes.
    pub fn is_long(self) -> bool {
        matches!(self, Self::Scale10m | Self::Soak)
    }

    async fn measure(self, args: &Args, out: &mut Measured) -> Outcome<()> {
        let rounds = Rounds { slice: args.slice(), rounds: args.rounds };
        match self {
            Self::Floor => floor::run(rounds, out).await,
            Self::Unary => unary::run(rounds, out).await,
            Self::Stream => stream::run(rounds, out).await,
            Self::Peers => peers::run(rounds, &args.peers, out).await,
            Self::Dialled => dialled::run(out).await,
            Self::Repeats => repeats::run(rounds, out).await,
            Self::Storm => storm::run(out).await,
            Self::Scale => scale::run(rounds, &[10_000, 1_000_000], out).await,
            Self::Scale10m => scale::run(rounds, &[10_000, 10_000_000], out).await,
            Self::Soak => soak::run(args.minutes, out).await,
        }
    }
}

/// Measure what was asked for. A section that fails does not stop the others.
pub async fn run(args: &Args) -> Outcome<()> {
    if args.redraw {
        return docs::write(&docs::read()?);
    }
    let (mut results, mut failed) = (Results::default(), Vec::new());
    for section in args.sections() {
        println!("\n== {} ==\n", section.title());
        let mut measured = head::head(args)?;
        match section.measure(args, &mut measured).await {
            Ok(()) => {
                results.sections.insert(section.key().to_owned(), measured);
            }
            Err(error) => {
                println!("failed: {error}");
                failed.push(section.key());
            }
        }
    }
    println!("\n== what was set out to be reached ==\n\n{}", reach::lines(&results).join("\n"));
    keep(args, results)?;
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {}", failed.join(", ")).into()),
    }
}

fn keep(args: &Args, results: Results) -> Outcome<()> {
    let file = match &args.json {
        Some(file) => file.clone(),
        None => daemon::build_folder()?.join("bench.json"),
    };
    std::fs::write(&file, serde_json::to_string_pretty(&results)? + "\n")?;
    println!("\nall figures: {}", file.display());
    if args.write_docs {
        let mut kept = docs::read()?;
        kept.sections.extend(results.sections);
        docs::write(&kept)?;
    }
    Ok(())
}
