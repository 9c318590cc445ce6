//! A handler that does what a server tells it, for tests whose behaviour is drawn while they run.
//!
//! First it tells what it was handed: `POST {outside}/handed`, where `outside` is its setting, the facts in the query and the
//! records in the body, one a line. The answer is a script, one command a line:
//!
//! | command | what the handler does |
//! |---|---|
//! | `append TEXT`, `replace TEXT`, `delete`, `store`, `store N` | that, to its session |
//! | `tell` | `POST {outside}/still`: the host commits what was done so far before the request leaves |
//! | `retry WHY`, `permanent WHY` | ends the run with it |
//! | `trap`, `loop`, `memory` | ends the run the hard way; what was done since the last request is lost |
//!
//! After the last command it returns ok. A request without a good answer ends the run with `retry`, and a reason that
//! begins with `unheard`: nothing of what the script still asked for was done then.

use mpy6a_handler::{Failure, Repeat, http, settings};

mpy6a_handler::export!(handle);

/// What `memory` takes at a time, in bytes.
const BLOCK_BYTES: usize = 1 << 20;

fn handle(repeat: Repeat) -> Result<(), Failure> {
    let outside = settings::require("outside")?;
    let facts = about(&repeat, &outside, "handed")
        .query("kind", &repeat.kind().to_string())
        .query("repeat", &repeat.repeat().to_string())
        .query("stored-ms", &repeat.stored_ms().to_string())
        .query("due-ms", &repeat.due_ms().to_string())
        .query("records", &repeat.records().len().to_string());
    let script = heard(facts.body(repeat.records().join(&b'\n')))?;
    for command in script.lines() {
        let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
        obey(&repeat, &outside, word, rest)?;
    }
    Ok(())
}

fn obey(repeat: &Repeat, outside: &str, word: &str, rest: &str) -> Result<(), Failure> {
    match word {
        "append" => Ok(repeat.append(rest)?),
        "replace" => Ok(repeat.replace(rest)?),
        "delete" => Ok(repeat.delete()?),
        "store" if rest.is_empty() => Ok(repeat.store(None)?),
        "store" => Ok(repeat.store(std::time::Duration::from_secs(rest.parse()?))?),
        "tell" => heard(about(repeat, outside, "still")).map(drop),
        "retry" => Err(Failure::retry(rest)),
        "permanent" => Err(Failure::permanent(rest)),
        "trap" => trap(),
        "loop" => loop {
            std::hint::black_box(());
        },
        "memory" => {
            let mut blocks = Vec::new();
            loop {
                blocks.push(std::hint::black_box(vec![1_u8; BLOCK_BYTES]));
            }
        }
        _ => Err(Failure::permanent(format!("no such command: {word:?}"))),
    }
}

fn about(repeat: &Repeat, outside: &str, path: &str) -> http::Request {
    let request = http::post(format!("{outside}/{path}"));
    request.query("session", &repeat.session_id()).query("fence", &repeat.fence())
}

/// Send a request; what the server answered, if it answered well.
fn heard(request: http::Request) -> Result<String, Failure> {
    let unheard = |why: String| Failure::retry(format!("unheard: {why}"));
    let response = request.send().map_err(|error| unheard(error.to_string()))?;
    if response.status() == 200 { Ok(response.text().to_string()) } else { Err(unheard(response.status().to_string())) }
}

#[cfg(target_arch = "wasm32")]
fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

/// Natively there is no host that would survive it.
#[cfg(not(target_arch = "wasm32"))]
fn trap() -> ! {
    std::process::abort()
}
