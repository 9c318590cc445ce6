//! Configs and plugins are replaced while the host runs: in service within a second, without a dropped session, and a broken one
//! keeps the old one in service and says so.
//!
//! | file | what is replaced |
//! |---|---|
//! | [`plugin`] | a plugin file, under load |
//! | [`config`] | the config: by its file, by SIGHUP |

mod config;
mod plugin;
