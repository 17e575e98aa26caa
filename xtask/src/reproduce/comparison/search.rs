//! The runs of a benchmark: `ganas compare`, and what its study exports.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use ganas_report::comparison::{Comparison, SearchedTable};
use serde::{Deserialize, Serialize};

use super::super::runner::{Runner, keep};
use super::super::study::Source;
use super::description::Wanted;
use super::kept::{Head, Kept, Run};

/// A comparison as a file (docs/COMPARING.md).
#[derive(Serialize)]
struct Plan<'a> {
    study: String,
    seeds: String,
    budgets: &'a [u32],
    algorithm: Vec<PlannedAlgorithm<'a>>,
    benchmark: [PlannedBenchmark<'a>; 1],
}

#[derive(Serialize)]
struct PlannedAlgorithm<'a> {
    algorithm: &'a str,
}

#[derive(Serialize)]
struct PlannedBenchmark<'a> {
    name: &'a str,
    space: Option<&'a str>,
    table: Option<String>,
    surrogate: Option<String>,
    search: &'a str,
    report: &'a str,
}

/// Does the runs, or goes on with them, and returns what they found.
pub(super) fn search(wanted: &Wanted<'_>, runner: &Runner) -> Result<Kept> {
    let study = runner.folder.join(format!("{}.db", wanted.name));
    let plan = runner.folder.join(format!("{}.toml", wanted.name));
    let place = Some(runner.place(wanted.source_name, wanted.source)?);
    let (table, surrogate) = match wanted.source {
        Source::Surrogate(_) => (None, place),
        Source::Embedded(_) | Source::Csv { .. } => (place, None),
    };
    let algorithms = wanted.algorithms.iter();
    let text = toml::to_string(&Plan {
        study: study.display().to_string(),
        seeds: runner.options.seeds.clone(),
        budgets: &wanted.budgets,
        algorithm: algorithms
            .map(|algorithm| PlannedAlgorithm { algorithm })
            .collect(),
        benchmark: [PlannedBenchmark {
            name: wanted.title,
            space: wanted.space,
            table,
            surrogate,
            search: wanted.search,
            report: wanted.report,
        }],
    })?;
    keep(&plan, &text)?;
    let (plan, study) = (plan.display().to_string(), study.display().to_string());
    if runner.options.fresh && fs::exists(&study)? {
        fs::remove_file(&study).with_context(|| format!("cannot remove {study}"))?;
    }
    let threads = runner.options.threads.to_string();
    let mut arguments = vec!["compare", &plan, "--threads", &threads, "--format", "json"];
    if fs::exists(&study)? {
        arguments.push("--resume");
    }
    let results = shown(runner, &arguments)?;
    let comparison: Comparison = serde_json::from_str(&results)
        .context("`ganas compare --format json` printed no comparison")?;
    let [table] = &*comparison.tables else {
        anyhow::bail!("{study} has several benchmarks: pass --fresh");
    };
    let (version, device, table_sha256) = made_by(runner, &study)?;
    let exported = runner.ganas(&["export", &study, "--format", "long", "-o", "-"])?;
    Ok(Kept {
        head: Head {
            version,
            device,
            table_sha256,
            budget: wanted.budget(),
            table: table.clone(),
        },
        runs: runs(&exported, wanted, table)?,
    })
}

/// Runs the binary with its progress on stderr, and returns what it prints on stdout.
fn shown(runner: &Runner, arguments: &[&str]) -> Result<String> {
    let output = Command::new(&runner.binary)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", runner.binary.display()))?;
    ensure!(
        output.status.success(),
        "ganas {} failed ({})",
        arguments.join(" "),
        output.status
    );
    String::from_utf8(output.stdout).context("ganas printed something that is not UTF-8")
}

/// The version, the device and the sha256 of what answered, which all runs of a study have in common.
fn made_by(runner: &Runner, study: &str) -> Result<(String, String, String)> {
    #[derive(Deserialize)]
    struct OfRun {
        version: String,
        device: String,
        table_sha256: String,
    }
    let mut export = Command::new(&runner.binary)
        .args(["export", study, "-o", "-"])
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", runner.binary.display()))?;
    let stdout = export.stdout.take().context("stdout is piped")?;
    let mut common = None;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if !line.contains(r#""type":"run""#) {
            continue;
        }
        let run: OfRun = serde_json::from_str(&line).context("a run of the export")?;
        let made_by = (run.version, run.device, run.table_sha256);
        ensure!(
            common.as_ref().is_none_or(|common| *common == made_by),
            "the runs of {study} are of several versions, devices or tables: pass --fresh"
        );
        common = Some(made_by);
    }
    ensure!(export.wait()?.success(), "ganas export {study} failed");
    common.with_context(|| format!("{study} has no run"))
}

/// A line of the long form of an export (docs/EXPORT.md).
#[derive(Deserialize)]
struct Row {
    algorithm: String,
    seed: u64,
    unique_queries: u32,
    best_search: Option<f64>,
    best_report: Option<f64>,
}

/// The runs of an export in the long form, as far as they are wanted.
pub(super) fn runs(exported: &str, wanted: &Wanted<'_>, table: &SearchedTable) -> Result<Vec<Run>> {
    let direction = table.protocol.search_direction;
    let labels: Vec<String> = (wanted.algorithms.iter())
        .map(|algorithm| label(algorithm, &wanted.algorithms))
        .collect();
    let mut found: BTreeMap<(usize, u64), Run> = BTreeMap::new();
    for row in csv::Reader::from_reader(exported.as_bytes()).deserialize() {
        let row: Row = row.context("the long form of the export")?;
        let Some(position) = labels.iter().position(|label| *label == row.algorithm) else {
            continue;
        };
        let run = found.entry((position, row.seed)).or_insert_with(|| Run {
            algorithm: wanted.algorithms[position].to_owned(),
            seed: row.seed,
            queries: 0,
            steps: Vec::new(),
        });
        run.queries = row.unique_queries;
        let (Some(search), Some(report)) = (row.best_search, row.best_report) else {
            continue;
        };
        let last = run.steps.last();
        if last.is_none_or(|last| direction.compare(search, last.1).is_gt()) {
            run.steps.push((row.unique_queries, search, report));
        }
    }
    for (position, algorithm) in wanted.algorithms.iter().enumerate() {
        for &seed in &wanted.seeds {
            ensure!(
                found.contains_key(&(position, seed)),
                "the export has no run of `{algorithm}` with seed {seed}"
            );
        }
    }
    found.retain(|(_, seed), _| wanted.seeds.contains(seed));
    Ok(found.into_values().collect())
}

/// The label that exports give an algorithm beside these: its name, and its preset where another one has the same name.
fn label(algorithm: &str, all: &[&str]) -> String {
    let first = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let (first_word, others) = (first(algorithm), all.iter().map(|other| first(other)));
    let name = |word: &str| word.split(':').next().unwrap_or_default().to_owned();
    let same = others
        .filter(|other| name(other) == name(&first_word))
        .count();
    match first_word.split_once(':') {
        Some((name, preset)) if same > 1 => format!("{name} (preset {preset})"),
        _ => name(&first_word),
    }
}
