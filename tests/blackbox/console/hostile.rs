//! Whatever a client or a handler wrote is shown as text: it runs nothing, asks nobody, and does not fill the page.

use std::fs;

use super::browser::Browser;
use crate::harness::{Config, Effects, Host, Kind, shown};

/// A handler that writes this into its log, and gives its session up with it as the reason.
fn speaks(text: &str) -> Vec<u8> {
    let data: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let bytes = text.len();
    let module = format!(
        "(module
          (import \"mpy6a:handler/log@1.0.0\" \"write\" (func $log (param i32 i32 i32)))
          (memory (export \"memory\") 2)
          (global (mut i32) (i32.const 8192))
          (data (i32.const 3000) \"{data}\")
          (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (local i32)
            (local.set 4 (i32.and (i32.add (global.get 0) (i32.const 7)) (i32.const -8)))
            (global.set 0 (i32.add (local.get 4) (local.get 3)))
            (local.get 4))
          (func (export \"handle\") (param i32) (result i32)
            (call $log (i32.const 2) (i32.const 3000) (i32.const {bytes}))
            (i32.store8 (i32.const 2048) (i32.const 1))
            (i32.store8 (i32.const 2052) (i32.const 1))
            (i32.store (i32.const 2056) (i32.const 3000))
            (i32.store (i32.const 2060) (i32.const {bytes}))
            (i32.const 2048)))"
    );
    wat::parse_str(module).unwrap()
}

#[tokio::test]
async fn markup_scripts_and_escapes_are_text_wherever_they_stand() {
    let elsewhere = Effects::fine().await;
    let url = &elsewhere.url;
    let markup = format!(
        "<script src={url}/s></script><img src={url}/i onerror=alert(1)><svg onload=alert(2)><a href=javascript:alert(3)>x</a>\
         <style>*{{display:none}}</style><base href={url}/>\u{1b}[31mred\u{202e}txt"
    );
    let host = Host::prepare(&Config::of([]));
    fs::write(host.path("speaks.wasm"), speaks(&markup)).unwrap();
    let mut host = host;
    host.reconfigure(&Config::of([Kind::new(1, host.path("speaks.wasm"))]));
    host.launch().await;
    let json = format!("{{\"html\": \"{}\"}}", markup.replace(['\u{1b}', '"'], ""));
    let records: [&[u8]; 4] =
        [markup.as_bytes(), json.as_bytes(), b"\xff\xfe<b>\x00\x1b[2J", b"</pre></section><h1>All is well</h1>"];
    let id = host.left(1, &records).await;
    host.parked(id).await;

    let page = Browser::open(&format!("{}/#/sessions", host.admin_url())).await;
    page.says("#rows", "its handler gave it up (<script src=").await;
    page.go(&format!("#/sessions/{}", shown(id))).await;
    page.says("#attempts .log", "<script src=").await;
    page.says("#attempts .cause", "onerror=alert(1)").await;
    for form in ["text", "json", "hex", "best"] {
        page.click(&format!("#records .chip:has([value={form}])")).await;
        page.is(&format!(
            "document.querySelector('[value={form}]').checked && document.querySelectorAll('#records pre').length === 4"
        ))
        .await;
        let made = "#main :is(script, img, svg, style, base, iframe, object, h1 ~ h1), #main a[href^=javascript]";
        assert_eq!(page.js(&format!("return document.querySelectorAll('{made}').length")).await, 0, "as {form}");
    }
    page.click("#records .chip:has([value=text])").await;
    page.says("#records", "\\u{1b}[31mred\\u{202e}txt").await;
    page.says("#records", "</pre></section><h1>All is well</h1>").await;
    page.click("[data-act=delete]").await;
    page.click("#confirm-no").await;
    assert!(page.get_alert_text().await.is_err(), "no dialog of the browser's");
    assert!(elsewhere.seen().is_empty(), "{:?}", elsewhere.seen());
}

#[tokio::test]
async fn even_a_script_in_the_page_could_send_nothing_elsewhere() {
    let elsewhere = Effects::fine().await;
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    page.says("#kinds", "k1").await;
    let url = &elsewhere.url;
    let tried = page
        .js_async(&format!(
            "const tried = [];
             await fetch('{url}/fetch', {{ mode: 'no-cors' }}).then(() => tried.push('fetch'), () => {{}});
             const image = new Image(); image.src = '{url}/image';
             await new Promise((done) => {{ image.onload = image.onerror = done; }});
             const script = document.createElement('script');
             try {{ script.text = 'window.ran = true'; document.body.append(script); }} catch {{}}
             try {{ document.body.innerHTML += '<p>'; tried.push('html'); }} catch {{}}
             if (window.ran) tried.push('inline script');
             return tried;"
        ))
        .await;
    assert_eq!(tried, serde_json::json!([]));
    assert!(elsewhere.seen().is_empty(), "{:?}", elsewhere.seen());
}

#[tokio::test]
async fn what_is_very_long_is_bounded_and_walked_through() {
    let config = Config::of([Kind::misbehave(1)]).set("limits.record", "8MiB").set("limits.session", "16MiB");
    let host = Host::start(&config).await;
    let long: String = (0..).map(|at| format!("{at:015}\n")).take((8 << 20) / 16).collect();
    let handle =
        host.new_session(mpy6a_proto::v1::NewRequest { kind: 1, ..Default::default() }).await.unwrap().handle.unwrap();
    host.append(handle, 0, &long).await.unwrap();
    host.append(handle, 0, "w".repeat(100_000)).await.unwrap();
    for at in 0..130 {
        host.append(handle, 0, format!("record {at}")).await.unwrap();
    }
    let page = Browser::open(&format!("{}/#/sessions/{}?as=text", host.admin_url(), shown(handle.id.unwrap()))).await;
    page.says("#records", "Records: 132").await;
    let first = "#records li:first-child";
    page.says(first, "bytes 0 to 4,096").await;
    let buttons = "return [...document.querySelectorAll('#records li:first-child button')].map((it) => it.textContent)";
    assert_eq!(page.js(buttons).await, serde_json::json!(["From its start", "Further", "Save"]));
    page.click(&format!("{first} button:nth-of-type(2)")).await;
    page.says(first, "bytes 65,536 to 131,072").await;
    let shown_now = page.js("return document.querySelector('#records pre').textContent.slice(0, 15)").await;
    assert_eq!(shown_now, format!("{:015}", 65_536 / 16), "the right piece");
    page.click(&format!("{first} button:nth-of-type(1)")).await;
    page.says(first, "bytes 0 to 65,536").await;
    assert!(page.js("return document.body.textContent.length").await.as_u64().unwrap() < 1 << 20, "never all of it");

    page.click("#more-records").await;
    page.is("document.querySelectorAll('#records pre').length === 132").await;
    page.says("#records", "record 129").await;
    page.resize(360, 800).await;
    page.is("document.documentElement.scrollWidth <= 360").await;
}
