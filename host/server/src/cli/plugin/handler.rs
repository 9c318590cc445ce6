//! Which handler a command is about, and under which kind's settings and limits it is tried out.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::Args;
use mpy6a_kit::{
    offline::Setup,
    project::{MANIFEST, Manifest},
};
use mpy6a_plugins::PluginSpec;

use crate::config::{Config, Kind};

/// The handler, and whose limits it has.
#[derive(Args, Debug)]
pub struct Handler {
    /// The plugin file, or the folder of a project that was built.
    #[arg(default_value = ".")]
    pub file: PathBuf,
    #[command(flatten)]
    pub of: OfKind,
}

/// A kind of a host's config.
#[derive(Args, Clone, Debug)]
pub struct OfKind {
    /// A host's config: settings, limits and grants of a kind in it count.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which kind, by its name or number. Without it: the one that names the file, or the only one.
    #[arg(long, value_name = "KIND", requires = "config")]
    pub kind: Option<String>,
}

impl Handler {
    /// The plugin file: of a project, the one that it builds.
    pub fn plugin_file(&self) -> Result<PathBuf, String> {
        if !self.file.is_dir() {
            return Ok(self.file.clone());
        }
        let manifest = Manifest::read(&self.file.join(MANIFEST)).map_err(|error| error.to_string())?;
        let file = self.file.join("build").join(format!("{}.wasm", manifest.name));
        match file.exists() {
            true => Ok(file),
            false => Err(format!(
                "{} is not there: build the project with `mpy6a plugin build {}`",
                file.display(),
                self.file.display()
            )),
        }
    }

    /// Everything to try it out under.
    pub fn setup(&self) -> Result<Setup, String> {
        let file = self.plugin_file()?;
        let mut setup = Setup { cache_dir: cache_dir(), ..Setup::of_file(file.clone()) };
        if let Some(path) = &self.of.config {
            let config = Config::load(path).map_err(|error| error.to_string())?;
            let (id, kind) = self.of.choose(&config, &file)?;
            let grants = setup.spec.grants;
            setup.spec = PluginSpec { file, grants, sha256: None, ..kind.plugin.clone() };
            setup.policy = mpy6a_sessions::KindPolicy { jitter_ms: 0, claimable: true, ..kind.policy };
            setup.limits = config.fixed.limits;
            (setup.kind, setup.kind_name) = (id, kind.name.clone());
        }
        Ok(setup)
    }
}

impl OfKind {
    /// The kind whose settings, limits and grants count.
    pub fn choose<'c>(&self, config: &'c Config, file: &Path) -> Result<(u32, &'c Kind), String> {
        let names = || config.kinds.values().map(|kind| format!("`{}`", kind.name)).collect::<Vec<_>>().join(", ");
        let entry = |(id, kind): (&u32, &'c Kind)| (*id, kind);
        if let Some(asked) = &self.kind {
            let found = config.kinds.iter().find(|(id, kind)| kind.name == *asked || id.to_string() == *asked);
            return found.map(entry).ok_or_else(|| {
                format!("the config has no kind `{}`: write one of {}", asked.escape_default(), names())
            });
        }
        let file = file.canonicalize().ok();
        let names_it = |kind: &Kind| file.is_some() && kind.plugin.file.canonicalize().ok() == file;
        let mut of_file = config.kinds.iter().filter(|(_, kind)| names_it(kind));
        let mut all = config.kinds.iter();
        match (of_file.next(), of_file.next(), all.next(), all.next()) {
            (Some(found), None, ..) | (None, None, Some(found), None) => Ok(entry(found)),
            (_, _, None, _) => Err("the config has no kind: add a [[kind]], or leave --config out".to_owned()),
            _ => Err(format!("the config has several kinds: say which with --kind, one of {}", names())),
        }
    }
}

/// Where compiled plugins are kept between commands: a Python handler takes seconds to compile. Nowhere, where this user has no
/// home.
pub(in crate::cli) fn cache_dir() -> Option<PathBuf> {
    let var = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")))?;
    let dir = cache.join("mpy6a");
    // The folder inside is the cache's own to make, for this user alone.
    std::fs::create_dir_all(&dir).ok().map(|()| dir.join("plugins"))
}
