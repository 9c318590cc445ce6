//! The console: its routes by plain HTTP, and the page in a real browser.
//!
//! | file | what it holds |
//! |---|---|
//! | [`routes`] | what each route answers, and refuses |
//! | [`forgery`] | no other page steers the host: by requests of every kind, by a name that points here, in a frame |
//! | [`seeing`] | what is wrong is seen first; lists, filters, one session; the URL brings it back |
//! | [`acting`] | everything is done after a confirmation that says what, and not without |
//! | [`keyboard`] | all of it without a mouse |
//! | [`hostile`] | whatever a client or a handler wrote is shown as text |
//! | [`looks`] | both themes have enough contrast, everything has a name, nothing is cut off at 360 pixels |
//! | [`units`] | the page's own functions, in the browser that runs them |
//! | [`token`] | where the host wants to know who one is, the page asks |
//! | [`scenes`] | the pictures in `docs/console` |
//! | [`browser`], [`http`] | Chromium through WebDriver; requests that no client library would send |
//!
//! Needs Debian's packages `chromium` and `chromium-driver`: `make browser` installs them.

mod acting;
mod browser;
mod forgery;
mod hostile;
pub mod http;
mod keyboard;
mod looks;
pub mod routes;
mod scenes;
mod seeing;
mod token;
mod units;
