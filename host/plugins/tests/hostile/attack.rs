//! What an attack is: a guest, the limits it runs in, whom it may ask, and how each of its runs has to end.

use std::{sync::Arc, time::Duration};

use mpy6a_plugins::{LoadError, Plugin, RunEnd, RunLimits};

use crate::rig::{Answer, Rig};

/// Wall-clock time of a run that only time can end.
pub const TIME: Duration = Duration::from_millis(300);

/// The same where one call into the host, or one instruction, takes a good part of [`TIME`].
pub const LONG: Duration = Duration::from_secs(2);

/// Time that no attack here comes near on any machine: something else has to end the run.
const AMPLE: Duration = Duration::from_secs(60);

/// Fuel of an attack that fuel has to end: well under a second of computing.
const FUEL: u64 = 20_000_000;

/// Memory of an attack, in bytes, where it does not say otherwise.
const MEMORY_BYTES: u64 = 8 << 20;

/// How far the memory of this process may grow, in bytes, beyond what an attack's runs may have by their own limits: what the
/// host allocates on behalf of each attacker (the bytes of one call, 16 MiB, in two forms where it converts them, and an answer
/// of 8 MiB in as many), their stacks, the servers they ask, and what an allocator keeps of all that. A host that something
/// makes grow without bound is soon far past it.
pub const HOST_BYTES_MAX: u64 = 160 << 20;

/// One way to harm a host.
pub struct Attack {
    /// As the table shows it.
    pub name: &'static str,
    /// In the text format, or in the binary one.
    pub guest: Vec<u8>,
    pub what: What,
    /// How often that is done before the attack counts as ended.
    pub times: u32,
    pub limits: RunLimits,
    pub ends: Ends,
    /// The server that it may ask, and what this server answers.
    pub server: Option<Answer>,
    /// What it asks instead of that server.
    pub url: Option<&'static str>,
    /// More that must hold of the end of each run.
    pub also: fn(&RunEnd),
}

/// What is done with the guest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It is loaded once and run.
    Run,
    /// It is loaded, which fails.
    Load,
}

/// How a run, or an attempt to load, has to end.
#[derive(Clone, Copy)]
pub enum Ends {
    /// With the outcome of this name, whose text contains this.
    As(&'static str, &'static str),
    /// The plugin does not load, and the message contains this.
    Refused(&'static str),
}

pub const OUT_OF_FUEL: Ends = Ends::As("out-of-fuel", "");
pub const OUT_OF_MEMORY: Ends = Ends::As("out-of-memory", "");
pub const TIMED_OUT: Ends = Ends::As("timed-out", "");

impl Attack {
    /// A guest that is run.
    pub fn new(name: &'static str, guest: impl Into<Vec<u8>>, ends: Ends) -> Self {
        let limits = RunLimits { fuel: FUEL, memory_bytes: MEMORY_BYTES, time: AMPLE, ..RunLimits::default() };
        let (what, times, also) = (What::Run, 1, (|_| ()) as fn(&RunEnd));
        Self { name, guest: guest.into(), what, times, limits, ends, server: None, url: None, also }
    }

    /// A guest that time alone ends: it has fuel for years.
    pub fn endless(name: &'static str, guest: impl Into<Vec<u8>>) -> Self {
        Self::new(name, guest, TIMED_OUT).limits(|limits| (limits.fuel, limits.time) = (u64::MAX / 2, TIME))
    }

    /// A guest that does not load.
    pub fn loaded(name: &'static str, guest: impl Into<Vec<u8>>, says: &'static str) -> Self {
        Self { what: What::Load, ..Self::new(name, guest, Ends::Refused(says)) }
    }

    /// So much fuel, where what it does costs little of it.
    pub fn fuel(self, fuel: u64) -> Self {
        self.limits(|limits| limits.fuel = fuel)
    }

    /// So much time, where a single call or instruction may take long.
    pub fn time(self, time: Duration) -> Self {
        self.limits(|limits| limits.time = time)
    }

    pub fn memory(self, bytes: u64) -> Self {
        self.limits(|limits| limits.memory_bytes = bytes)
    }

    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    fn limits(mut self, change: impl FnOnce(&mut RunLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Let its first record be the URL of a server that answers so, and allow that server.
    pub fn asks(self, answer: Answer) -> Self {
        Self { server: Some(answer), ..self }
    }

    /// Let its first record be this URL instead; `PORT` in it is the server's.
    pub fn at(self, url: &'static str) -> Self {
        Self { url: Some(url), ..self }
    }

    pub fn also(self, also: fn(&RunEnd)) -> Self {
        Self { also, ..self }
    }

    /// Do it once, and tell how it ended; an error if not as it should. Each run is a task of its own, as in the host.
    pub async fn once(self: &Arc<Self>, rig: &Arc<Rig>, plugin: Option<&Arc<Plugin>>) -> Result<String, String> {
        let mut told = String::new();
        for _ in 0..self.times {
            let (attack, rig, plugin) = (Arc::clone(self), Arc::clone(rig), plugin.cloned());
            let task = tokio::spawn(async move {
                match plugin {
                    Some(plugin) => attack.check_run(&rig.run_loaded(&plugin).await),
                    None => attack.check_load(rig.load_again().await.err()),
                }
            });
            told = task.await.map_err(|error| error.to_string())??;
        }
        Ok(told)
    }

    fn check_run(&self, end: &RunEnd) -> Result<String, String> {
        let outcome = &end.report.outcome;
        match self.ends {
            Ends::As(name, text) if outcome.name() == name && outcome.cause().contains(text) => {
                (self.also)(end);
                Ok(outcome.to_string())
            }
            _ => Err(outcome.to_string()),
        }
    }

    fn check_load(&self, refused: Option<LoadError>) -> Result<String, String> {
        let told = refused.map_or_else(|| "it loaded".to_owned(), |error| format!("not loaded: {error}"));
        match self.ends {
            Ends::Refused(text) if told.contains(text) => Ok(told),
            _ => Err(told),
        }
    }
}
