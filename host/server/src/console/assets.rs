//! The page: the files in `page/`, built into the program as they are. Nothing is made from them, and nothing comes from elsewhere.
//!
//! A browser keeps them, but asks each time whether they are still the same: a host of another version has another page.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::answer;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file of the page.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset { name: $name, kind: $kind, bytes: include_bytes!(concat!("page/", $name)) }
    };
}

/// All of them.
const ASSETS: &[Asset] = &[
    asset!("index.html", HTML),
    asset!("colours.css", CSS),
    asset!("style.css", CSS),
    asset!("icon.svg", SVG),
    asset!("act.js", SCRIPT),
    asset!("api.js", SCRIPT),
    asset!("bulk.js", SCRIPT),
    asset!("bytes.js", SCRIPT),
    asset!("confirm.js", SCRIPT),
    asset!("dom.js", SCRIPT),
    asset!("dryrun.js", SCRIPT),
    asset!("filter.js", SCRIPT),
    asset!("keys.js", SCRIPT),
    asset!("kinds.js", SCRIPT),
    asset!("list.js", SCRIPT),
    asset!("main.js", SCRIPT),
    asset!("metrics.js", SCRIPT),
    asset!("pulse.js", SCRIPT),
    asset!("rates.js", SCRIPT),
    asset!("records.js", SCRIPT),
    asset!("route.js", SCRIPT),
    asset!("session.js", SCRIPT),
    asset!("theme.js", SCRIPT),
    asset!("token.js", SCRIPT),
    asset!("words.js", SCRIPT),
    asset!("wrong.js", SCRIPT),
];

/// The digest of each, by which a browser asks whether it has the file already.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tag = |asset: &Asset| format!("\"{}\"", hex::encode(&Sha256::digest(asset.bytes)[..16]));
    ASSETS.iter().map(tag).collect()
});

/// `/`: the page.
pub async fn index(headers: HeaderMap) -> Response {
    serve("index.html", &headers)
}

/// `/console/{file}`: what it consists of.
pub async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    serve(&name, &headers)
}

fn serve(name: &str, headers: &HeaderMap) -> Response {
    let Some((asset, tag)) = ASSETS.iter().zip(TAGS.iter()).find(|(asset, _)| asset.name == name) else {
        return answer::missing("the console has no such file: open / and let the page load what it needs");
    };
    let has = headers.get(header::IF_NONE_MATCH).and_then(|given| given.to_str().ok());
    let is_known = has.is_some_and(|tags| tags.split(',').any(|it| it.trim().trim_start_matches("W/") == tag));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { asset.bytes.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/console/page");
        let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        let mut served: Vec<&str> = ASSETS.iter().map(|asset| asset.name).collect();
        names.sort();
        served.sort_unstable();
        assert_eq!(names, served);
    }

    #[test]
    fn the_filter_offers_every_outcome_there_is() {
        let filter = ASSETS.iter().find(|asset| asset.name == "filter.js").unwrap();
        let text = std::str::from_utf8(filter.bytes).unwrap();
        let (_, list) = text.split_once("const OUTCOMES = [").unwrap();
        let offered: Vec<&str> = list.split_once(']').unwrap().0.split('"').skip(1).step_by(2).collect();
        assert_eq!(offered, mpy6a_sessions::Outcome::NAMES);
    }

    #[test]
    fn the_page_names_nothing_elsewhere_and_has_nothing_inline() {
        for asset in ASSETS {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            let foreign = text.match_indices("://").find(|(at, _)| !text[*at..].starts_with("://www.w3.org/2000/svg"));
            assert_eq!(foreign, None, "{}: an address", asset.name);
            for word in
                ["style=", "<style", "onclick=", "javascript:", "innerHTML", "outerHTML", "insertAdjacent", "eval("]
            {
                assert!(!text.contains(word), "{}: {word}", asset.name);
            }
        }
    }
}
