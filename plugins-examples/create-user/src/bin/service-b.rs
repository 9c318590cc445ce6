//! Service B as a program: indexes and searches users.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use create_user::{
    service::program::{Options, run},
    service_b,
};

/// Service B of the example: indexes users and searches them, in a SQLite file, over HTTP.
#[derive(Parser)]
struct CommandLine {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8082")]
    listen: SocketAddr,
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let CommandLine { listen, options } = CommandLine::parse();
    run("service-b", listen, options, service_b::routes).await
}
