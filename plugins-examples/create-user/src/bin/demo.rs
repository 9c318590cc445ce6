//! The demonstration as a program: `make demo` and `make run`.

use std::process::ExitCode;

use clap::Parser as _;
use create_user::demo::{self, args::Args};

#[tokio::main]
async fn main() -> ExitCode {
    demo::run(Args::parse()).await
}
