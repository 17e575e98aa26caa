//! What the runs of a benchmark have found, as it is kept: a line about the benchmark, and a line for each run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ganas_report::comparison::{Curve, CurvePoint, SearchedTable};
use serde::{Deserialize, Serialize};

use super::description::Wanted;

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The version of ganas.
    pub(super) version: String,
    /// What the networks were computed on.
    pub(super) device: String,
    /// The sha256 of what answered the queries.
    pub(super) table_sha256: String,
    /// Unique queries of every run, but of one that exhausted its space.
    pub(super) budget: u32,
    /// What was searched.
    pub(super) table: SearchedTable,
}

/// The line of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    /// As `ganas compare` reads it.
    pub(super) algorithm: String,
    pub(super) seed: u64,
    /// Its unique queries.
    pub(super) queries: u32,
    /// Where the best search metric rose: the unique query, the search metric, and the reported metric of the same architecture.
    pub(super) steps: Vec<(u32, f64, f64)>,
}

/// What is kept of a benchmark.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) head: Head,
    pub(super) runs: Vec<Run>,
}

impl Kept {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text)
            .with_context(|| format!("{} is not what a comparison keeps", path.display()))
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let head = serde_json::from_str(lines.next().context("it is empty")?).context("line 1")?;
        let runs = lines
            .enumerate()
            .map(|(i, line)| serde_json::from_str(line).with_context(|| format!("line {}", i + 2)));
        Ok(Self {
            head,
            runs: runs.collect::<Result<_>>()?,
        })
    }

    /// The text of the file.
    pub(super) fn to_text(&self) -> Result<String> {
        let mut text = serde_json::to_string(&self.head)? + "\n";
        for run in &self.runs {
            text.push_str(&serde_json::to_string(run)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// Whether every run that is wanted is there, with its whole budget.
    pub(super) fn has(&self, wanted: &Wanted<'_>) -> bool {
        let runs = self.runs.iter();
        let there: BTreeSet<(&str, u64)> = runs.map(|run| (&*run.algorithm, run.seed)).collect();
        let mut algorithms = wanted.algorithms.iter();
        let protocol = &self.head.table.protocol;
        self.head.budget >= wanted.budget()
            && (&*protocol.search, &*protocol.report) == (wanted.search, wanted.report)
            && algorithms.all(|algorithm| {
                let mut seeds = wanted.seeds.iter();
                seeds.all(|&seed| there.contains(&(*algorithm, seed)))
            })
    }

    /// The algorithms, each once, in their order.
    pub(super) fn algorithms(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for run in &self.runs {
            if !all.contains(&&*run.algorithm) {
                all.push(&run.algorithm);
            }
        }
        all
    }

    /// The runs as curves.
    pub(super) fn curves(&self) -> Vec<Curve> {
        let curve = |run: &Run| {
            let point = |unique, values: Option<(f64, f64)>| CurvePoint {
                raw: unique,
                unique,
                search: values.map(|(search, _)| search),
                report: values.map(|(_, report)| report),
                cost: None,
            };
            let steps = run.steps.iter();
            let mut points: Vec<CurvePoint> = steps
                .map(|&(unique, search, report)| point(unique, Some((search, report))))
                .collect();
            points.push(point(run.queries, None));
            Curve {
                algorithm: run.algorithm.clone(),
                table: self.head.table.label.clone(),
                seed: run.seed,
                is_final: run.queries < self.head.budget,
                points,
            }
        };
        self.runs.iter().map(curve).collect()
    }
}
