//! Creates one user through the pipe, and shows the steps: for `make run`.

use std::process::ExitCode;

use clap::Parser;
use create_user::{
    calls::{ServiceA, ServiceB},
    client::{Creator, Step},
    demo::{Trouble, config::KIND},
    user::NewUser,
};

/// Create one user through mpy6a, and show each step.
#[derive(Parser)]
struct Args {
    /// The user's nick, unique.
    #[arg(long)]
    nick: String,
    /// What the user is called.
    #[arg(long, default_value = "")]
    name: String,
    /// Where mail goes.
    #[arg(long, default_value = "")]
    mail: String,
    /// Die, as if killed, when this step begins.
    #[arg(long)]
    die_at: Option<Step>,
    /// The host.
    #[arg(long, default_value = "http://127.0.0.1:7340")]
    host: String,
    /// Service A.
    #[arg(long, default_value = "http://127.0.0.1:8081")]
    a: String,
    /// Service B.
    #[arg(long, default_value = "http://127.0.0.1:8082")]
    b: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Trouble> {
    let Args { nick, name, mail, die_at, host, a, b } = args;
    let truba = mpy6a_client::Client::connect(host)?;
    let creator = Creator { truba, kind: KIND, a: ServiceA::new(&a)?, b: ServiceB::new(&b)? };
    let begins = |step: Step| {
        println!("{}", words(step));
        if die_at == Some(step) {
            println!("dead. Now look at the host's log.");
            // Not a return: nothing is dropped, nothing is said to anybody, exactly as when a process is killed.
            std::process::exit(1);
        }
    };
    let user = creator.create(&NewUser { nick, name, mail }, begins).await?;
    println!("created user {}", user.id);
    Ok(())
}

fn words(step: Step) -> &'static str {
    match step {
        Step::Open => "1. opening a session",
        Step::RecordUser => "2. recording the user",
        Step::Create => "3. creating the user in A",
        Step::Store => "4. that failed: storing the session",
        Step::RecordId => "5. recording the user's id",
        Step::Index => "6. indexing the user in B",
        Step::Delete => "9. deleting the session",
    }
}
