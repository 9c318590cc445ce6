//! Asks A and B what there is, over HTTP, as anybody could.

use std::collections::HashMap;

use tokio::task::JoinSet;

use super::{
    Trouble,
    check::{Findings, texts_to_search},
    stage::Stage,
    users_csv::Row,
};
use crate::calls::{ServiceB, Unclear};

/// How many searches are under way at the same time.
const SEARCHES_IN_FLIGHT: usize = 8;

/// Everything that [`super::check::check`] needs to know.
pub async fn findings(stage: &Stage, rows: &[Row]) -> Result<Findings, Trouble> {
    let mut findings = Findings { kept: stage.a.list().await?, indexed: stage.b.list().await?, found: HashMap::new() };
    let mut searches = JoinSet::new();
    let mut texts = texts_to_search(rows).into_iter();
    loop {
        while searches.len() < SEARCHES_IN_FLIGHT
            && let Some(text) = texts.next()
        {
            searches.spawn(search(stage.b.clone(), text.to_owned()));
        }
        let Some(found) = searches.join_next().await else { return Ok(findings) };
        let (text, found) = found?;
        let found = found.map_err(|why| format!("B cannot be searched for {text:?}: {why}"))?;
        findings.found.insert(text, found);
    }
}

async fn search(b: ServiceB, text: String) -> (String, Result<Vec<crate::user::User>, Unclear>) {
    let found = b.search(&text).await;
    (text, found)
}
