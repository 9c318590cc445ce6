//! A handler that behaves as its first record asks: a word, and after a space its arguments.
//!
//! What a test wants to read comes back as the reason of `permanent`, written below as *permanent: text*.
//!
//! | record | what the handler does |
//! |---|---|
//! | `delete` | deletes the session |
//! | `store` or `store N` | stores it, for the kind's delay or for N seconds; if refused *permanent: why* |
//! | `nothing` | returns ok without finishing anything |
//! | `retry REASON`, `permanent REASON` | fails with it |
//! | `append TEXT` | appends a record and finishes nothing |
//! | `replace TEXT` | replaces all records and finishes nothing |
//! | `append-then-retry TEXT` | appends a record and fails with `retry` |
//! | `append-then-trap TEXT` | appends a record and traps: the record must be lost |
//! | `append-after-delete TEXT` | deletes, appends; *permanent: what the append got* |
//! | `store-then-append TEXT` | stores for 1 s, appends; *permanent: what the append got* |
//! | `delete-then-trap`, `delete-then-http URL` | deletes, and then that; of HTTP *permanent: the outcome* |
//! | `big-record N` | appends a record of N bytes; *permanent: what it got* |
//! | `fill N` | appends records of N bytes until one is refused; *permanent: how many, and why* |
//! | `facts` | *permanent: all that it was given, as `name=value; …`* |
//! | `setting KEY` | *permanent: the setting* |
//! | `trap` | executes `unreachable` |
//! | `panic` | panics with the message "asked to panic" |
//! | `loop` | computes for ever |
//! | `recurse` | recurses until the call stack ends |
//! | `memory` | grows its memory for ever |
//! | `pollables` | makes the host keep one more resource, for ever |
//! | `log N` | writes N bytes of log in lines of 1 KiB, then deletes |
//! | `stdout TEXT`, `stderr TEXT` | writes TEXT and a newline there, then deletes |
//! | `sleep MS` | waits in the host for so many milliseconds, then deletes |
//! | `http URL`, `http-step STEP URL` | GET through the contract's `http.send`; *permanent: the outcome* |
//! | `wasi-http URL` | GET through `wasi:http/outgoing-handler`; *permanent: the outcome* |
//! | `wasi-http-header NAME URL`, `wasi-http-connect URL` | the same with that header; as CONNECT |
//! | `append-then-http-then-trap TEXT URL` | appends, GETs, traps: the record must be kept, for the request left |
//! | `append-then-wasi-http-then-trap TEXT URL` | the same through `wasi:http` |
//!
//! An outcome of HTTP is `STATUS BODY`, or the error as Rust's `Debug` prints it. Anything else in the record, or no
//! record, is *permanent* and says so.
#![cfg(target_arch = "wasm32")]

mod greedy;
mod outside;
mod session;

use mpy6a_handler::{Failure, OrFail, Repeat, settings};

mpy6a_handler::export!(handle);

fn handle(repeat: Repeat) -> Result<(), Failure> {
    let first = repeat.records().first().or_permanent("the first record says what to do")?;
    let first = str::from_utf8(first)?;
    let (word, rest) = first.split_once(' ').unwrap_or((first, ""));
    match word {
        "delete" => Ok(repeat.delete()?),
        "store" => session::store(&repeat, rest),
        "nothing" => Ok(()),
        "retry" => Err(Failure::retry(rest)),
        "permanent" => Err(Failure::permanent(rest)),
        "append" => Ok(repeat.append(rest)?),
        "replace" => Ok(repeat.replace(rest)?),
        "append-then-retry" => repeat.append(rest).map_err(Failure::from).and(Err(Failure::retry("asked to"))),
        "append-then-trap" => repeat.append(rest).map_err(Failure::from).and_then(|()| greedy::trap()),
        "append-after-delete" => session::append_after(&repeat, repeat.delete(), rest),
        "store-then-append" => session::append_after(&repeat, repeat.store(session::SECOND), rest),
        "delete-then-trap" => repeat.delete().map_err(Failure::from).and_then(|()| greedy::trap()),
        "delete-then-http" => repeat.delete().map_err(Failure::from).and_then(|()| told(outside::send(rest, None))),
        "big-record" => told(format!("{:?}", repeat.append(vec![b'x'; rest.parse()?]))),
        "fill" => told(session::fill(&repeat, rest.parse()?)),
        "facts" => told(session::facts(&repeat)),
        "setting" => told(format!("{:?}", settings::get(rest)?)),
        _ => outside(&repeat, word, rest),
    }
}

/// The rest of the table: what leaves the session alone.
fn outside(repeat: &Repeat, word: &str, rest: &str) -> Result<(), Failure> {
    match word {
        "trap" => greedy::trap(),
        "panic" => greedy::panic(),
        "loop" => greedy::compute(),
        "recurse" => told(format!("came back with {}", greedy::recurse(1))),
        "memory" => greedy::allocate(),
        "pollables" => greedy::keep_pollables(),
        "log" => greedy::log(rest).and_then(|()| Ok(repeat.delete()?)),
        "stdout" => outside::print(&wasip2::cli::stdout::get_stdout(), rest).and_then(|()| Ok(repeat.delete()?)),
        "stderr" => outside::print(&wasip2::cli::stderr::get_stderr(), rest).and_then(|()| Ok(repeat.delete()?)),
        "sleep" => outside::sleep(rest).and_then(|()| Ok(repeat.delete()?)),
        "http" => told(outside::send(rest, None)),
        "http-step" => two(rest).and_then(|(step, url)| told(outside::send(url, Some(step)))),
        "wasi-http" => told(outside::send_wasi(rest)),
        "wasi-http-header" => two(rest).and_then(|(header, url)| told(outside::send_wasi_with(header, url))),
        "wasi-http-connect" => told(outside::connect_wasi(rest)),
        "append-then-http-then-trap" => {
            let (text, url) = two(rest)?;
            repeat.append(text)?;
            outside::send(url, None);
            greedy::trap()
        }
        "append-then-wasi-http-then-trap" => {
            let (text, url) = two(rest)?;
            repeat.append(text)?;
            outside::send_wasi(url);
            greedy::trap()
        }
        _ => Err(Failure::permanent(format!("no such behaviour: {word:?}"))),
    }
}

/// End the run with what a test wants to read.
fn told(outcome: String) -> Result<(), Failure> {
    Err(Failure::Permanent(outcome))
}

fn two(arguments: &str) -> Result<(&str, &str), Failure> {
    arguments.split_once(' ').or_permanent("two arguments")
}
