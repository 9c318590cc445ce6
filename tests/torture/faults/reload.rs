//! Config and plugin change under load.

use rand::RngExt as _;
use rustix::process::Signal;

use crate::{
    harness::{Kind, tagged},
    setting::{KINDS, puppet},
    stage::Stage,
};

/// One change of the config or the plugin, good or broken, and perhaps a SIGHUP. Nothing is waited for: the next one may
/// come before the host has looked.
pub fn strike(stage: &mut Stage) {
    let setting = &stage.setting;
    let plugin = &setting.plugin;
    let config = || setting.config();
    match stage.chance.random_range(0..11) {
        0 => stage.host.write_config("this is [no config"),
        1 => stage.host.configure(&config().with(Kind::new(9, "no-such-file.wasm"))),
        2 => stage.host.configure(&config().set("log.level", "debug")),
        3 => stage.host.configure(&config()),
        4 => stage.host.configure(&config().with(setting.kind(KINDS[0]).set("paused", true))),
        5 => stage.host.configure(&config().with(setting.kind(KINDS[1]).set("max_running", 8))),
        // A kind leaves: its clients open nothing any more, and go on with what they have.
        6 => stage.host.configure(&setting.config_of(&KINDS[..2])),
        7 => plugin.copy_over(&puppet()[..20_000]),
        8 => plugin.copy_over(b"no plugin at all"),
        9 => plugin.rename_over(&tagged("puppet", &format!("version {}", stage.counts.reloads))),
        _ => plugin.copy_over(&puppet()),
    }
    if stage.chance.random() {
        stage.host.signal(Signal::HUP);
    }
    stage.counts.reloads += 1;
}
