//! All of it without a mouse.

use super::browser::Browser;
use crate::harness::{Config, Host, Kind, shown};

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";

async fn focused(page: &Browser) -> String {
    let script = "const it = document.activeElement; return it.id || it.dataset.focus || it.name || it.tagName";
    page.js(script).await.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn from_the_first_look_to_a_deleted_session_with_keys_alone() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let mut ids = Vec::new();
    for why in ["permanent one", "permanent two", "permanent three"] {
        ids.push(host.left(1, &[why]).await);
        host.parked(ids[ids.len() - 1]).await;
    }
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    page.says("#kinds", "k1").await;
    page.press(TAB).await;
    assert_eq!(focused(&page).await, "skip", "the first stop skips what is the same everywhere");
    page.press(ENTER).await;
    assert_eq!(focused(&page).await, "main");

    page.press("?").await;
    page.says("#dialog", "to the filter").await;
    page.press(ESCAPE).await;
    page.is("!document.getElementById('dialog').open").await;
    page.press("j").await;
    assert_eq!(focused(&page).await, "1", "the first kind");
    page.press(ENTER).await;
    page.says("#paging", "3 sessions").await;

    page.press("j").await;
    page.press("j").await;
    page.press("\u{e015}").await;
    assert_eq!(focused(&page).await, shown(ids[2]), "two by letter, one by arrow");
    page.press("j").await;
    assert_eq!(focused(&page).await, shown(ids[2]), "the end is the end");
    page.press("k").await;
    assert_eq!(focused(&page).await, shown(ids[1]));
    let ring = page.js("return getComputedStyle(document.activeElement).outlineStyle").await;
    assert_eq!(ring, "solid", "what has the focus is seen");
    page.press(ENTER).await;
    page.says("#waits", "two").await;
    assert_eq!(focused(&page).await, "session-title");

    page.press("x").await;
    page.says("#dialog", "for ever").await;
    page.press(TAB).await;
    assert_eq!(focused(&page).await, "confirm-yes");
    page.press(ENTER).await;
    host.gone(ids[1]).await;
    page.says("#session", "It is not there").await;
    page.press(ESCAPE).await;
    page.says("#paging", "2 sessions").await;

    page.press("/").await;
    page.is("document.activeElement.id === 'filter-cause'").await;
    page.press("three\u{e007}").await;
    page.says("#paging", "1 session").await;
    page.press(ESCAPE).await;
    assert_eq!(focused(&page).await, "BODY");
    page.press("1").await;
    page.says("#kinds", "k1").await;
    page.press("2").await;
    page.says("#paging", "2 sessions").await;
}

#[tokio::test]
async fn the_focus_stays_while_the_page_looks_again_and_goes_back_where_it_was() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let first = host.open(1, "x").await.id.unwrap();
    let second = host.open(1, "x").await.id.unwrap();
    let page = Browser::open(&format!("{}/#/sessions", host.admin_url())).await;
    page.says("#paging", "2 sessions").await;
    page.press("j").await;
    page.press("j").await;
    assert_eq!(focused(&page).await, shown(second));
    host.open(1, "x").await;
    page.says("#paging", "3 sessions").await;
    assert_eq!(focused(&page).await, shown(second), "the list was drawn anew around it");
    page.press(ENTER).await;
    page.says("#session-title", &shown(second)).await;
    page.press(ESCAPE).await;
    page.is(&format!("document.activeElement.dataset.focus === '{}'", shown(second))).await;
    page.press("k").await;
    assert_eq!(focused(&page).await, shown(first));
}
