//! Service A as a program: keeps users.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use create_user::{
    service::program::{Options, run},
    service_a,
};

/// Service A of the example: keeps users, in a SQLite file, over HTTP.
#[derive(Parser)]
struct CommandLine {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let CommandLine { listen, options } = CommandLine::parse();
    run("service-a", listen, options, service_a::routes).await
}
