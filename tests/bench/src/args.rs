//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;

use crate::{echo, sections::Section};

/// Measure mpy6a beside the disk, bare gRPC, and the systems that people would use instead.
#[derive(Parser)]
#[command(after_help = after_help())]
pub struct Args {
    /// Length of each slice of time in which one thing is measured
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    pub seconds: f64,

    /// How many times those that are compared take turns; the median turn is reported
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub rounds: u32,

    /// Only these sections, by name, with commas
    #[arg(long, value_delimiter = ',', conflicts_with = "all")]
    pub only: Vec<Section>,

    /// The long sections too
    #[arg(long)]
    pub all: bool,

    /// Only these peers, by name, with commas
    #[arg(long, value_delimiter = ',')]
    pub peers: Vec<String>,

    /// Put what was measured into docs/performance.md and docs/bench/, each section in place of its last
    #[arg(long)]
    pub write_docs: bool,

    /// Write docs/performance.md and the charts again from docs/bench/results.json, and measure nothing
    #[arg(long, conflicts_with_all = ["only", "all", "write_docs"])]
    pub redraw: bool,

    /// Where the results go as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// How long the soak is
    #[arg(long, default_value_t = 10.0)]
    pub minutes: f64,

    /// Be the echo server (the bench starts itself so)
    #[arg(long = echo::FLAG, hide = true, value_name = "ADDRESS")]
    pub serve_echo: Option<SocketAddr>,

    /// Be the dialled handler, with this host behind it (likewise)
    #[arg(long = echo::BEHIND_FLAG, hide = true, value_name = "URL")]
    pub delete_at: Option<String>,
}

impl Args {
    pub fn slice(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// The sections to run, in order.
    pub fn sections(&self) -> Vec<Section> {
        let wanted = |section: &Section| match self.only.is_empty() {
            true => self.all || !section.is_long(),
            false => self.only.contains(section),
        };
        Section::ALL.into_iter().filter(wanted).collect()
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0.1 to 600".to_owned()),
    }
}

fn after_help() -> String {
    let mut text = "Sections:".to_owned();
    for section in Section::ALL {
        let long = if section.is_long() { " (long: with --all, or by name)" } else { "" };
        text += &format!("\n  {:<10} {}{long}", section.key(), section.title());
    }
    text
}
