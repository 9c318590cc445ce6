//! `mpy6a token`: tokens for `[[access]]`. Asks no host; a token is kept nowhere.

use std::{
    io::{self, Read as _},
    process::ExitCode,
};

use clap::Subcommand;

use crate::{
    auth::token::{self, shown},
    limits::{TOKEN_BYTES_MAX, TOKEN_BYTES_MIN},
};

/// What to do about tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token. Printed once: the token itself to stdout, the line for the config to stderr.
    New,
    /// Read a token from stdin and print the line for the config.
    Hash,
}

/// Do it. Ends with 0 if it is done, else with 1.
pub fn run(command: &Command) -> ExitCode {
    match command {
        Command::New => {
            let token = token::new();
            outln!("{token}");
            errln!("the line for [[access]] in the config:\n{}", line(&token));
            ExitCode::SUCCESS
        }
        Command::Hash => match hash(io::stdin().lock()) {
            Ok(line) => {
                outln!("{line}");
                ExitCode::SUCCESS
            }
            Err(why) => {
                errln!("{why}");
                ExitCode::FAILURE
            }
        },
    }
}

fn line(token: &str) -> String {
    format!("token = \"{}\"", shown(&token::digest(token.as_bytes())))
}

/// The line for a token that is read.
fn hash(input: impl io::Read) -> Result<String, String> {
    let mut text = String::new();
    let most = u64::try_from(TOKEN_BYTES_MAX).unwrap_or(u64::MAX) + 2;
    let read = input.take(most).read_to_string(&mut text);
    read.map_err(|error| format!("stdin cannot be read as text ({error}): give a token of letters and digits"))?;
    let token = text.trim();
    if !(TOKEN_BYTES_MIN..=TOKEN_BYTES_MAX).contains(&token.len()) {
        return Err(format!(
            "a token has {TOKEN_BYTES_MIN} to {TOKEN_BYTES_MAX} bytes: make one with `mpy6a token new`, and pass it on stdin"
        ));
    }
    if token.chars().any(|c| !c.is_ascii_graphic()) {
        return Err(
            "a token has no spaces and only plain letters, digits and signs: make one with `mpy6a token new`".into()
        );
    }
    Ok(line(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_is_refused_and_never_repeated() {
        let long = "x".repeat(TOKEN_BYTES_MAX + 1);
        for text in ["", "hunter2", "two words that are long enough", "schlüssel-schlüssel-schlüssel", &long] {
            let why = hash(text.as_bytes()).err().unwrap_or_default();
            assert!(why.contains("mpy6a token new") && (text.is_empty() || !why.contains(text)), "{text}: {why}");
        }
    }

    #[test]
    fn the_line_has_the_digest_of_the_token_without_its_line_end() {
        let token = token::new();
        assert_eq!(hash(format!("{token}\n").as_bytes()), Ok(line(&token)));
        assert!(!line(&token).contains(&token));
    }
}
