//! Kills at random moments: what was killed and begun again ends as what nothing disturbed.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use ganas_testkit::scripted_worker;
use rand::RngExt as _;

use crate::folder::{chance, copy};
use crate::outcome::{Outcome, Tally};
use crate::program::{Ganas, end};
use crate::samples;

const KILLS: u8 = 4;

/// So long a process may outlive what started it.
const GRACE: Duration = Duration::from_secs(5);

/// What is killed, and what it leaves.
struct Victim {
    name: &'static str,
    /// Begins it, or goes on with it.
    command: Ganas,
    /// What it leaves when it is done; `None` while it is not.
    result: fn(&Path) -> Result<Option<String>>,
}

fn victims(worker: &str) -> [Victim; 4] {
    let search = "search --table digits-5 --budget 40 --seeds 0..2 --study k.db --resume --quiet --set initial_designs=8 \
                  --set batch=4 --set inner_iterations=2 --set rollouts=8 --set discriminator.steps=4 --set proposal.pool=32";
    let evaluated = "search --space nasbench201 --algorithm random --budget 60 --workers 2 --study k.db --resume --quiet --evaluator";
    let build = "table build --space nasbench201 --sample 40 --workers 2 --study b.db --resume -o k.arrow --overwrite --evaluator";
    [
        Victim {
            name: "search",
            command: Ganas::new(search),
            result: finished_study,
        },
        Victim {
            name: "search with workers",
            command: Ganas::new(evaluated).argument(worker),
            result: finished_study,
        },
        Victim {
            name: "build of a table",
            command: Ganas::new(build).argument(worker),
            result: table,
        },
        Victim {
            name: "import",
            command: Ganas::new(
                "table import nasbench.tfrecord --space nasbench101 -o k.arrow --overwrite",
            ),
            result: table,
        },
    ]
}

/// Kills each of the victims until there were as many kills as asked for.
pub(crate) fn run(seed: u64, kills: usize) -> Result<Vec<Tally>> {
    let samples = samples::folder()?;
    let worker = scripted_worker::command("delay_ms=5 finished=finished.txt");
    let victims = victims(&worker);
    let each = kills.div_ceil(victims.len());
    let tallies = victims.iter().enumerate().map(|(number, victim)| {
        let outcomes = kill(victim, samples.path(), each, seed + number as u64)?;
        Ok(Tally::new(format!("killed {}", victim.name), outcomes))
    });
    tallies.collect()
}

fn kill(
    victim: &Victim,
    samples: &Path,
    kills: usize,
    seed: u64,
) -> Result<Vec<(Outcome, String)>> {
    let undisturbed = copy(samples)?;
    let started = Instant::now();
    victim.command.must(undisturbed.path())?;
    let alone = started.elapsed();
    let expected = (victim.result)(undisturbed.path())?;
    let mut outcomes = Vec::new();
    let mut folder = copy(samples)?;
    while outcomes.len() < kills {
        let number = outcomes.len();
        let mut child = victim.command.spawn(folder.path())?;
        let share: f64 = chance(seed, KILLS, number).random_range(0.0..0.6);
        std::thread::sleep(alone.mul_f64(share));
        if child.try_wait()?.is_none() {
            child.kill()?;
            end(child)?;
            let outcome = left_behind(folder.path(), victim, expected.as_deref())?;
            outcomes.push((outcome, format!("kill {number} (--seed {seed})")));
            continue;
        }
        let ended = end(child)?;
        let what = format!(
            "begun again after kills, {number} (--seed {seed}): {}",
            ended.stderr
        );
        outcomes.push((
            finished(&ended, folder.path(), victim, expected.as_deref())?,
            what,
        ));
        folder = copy(samples)?;
    }
    // The last one is ended, too.
    let ended = victim.command.run(folder.path())?;
    let what = format!("begun again after the last kill: {}", ended.stderr);
    outcomes.push((
        finished(&ended, folder.path(), victim, expected.as_deref())?,
        what,
    ));
    Ok(outcomes)
}

/// What a kill has left: no process, and nothing that passes for a result but the result.
fn left_behind(folder: &Path, victim: &Victim, expected: Option<&str>) -> Result<Outcome> {
    let started = Instant::now();
    while is_anybody_in(folder)? {
        if started.elapsed() > GRACE {
            return Ok(Outcome::Orphan);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(match (victim.result)(folder)? {
        Some(result) if Some(&*result) != expected => Outcome::Silent,
        _ => Outcome::Same,
    })
}

fn finished(
    ended: &crate::program::Ended,
    folder: &Path,
    victim: &Victim,
    expected: Option<&str>,
) -> Result<Outcome> {
    Ok(match (Outcome::fault(ended), ended.code) {
        (Some(fault), _) => fault,
        (None, Some(0)) if (victim.result)(folder)?.as_deref() == expected => Outcome::Same,
        // That it cannot go on is as bad as another result.
        _ => Outcome::Silent,
    })
}

/// Whether a process works in a folder.
fn is_anybody_in(folder: &Path) -> Result<bool> {
    let folder = folder.canonicalize()?;
    for entry in fs::read_dir("/proc")? {
        let place = entry?.path().join("cwd");
        // A process may have ended, or be somebody else's.
        if fs::read_link(place).is_ok_and(|place| place == folder) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn finished_study(folder: &Path) -> Result<Option<String>> {
    if !folder.join("k.db").exists() {
        return Ok(None);
    }
    let ended = Ganas::new("export k.db --format jsonl").run(folder)?;
    let is_done = ended.code == Some(0)
        && ended.stdout.contains("\"status\":\"finished\"")
        && !ended.stdout.contains("\"status\":\"running\"")
        && !ended.stdout.contains("\"status\":\"interrupted\"");
    let runs = ended.stdout.matches("\"type\":\"run\"").count();
    Ok((is_done && runs > 0).then_some(ended.stdout))
}

fn table(folder: &Path) -> Result<Option<String>> {
    if !folder.join("k.arrow").exists() {
        return Ok(None);
    }
    let exported = Ganas::new("table export k.arrow").run(folder)?;
    Ok(Some(exported.stdout))
}
