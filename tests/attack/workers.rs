//! Workers that misbehave: whatever they do, no value is wrong, nothing hangs and nobody is left behind.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use ganas_testkit::scripted_worker;
use serde_json::Value;

use crate::folder::{below, chance, copy};
use crate::outcome::{Outcome, Tally};
use crate::program::Ganas;
use crate::samples;

const WORKERS: u8 = 6;

/// How the scripted worker misbehaves.
const KINDS: [&str; 11] = [
    "crash",
    "exit",
    "hang",
    "slow",
    "garbage",
    "wrong_id",
    "nan",
    "out_of_range",
    "refuse",
    "duplicate",
    "late_exit",
];

/// Searches with workers that misbehave in ways and as often as chance has it.
pub(crate) fn run(seed: u64, times: usize) -> Result<Vec<Tally>> {
    let samples = samples::folder()?;
    let perfect = values(samples.path(), &scripted_worker::command(""))?.1;
    let outcomes = (0..times).map(|number| {
        let mut chance = chance(seed, WORKERS, number);
        let mut kinds: Vec<&str> = KINDS.to_vec();
        kinds.retain(|_| below(&mut chance, 3) == 0);
        kinds.push(KINDS[below(&mut chance, KINDS.len())]);
        let arguments = format!(
            "seed={} percent={} kinds={}",
            below(&mut chance, 1 << 30),
            10 + below(&mut chance, 80),
            kinds.join(",")
        );
        let folder = copy(samples.path())?;
        let (outcome, found) = values(folder.path(), &scripted_worker::command(&arguments))?;
        let is_wrong = found
            .iter()
            .any(|(key, value)| perfect.get(key) != Some(value));
        let outcome = if is_wrong { Outcome::Silent } else { outcome };
        Ok((outcome, format!("scripted_worker {arguments}")))
    });
    let outcomes: Vec<_> = outcomes.collect::<Result<_>>()?;
    Ok(vec![Tally::new("misbehaving workers", outcomes)])
}

/// How a search with such workers ended, and the completed trials: by class, the values.
fn values(folder: &Path, worker: &str) -> Result<(Outcome, BTreeMap<String, Value>)> {
    let search = "search --space nasbench201 --algorithm random --budget 25 --workers 3 --timeout 2s --grace 0.2s --retries 1 \
                  --study w.db --quiet --evaluator";
    let ended = Ganas::new(search).argument(worker).run(folder)?;
    let outcome = Outcome::fault(&ended).unwrap_or(match ended.code {
        Some(0 | 3) => Outcome::Same,
        _ => Outcome::Error,
    });
    let exported = Ganas::new("export w.db --format jsonl").run(folder)?.stdout;
    let mut values = BTreeMap::new();
    for line in exported.lines() {
        let row: Value = serde_json::from_str(line)?;
        if row["type"] == "trial" && row["state"] == "completed" {
            let key = row["key"].as_str().context("a trial has a key")?;
            let value = serde_json::json!([row["search"], row["report"]]);
            values.insert(key.to_owned(), value);
        }
    }
    Ok((outcome, values))
}
