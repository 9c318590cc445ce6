//! The fields of a scenario file become values.

use std::{
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use mpy6a_plugins::shown;

use super::{
    START_MS, Scenario, ScenarioError,
    expect::{Expected, OUTCOMES},
    format::{Entry, Expect, File, Http, Record},
};
use crate::{offline::life::Situation, outside::answer::Answer};

pub(super) fn file(path: &Path, file: File) -> Result<Vec<Scenario>, ScenarioError> {
    let start_ms = match &file.start {
        None => START_MS,
        Some(datetime) => unix_ms(&datetime.to_string()).map_err(|why| value(path, "start", &why))?,
    };
    let common = answers(path, "[[http]]", file.http)?;
    let mut scenarios = Vec::new();
    for entry in file.scenario {
        let name = entry.name.clone();
        let mut scenario = scenario(entry).map_err(|why| value(path, &name, &why))?;
        scenario.situation.start_ms = start_ms;
        scenario.situation.seed = file.seed;
        scenario.situation.answers.extend(common.iter().cloned());
        let mut settings = file.settings.clone();
        settings.append(&mut scenario.settings);
        scenario.settings = settings;
        scenarios.push(scenario);
    }
    Ok(scenarios)
}

pub(super) fn answers(path: &Path, name: &str, http: Vec<Http>) -> Result<Vec<Answer>, ScenarioError> {
    http.into_iter().map(answer).collect::<Result<_, _>>().map_err(|why| value(path, name, &why))
}

fn value(path: &Path, name: &str, why: &str) -> ScenarioError {
    let (name, why) = (shown::line(name, shown::NAME_BYTES_MAX), shown::line(why, shown::MESSAGE_BYTES_MAX));
    ScenarioError::Value { path: path.to_owned(), name, why }
}

fn unix_ms(text: &str) -> Result<u64, String> {
    let time = humantime::parse_rfc3339(text)
        .map_err(|_| format!("`{text}` is no time with a zone: write it like 2026-01-01T00:00:00Z"))?;
    let since = time.duration_since(UNIX_EPOCH).map_err(|_| format!("`{text}` is before 1970"))?;
    u64::try_from(since.as_millis()).map_err(|error| error.to_string())
}

fn scenario(entry: Entry) -> Result<Scenario, String> {
    if entry.runs == 0 {
        return Err("`runs` is 0: let at least one run end".to_owned());
    }
    if entry.max_repeats == Some(0) {
        return Err("`max_repeats` is 0: allow at least one".to_owned());
    }
    let situation = Situation {
        records: records(entry.records)?,
        traceparent: entry.traceparent,
        answers: entry.http.into_iter().map(answer).collect::<Result<_, _>>()?,
        start_ms: 0,
        runs: entry.runs,
        seed: 0,
    };
    Ok(Scenario {
        name: entry.name,
        situation,
        settings: entry.settings,
        max_repeats: entry.max_repeats,
        crash: entry.crash,
        invariants: entry.invariant,
        expected: expected(entry.expect)?,
    })
}

fn expected(expect: Expect) -> Result<Expected, String> {
    if let Some(outcome) = expect.outcome.as_deref().filter(|outcome| !OUTCOMES.contains(outcome)) {
        return Err(format!("`outcome` is `{outcome}`: write one of {}", OUTCOMES.join(", ")));
    }
    Ok(Expected {
        outcome: expect.outcome,
        reason: expect.reason,
        operations: expect.operations,
        requests: expect.requests,
        records: expect.records.map(records).transpose()?,
        log: expect.log,
    })
}

fn records(records: Vec<Record>) -> Result<Vec<Bytes>, String> {
    let bytes = |record| match record {
        Record::Text(text) => Ok(Bytes::from(text)),
        Record::Hex { hex: text } => {
            hex::decode(&text).map(Bytes::from).map_err(|error| format!("`{text}` is no hex: {error}"))
        }
    };
    records.into_iter().map(bytes).collect()
}

fn answer(http: Http) -> Result<Answer, String> {
    let header = |(name, value): (String, String)| {
        let wrong = || format!("the header `{name}` cannot be sent: check name and value");
        let parsed =
            (HeaderName::try_from(&name).map_err(|_| wrong())?, HeaderValue::try_from(&value).map_err(|_| wrong())?);
        Ok::<_, String>(parsed)
    };
    let duration = |text: String| -> Result<Duration, String> {
        humantime::parse_duration(&text).map_err(|_| format!("`{text}` is no duration: write it like 250ms"))
    };
    Ok(Answer {
        method: http.method.map(|method| method.to_uppercase()),
        url: http.url,
        when: http.when,
        unless: http.unless,
        sets: http.sets,
        delay: http.delay.map(duration).transpose()?,
        fails: http.fails,
        status: StatusCode::from_u16(http.status).map_err(|_| format!("{} is no status", http.status))?,
        headers: http.headers.into_iter().map(header).collect::<Result<_, _>>()?,
        body: Bytes::from(http.body),
        effect: http.effect,
    })
}
