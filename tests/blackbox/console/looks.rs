//! Both themes have enough contrast, everything has a name, and nothing is cut off, from 360 pixels on.

use serde_json::json;

use super::{browser::Browser, scenes};
use crate::harness::shown;

/// Every text that is seen with less contrast to what is behind it than WCAG's AA asks: 4.5, or 3 where it is large.
const TOO_FAINT: &str = "
    const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const light = ([red, green, blue]) => [red, green, blue]
        .map((it) => it / 255).map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
        .reduce((sum, it, at) => sum + it * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (element) => {
        for (let it = element; it; it = it.parentElement) {
            const ground = channels(getComputedStyle(it).backgroundColor);
            if (ground.length === 3 || ground[3] === 1) return ground;
        }
        return [255, 255, 255];
    };
    const found = [];
    let looked = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest('noscript, #said')) continue;
        looked += 1;
        const style = getComputedStyle(element);
        const [one, other] = [light(channels(style.color)), light(behind(element))].sort((a, b) => b - a);
        const contrast = (one + 0.05) / (other + 0.05);
        if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${element.tagName}.${element.className}: ${walker.currentNode.textContent.slice(0, 30)}`);
    }
    return looked > 20 ? found : [`only ${looked} texts were seen`];
";

/// Everything that takes the focus, and has no name that a screen reader could say; and what has a role that its parts do not fit.
const NAMELESS: &str = "
    const named = (element) => {
        const by = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join('');
        const label = element.labels?.length ? [...element.labels].map((it) => it.textContent).join('') : '';
        return Boolean((element.getAttribute('aria-label') || by || label || element.textContent || element.title).trim());
    };
    const all = [...document.querySelectorAll('a, button, input, select, section, nav, dialog, [tabindex=\"0\"]')];
    return all.filter((element) => element.checkVisibility() && !named(element)).map((element) => element.outerHTML.slice(0, 80));
";

/// Everything that is seen and reaches over the edge of what it stands in.
const CUT_OFF: &str = "
    const over = (part) => [...part.querySelectorAll('*')].filter((element) => {
        const [inner, outer] = [element.getBoundingClientRect(), part.getBoundingClientRect()];
        return element.checkVisibility() && inner.width > 0 && (inner.right > outer.right || inner.left < outer.left);
    });
    const parts = [...document.querySelectorAll('header, section:not([hidden]), dialog[open]')];
    return parts.flatMap((part) => over(part).map((element) => `${part.id}: ${element.outerHTML.slice(0, 80)}`));
";

async fn check(page: &Browser, where_: &str) {
    for dark in [false, true] {
        page.dark(dark).await;
        assert_eq!(page.js(TOO_FAINT).await, json!([]), "{where_}, dark: {dark}");
    }
    assert_eq!(page.js(NAMELESS).await, json!([]), "{where_}");
    let twice = "const ids = [...document.querySelectorAll('[id]')].map((it) => it.id); return ids.filter((id, at) => ids.indexOf(id) !== at)";
    assert_eq!(page.js(twice).await, json!([]), "{where_}: each id once");
    for width in [360, 390, 700, 1000, 1280, 1600] {
        page.resize(width, 800).await;
        let wide = page.js("return document.documentElement.scrollWidth").await.as_u64().unwrap();
        assert!(wide <= u64::from(width), "{where_}: {wide} pixels at {width}");
        assert_eq!(page.js(CUT_OFF).await, json!([]), "{where_}, {width} pixels wide");
    }
}

#[tokio::test]
async fn every_view_can_be_read_in_both_themes_and_at_every_width() {
    let scene = scenes::troubled().await;
    let page = Browser::open(&format!("{}/", scene.host.admin_url())).await;
    page.says("#wrong", "late by").await;
    page.says("#kinds", "create-user").await;
    check(&page, "kinds").await;
    page.go("#/sessions").await;
    page.says("#rows", "out of repeats").await;
    check(&page, "sessions").await;
    page.resize(1600, 800).await;
    page.go(&format!("#/sessions/{}?kind=1", shown(scene.parked))).await;
    page.says("#attempts", "repeat 3").await;
    page.says("#rows", "out of repeats").await;
    check(&page, "a session").await;
    page.click("[data-act=delete]").await;
    page.says("#dialog", "for ever").await;
    check(&page, "a question").await;
    page.click("#confirm-no").await;
    page.click("#help").await;
    page.says("#dialog", "to the filter").await;
    check(&page, "the keys").await;
}

#[tokio::test]
async fn the_theme_is_the_systems_until_a_person_chooses_and_is_remembered() {
    let scene = scenes::troubled().await;
    let page = Browser::open(&format!("{}/", scene.host.admin_url())).await;
    page.says("#kinds", "create-user").await;
    let ground = async || page.js("return getComputedStyle(document.documentElement).backgroundColor").await;
    page.dark(false).await;
    let light = ground().await;
    page.dark(true).await;
    let dark = ground().await;
    assert_ne!(light, dark, "as the system has it");
    page.says("#theme", "Theme: system").await;
    page.click("#theme").await;
    page.says("#theme", "Theme: dark").await;
    page.click("#theme").await;
    page.says("#theme", "Theme: light").await;
    assert_eq!(ground().await, light, "light, though the system is dark");
    page.refresh().await.unwrap();
    page.says("#theme", "Theme: light").await;
    assert_eq!(ground().await, light);
}
