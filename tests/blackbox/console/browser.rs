//! A real Chromium without a screen, steered through WebDriver as a person would: clicks, keys, and looking.
//!
//! Each test has a browser of its own, with a profile of its own that is thrown away. No name resolves in it but those that the test
//! gives, so nothing leaves the machine.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::harness::until;

/// Browsers at once: each takes some 300 MB, and a core while it starts.
static BROWSERS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));

/// A browser. Dereferences to fantoccini's client.
pub struct Browser {
    client: Client,
    driver: Child,
    _profile: TempDir,
    _turn: SemaphorePermit<'static>,
}

/// How it is started.
#[derive(Clone)]
pub struct Start {
    pub size: (u32, u32),
    /// Whether the system is dark.
    pub dark: bool,
    /// A name that leads to this machine, as an attacker's would.
    pub name: Option<&'static str>,
}

impl Default for Start {
    fn default() -> Self {
        Self { size: (1280, 800), dark: false, name: None }
    }
}

impl Browser {
    /// A browser with this page open.
    pub async fn open(url: &str) -> Self {
        Self::start(Start::default(), url).await
    }

    pub async fn start(start: Start, url: &str) -> Self {
        let turn = BROWSERS.acquire().await.unwrap();
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = driver();
        let mut capabilities = serde_json::Map::new();
        let options = json!({ "args": arguments(&start, &profile) });
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        // What is pressed in an alert is not what a test wants to be decided for it.
        capabilities.insert("unhandledPromptBehavior".to_owned(), "ignore".into());
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        client.goto(url).await.unwrap();
        Self { client, driver, _profile: profile, _turn: turn }
    }

    /// What a function of the page's world returns: `return document.title`.
    pub async fn js(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// The same for something that takes its time: it is a promise.
    pub async fn js_async(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; (async () => {{ {script} }})().then(done, (error) => done(`failed: ${{error}}`))"
        );
        self.client.execute_async(&script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Wait until this is true of the page.
    pub async fn is(&self, condition: &str) {
        let script = format!("return Boolean({condition})");
        let look = async || (self.client.execute(&script, vec![]).await.ok()? == Value::Bool(true)).then_some(());
        until(&format!("in the page: {condition}"), look).await;
    }

    /// Wait until an element is there and seen, and has these words in it.
    pub async fn says(&self, css: &str, words: &str) -> Element {
        let what = format!("{css} says {words:?}");
        until(&what, async || {
            let element = self.client.find(Locator::Css(css)).await.ok()?;
            let seen = element.is_displayed().await.ok()? && element.text().await.ok()?.contains(words);
            seen.then_some(element)
        })
        .await
    }

    /// Its words.
    pub async fn text(&self, css: &str) -> String {
        until(&format!("{css} has a text"), async || self.says(css, "").await.text().await.ok()).await
    }

    /// Click it, as soon as it can be.
    pub async fn click(&self, css: &str) {
        // It may be drawn anew between the look and the click.
        until(&format!("{css} is clicked"), async || {
            let element = self.client.find(Locator::Css(css)).await.ok()?;
            if !element.is_enabled().await.ok()? {
                return None;
            }
            element.click().await.ok()
        })
        .await;
    }

    /// Type into it.
    pub async fn fill(&self, css: &str, text: &str) {
        until(&format!("{css} is filled in"), async || {
            let field = self.says(css, "").await;
            field.clear().await.ok()?;
            field.send_keys(text).await.ok()
        })
        .await;
    }

    /// Press keys where the focus is.
    pub async fn press(&self, keys: &str) {
        // What has the focus may be drawn anew between the look and the keys: then they went nowhere.
        until(&format!("{keys:?} is pressed"), async || {
            let pressed = self.client.active_element().await.ok()?.send_keys(keys).await;
            if pressed.as_ref().is_err_and(|error| error.is_stale_element_reference()) {
                return None;
            }
            pressed.unwrap();
            Some(())
        })
        .await;
    }

    /// What stands behind the `#` of the URL.
    pub async fn place(&self) -> String {
        self.js("return location.hash").await.as_str().unwrap().to_owned()
    }

    /// Go to another place of the page.
    pub async fn go(&self, hash: &str) {
        self.js(&format!("location.hash = {}", json!(hash))).await;
    }

    /// A command of Chromium's own.
    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        self.client.issue_cmd(Devtools { command: command.to_owned(), params }).await.unwrap()
    }

    /// Be as large as this, down to the pixel.
    pub async fn resize(&self, width: u32, height: u32) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", params).await;
    }

    /// Let the system be dark, or light.
    pub async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let params = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", params).await;
    }
}

impl std::ops::Deref for Browser {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver and all of its browser, which are a group.
        if let Some(group) = Pid::from_raw(self.driver.id().cast_signed()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.driver.wait();
    }
}

fn driver() -> (Child, u16) {
    let mut driver = Command::new("chromedriver")
        .args(["--port=0", "--log-level=SEVERE"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("chromedriver runs: `make browser` installs it");
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let started =
        lines.find_map(|line| line.unwrap().split_once("successfully on port ").map(|(_, port)| port.to_owned()));
    let port = started.expect("chromedriver says its port").trim_end_matches('.').parse().unwrap();
    // Read on, or it stands still when the pipe is full.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port)
}

fn arguments(start: &Start, profile: &TempDir) -> Vec<String> {
    let Start { size: (width, height), dark, name } = start;
    let names = name.map_or("MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned(), |name| {
        format!("MAP {name} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    });
    let mut arguments = vec![
        "--headless=new".to_owned(),
        // Tests run as root in containers, where the sandbox does not start. What it shows is ours.
        "--no-sandbox".to_owned(),
        // Containers have little shared memory.
        "--disable-dev-shm-usage".to_owned(),
        "--disable-gpu".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--lang=en".to_owned(),
        format!("--window-size={width},{height}"),
        format!("--host-resolver-rules={names}"),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    if *dark {
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    arguments
}

#[derive(Debug)]
struct Devtools {
    command: String,
    params: Value,
}

impl fantoccini::wd::WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (::http::Method, Option<String>) {
        (::http::Method::POST, Some(json!({ "cmd": self.command, "params": self.params }).to_string()))
    }
}
