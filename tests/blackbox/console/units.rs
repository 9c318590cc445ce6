//! The page's own functions, in the browser that runs them.

use serde_json::{Value, json};

use super::browser::Browser;
use crate::harness::{Config, Host};

async fn page() -> (Host, Browser) {
    let host = Host::start(&Config::of([])).await;
    let page = Browser::open(&format!("{}/", host.admin_url())).await;
    (host, page)
}

/// What an expression of a module's functions is.
async fn of(page: &Browser, module: &str, expression: &str) -> Value {
    page.js_async(&format!("const it = await import('/console/{module}.js'); return {expression};")).await
}

#[tokio::test]
async fn bytes_are_shown_as_what_they_are() {
    let (_host, page) = page().await;
    let of = async |hex: &str, call: &str| of(&page, "bytes", &format!("it.{call}(it.fromHex('{hex}'))")).await;
    assert_eq!(of("6869c3a9", "text").await, "hié");
    assert_eq!(of("1b5b326aff00", "text").await, "\\u{1b}[2j\u{fffd}\\u{0}");
    assert_eq!(of("e280ae61e2808b", "text").await, "\\u{202e}a\\u{200b}");
    assert_eq!(of("", "text").await, "");
    assert_eq!(of("00ff41", "hex").await, "00000000  00 ff 41                                         ..A");
    let nested = hex::encode(r#"{"a":[1,{}],"b\"}":" {x, ","n":12345678901234567890.10}"#);
    let expected = "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\\\"}\": \" {x, \",\n  \"n\": 12345678901234567890.10\n}";
    assert_eq!(of(&nested, "json").await, expected);
    assert_eq!(of(&nested, "best").await, expected);
    assert_eq!(of(&hex::encode("{no json"), "json").await, Value::Null);
    assert_eq!(of(&hex::encode("{no json"), "best").await, "{no json");
    assert!(of("00ff", "best").await.as_str().unwrap().starts_with("00000000"));
    assert_eq!(of(&"5b".repeat(4_000), "best").await, "[".repeat(4_000));
}

#[tokio::test]
async fn times_and_sizes_are_said_as_people_do() {
    let (_host, page) = page().await;
    for (call, said) in [
        ("span(999)", json!("999 ms")),
        ("span(61_000)", json!("1 min 1 s")),
        ("span(7_200_000)", json!("2 h")),
        ("span(90_061_000)", json!("1 d 1 h")),
        ("seconds('90s')", json!(90)),
        ("seconds(' 2 h ')", json!(7200)),
        ("seconds('2')", Value::Null),
        ("seconds('-1h')", Value::Null),
        ("seconds('1h 30m')", Value::Null),
        ("bytes(8 << 20)", json!("8 MiB")),
        ("duration(0.00012)", json!("120 µs")),
        ("duration(0.0345)", json!("34.5 ms")),
        ("sessions(1)", json!("1 session")),
        ("sessions(12345)", json!("12,345 sessions")),
    ] {
        assert_eq!(of(&page, "words", &format!("it.{call}")).await, said, "{call}");
    }
}

/// Two looks at the same series, a minute of runs apart.
const METRICS: &str = r#"
const text = (runs, retries, fast, slow) => [
  '# TYPE mpy6a_repeats_total counter',
  `mpy6a_repeats_total{kind="users",outcome="returned"} ${runs}`,
  `mpy6a_repeats_total{kind="users",outcome="retry"} ${retries}`,
  'mpy6a_repeats_total{kind="a\\"}\\n,b=\\"",outcome="returned"} 7',
  `mpy6a_repeat_seconds_bucket{kind="users",le="0.01"} ${fast}`,
  `mpy6a_repeat_seconds_bucket{kind="users",le="0.1"} ${slow}`,
  `mpy6a_repeat_seconds_bucket{kind="users",le="+Inf"} ${slow}`,
  'no sample at all', 'mpy6a_nan NaN', ''].join('\n');
"#;

#[tokio::test]
async fn rates_and_percentiles_come_from_two_looks_at_the_metrics() {
    let (_host, page) = page().await;
    let script = format!(
        "{METRICS} const {{ parse, sum, buckets, quantile }} = await import('/console/metrics.js');
         const [one, other] = [parse(text(10, 5, 8, 15)), parse(text(110, 30, 108, 140))];
         const [before, after] = [buckets(one, 'mpy6a_repeat_seconds', {{ kind: 'users' }}), buckets(other, 'mpy6a_repeat_seconds', {{ kind: 'users' }})];
         return [sum(other, 'mpy6a_repeats_total', {{ kind: 'users' }}), sum(other, 'mpy6a_repeats_total', {{ kind: 'a\"}}\\n,b=\"' }}), sum(other, 'none'),
                 sum(other, 'mpy6a_nan'), quantile(0.5, before, after), quantile(0.99, before, after), quantile(0.5, after, after)];"
    );
    let found = page.js_async(&script).await;
    // 125 runs, 100 of them within 10 ms: the 62.5th at 6.25 ms, the 123.75th far into the second bucket.
    assert_eq!(found.as_array().unwrap()[..5], [json!(140), json!(7), Value::Null, Value::Null, json!(0.00625)]);
    let p99 = found[5].as_f64().unwrap();
    assert!((p99 - 0.0955).abs() < 1e-9, "{p99}");
    assert_eq!(found[6], Value::Null, "nothing was observed");

    let script = format!(
        "{METRICS} const rates = await import('/console/rates.js?apart');
         rates.sawMetrics(0, text(10, 5, 8, 15));
         const first = rates.runs('users');
         rates.sawMetrics(10_000, text(110, 30, 108, 140));
         const second = rates.runs('users');
         rates.sawMetrics(20_000, text(4, 0, 4, 4));
         return [first, second, rates.runs('users').perSecond, rates.runs('none'), rates.traffic()];"
    );
    let found = page.js_async(&script).await;
    assert_eq!(found[0], Value::Null, "one look is no rate");
    assert_eq!((&found[1]["perSecond"], &found[1]["failed"]), (&json!(12.5), &json!(20)));
    assert_eq!(
        (&found[2], &found[3], &found[4]),
        (&json!(0.2), &Value::Null, &Value::Null),
        "after a restart it counts anew"
    );
}

#[tokio::test]
async fn how_the_number_of_those_that_wait_moves_is_told_from_two_looks() {
    let (_host, page) = page().await;
    let script = "const rates = await import('/console/rates.js?apart');
        const kinds = (stored) => [{ id: 1, stored, parked: 2 }];
        rates.sawKinds(0, kinds(10));
        const first = rates.growth(1);
        rates.sawKinds(30_000, kinds(40));
        const second = rates.growth(1);
        for (let at = 32_000; at <= 200_000; at += 2_000) rates.sawKinds(at, kinds(40));
        return [first, second, rates.growth(1)];";
    assert_eq!(page.js_async(script).await, json!([null, 60, 0]), "by 60 a minute, and later by none");
}
