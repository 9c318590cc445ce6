//! Writes docs/bench/results.json, the charts, and the tables between the marks of docs/performance.md.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use super::{Results, chart, reach};
use crate::{Outcome, sections::Section};

/// Everything between these two lines is written by the bench.
const BEGIN: &str = "<!-- bench: from here on written by `make bench ARGS=--write-docs` -->";
const END: &str = "<!-- bench: end -->";

/// The project's folder `docs`.
fn folder() -> PathBuf {
    // The bench is built where it is run.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// What the docs hold now; nothing, where nothing was ever kept.
pub fn read() -> Outcome<Results> {
    let file = folder().join("bench/results.json");
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| format!("{}: {error}: delete it, and measure anew", file.display()).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Results::default()),
        Err(error) => Err(format!("{}: {error}", file.display()).into()),
    }
}

/// Put these results in place of the last.
pub fn write(results: &Results) -> Outcome<()> {
    let bench = folder().join("bench");
    fs::create_dir_all(&bench)?;
    fs::write(bench.join("results.json"), serde_json::to_string_pretty(results)? + "\n")?;
    let charts = chart::all(results);
    for (name, svg) in &charts {
        fs::write(bench.join(name), svg)?;
    }
    let file = folder().join("performance.md");
    let text = fs::read_to_string(&file)?;
    let new = between(&text, &tables(results, &charts)?)
        .ok_or_else(|| format!("{} lacks the lines {BEGIN:?} and {END:?}", file.display()))?;
    fs::write(&file, new)?;
    println!("written: {} and {}", file.display(), bench.display());
    Ok(())
}

fn tables(results: &Results, charts: &[(&str, String)]) -> Outcome<String> {
    let mut text = String::new();
    for (name, _) in charts {
        writeln!(text, "![{}](bench/{name})\n", chart::title(name))?;
    }
    writeln!(text, "### What was set out to be reached\n\n```text\n{}\n```\n", reach::lines(results).join("\n"))?;
    for section in Section::ALL {
        let Some(measured) = results.sections.get(section.key()) else { continue };
        let title = section.title();
        let mut letters = title.chars();
        let title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        writeln!(text, "### {title}\n\n```text\n{}\n```\n", measured.lines.join("\n"))?;
        writeln!(
            text,
            "*{}, at commit {}, on {}; {}.*\n",
            measured.at, measured.commit, measured.machine, measured.how
        )?;
    }
    Ok(text)
}

/// The text with what is between the marks replaced; none where it lacks them.
fn between(text: &str, new: &str) -> Option<String> {
    let begin = text.find(BEGIN)? + BEGIN.len();
    let end = begin + text[begin..].find(END)?;
    Some(format!("{}\n\n{}\n\n{}", &text[..begin], new.trim_end(), &text[end..]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = between(&text, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(between(&new, "new").unwrap(), new, "writing twice changes nothing");
        assert!(between("no marks", "new").is_none());
    }
}
