//! One attack beside a neighbour: what is asserted of it, and its row of the table.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use mpy6a_plugins::{HttpRule, PluginSpec, Sandbox};
use tokio::runtime::Runtime;

use crate::{
    attack::{Attack, HOST_BYTES_MAX, What},
    neighbour::Neighbour,
    rig::{Rig, serve},
    table::THREADS,
    watch::Watch,
};

/// Runs of the neighbour that an attack goes on for, at the least.
const RUNS: usize = 50;

/// Characters of an end that the table shows.
const SHOWN_CHARS: usize = 56;

/// What became of an attack.
pub struct Row {
    name: &'static str,
    ended: String,
    took: Duration,
    growth: u64,
    attacked: (Duration, Duration),
    /// What should not have been.
    pub wrong: Vec<String>,
}

impl Row {
    pub async fn of(
        attack: Arc<Attack>,
        sandbox: &Arc<Sandbox>,
        neighbour: &Arc<Neighbour>,
        outside: &Runtime,
    ) -> Self {
        let rig = Arc::new(prepare(&attack, sandbox, outside).await);
        let plugin = match attack.what {
            What::Run => Some(rig.load_again().await.unwrap_or_else(|error| panic!("{}: {error}", attack.name))),
            What::Load => None,
        };
        let (watch, before, stop) = (Watch::begin(), neighbour.runs(), Arc::new(AtomicBool::new(false)));
        let attackers: Vec<_> = (0..THREADS)
            .map(|_| {
                let (attack, rig, plugin) = (Arc::clone(&attack), Arc::clone(&rig), plugin.clone());
                let (neighbour, stop) = (Arc::clone(neighbour), Arc::clone(&stop));
                tokio::spawn(async move {
                    let mut tries = Vec::new();
                    loop {
                        let (begun, seen) = (Instant::now(), neighbour.runs());
                        let ended = attack.once(&rig, plugin.as_ref()).await;
                        let enough = ended.is_err() || stop.load(Ordering::Relaxed);
                        tries.push(Try { ended, took: begun.elapsed(), neighbours: neighbour.runs() - seen });
                        if enough {
                            return tries;
                        }
                    }
                })
            })
            .collect();
        let goes_on = neighbour.reaches(before + RUNS).await;
        stop.store(true, Ordering::Relaxed);
        let mut tries = Vec::new();
        for attacker in attackers {
            tries.extend(attacker.await.unwrap());
        }
        Self::sum_up(&attack, tries, goes_on, &watch, neighbour.since(before))
    }

    fn sum_up(
        attack: &Attack,
        mut tries: Vec<Try>,
        goes_on: bool,
        watch: &Watch,
        attacked: (Duration, Duration),
    ) -> Self {
        let mut wrong = Vec::new();
        if !goes_on {
            wrong.push("the neighbour is held up".to_owned());
        }
        let growth_max = HOST_BYTES_MAX + THREADS as u64 * attack.limits.memory_bytes;
        if watch.growth_in_all() > growth_max {
            wrong.push(format!("memory grew by {} bytes, more than {growth_max}", watch.growth_in_all()));
        }
        for tried in &tries {
            if let Err(why) = &tried.ended {
                wrong.push(format!("it ended as {why}"));
            }
            // An attack that lasts until its time is up is long enough for the neighbour, however slow the machine.
            if tried.took >= attack.limits.time && tried.neighbours == 0 {
                wrong.push("the neighbour stood still during a whole run".to_owned());
            }
        }
        wrong.dedup();
        wrong.truncate(3);
        tries.sort_by_key(|tried| tried.took);
        let median = &tries[tries.len() / 2];
        Self {
            name: attack.name,
            ended: short(median.ended.as_ref().unwrap_or_else(|why| why)),
            took: median.took,
            growth: watch.growth(),
            attacked,
            wrong: wrong.into_iter().map(|why| format!("{}: {why}", attack.name)).collect(),
        }
    }

    pub fn shown(&self, quiet: (Duration, Duration)) -> String {
        let two = |(median, most): (Duration, Duration)| format!("{median:.1?} / {most:.1?}");
        #[allow(clippy::cast_precision_loss)]
        let growth = self.growth as f64 / f64::from(1 << 20);
        let (quiet, attacked) = (two(quiet), two(self.attacked));
        format!("| {} | {} | {:.1?} | {growth:.1} MiB | {quiet} | {attacked} |", self.name, self.ended, self.took)
    }
}

/// One try of an attack.
struct Try {
    ended: Result<String, String>,
    took: Duration,
    /// Runs of the neighbour that ended meanwhile.
    neighbours: usize,
}

/// The start of a text, fit for a table.
fn short(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).map(|char| if char == '|' { '/' } else { char }).collect()
}

/// A rig with the attack's guest, its server and its limits.
async fn prepare(attack: &Attack, sandbox: &Arc<Sandbox>, outside: &Runtime) -> Rig {
    let mut rig = Rig::with(Arc::clone(sandbox));
    if let Some(answer) = &attack.server {
        let serving = serve(Arc::clone(&rig.events), answer.clone());
        let port = outside.spawn(serving).await.unwrap();
        let target = format!("http://127.0.0.1:{port}");
        let url = attack.url.map_or(target.clone(), |url| url.replace("PORT", &port.to_string()));
        rig = rig.target(&target, &url);
        // Allowed, and not meant to be at a loopback address.
        let named = format!("http://service.example:{port}");
        rig.spec.grants.http = [target, named].map(|rule| HttpRule::parse(&rule, &[] as &[&str]).unwrap()).into();
    }
    let file = rig.file(
        "hostile.wasm",
        &wat::parse_bytes(&attack.guest).unwrap_or_else(|error| panic!("{}: {error}", attack.name)),
    );
    rig.spec = PluginSpec { file, limits: attack.limits, ..rig.spec.clone() };
    rig
}
