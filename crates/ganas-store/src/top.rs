//! The best architectures of a study.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use ganas_eval::{ReportMetric, SearchMetric};
use ganas_search::{TrialNumber, TrialState};
use ganas_space::ArchKey;
use rusqlite::Connection;
use serde_json::Value;

use crate::error::Fault;
use crate::{RunFilter, RunId, RunSummary, StoreError, Study};

/// One of the best classes of architectures, by the trial that showed its best search metric.
#[derive(Clone, Debug, PartialEq)]
pub struct TopEntry {
    /// The architecture as text of its space.
    pub arch: String,
    /// Its class.
    pub key: ArchKey,
    /// The search metric.
    pub search: SearchMetric,
    /// The reported metric of the same query.
    pub report: ReportMetric,
    /// The run that found it, the first in the order of [`Study::runs`] among equals.
    pub run: RunId,
    /// The name of the run.
    pub run_name: String,
    /// The algorithm of the run.
    pub algorithm: String,
    /// The seed of the run.
    pub seed: u64,
    /// The number of the trial.
    pub number: TrialNumber,
    /// Whether it is a trial already, or has been evaluated and waits for those before it in a run that goes on.
    pub is_recorded: bool,
}

/// Something that was evaluated for a run and is no trial yet.
pub(crate) struct PendingEntry {
    pub(crate) entry: TopEntry,
    /// All that was returned.
    pub(crate) metrics: BTreeMap<String, f64>,
}

impl Study {
    /// The best `n` distinct classes over the chosen runs by search metric, best first; equals by key.
    ///
    /// # Errors
    ///
    /// [`StoreError::MixedMetrics`] when the runs were searched on different spaces, tables or metrics;
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn top(&self, n: usize, filter: &RunFilter) -> Result<Vec<TopEntry>, StoreError> {
        self.read("rank the trials", |tx| {
            let runs = self.select_runs(tx, filter)?;
            self.check_comparable(&runs)?;
            let mut best: BTreeMap<ArchKey, TopEntry> = BTreeMap::new();
            for run in &runs {
                self.each_trial(tx, run, |trial| {
                    let is_hidden = trial.repeat || !trial.is_eligible();
                    let (TrialState::Completed(search), Some(report), false) =
                        (&trial.state, trial.report, is_hidden)
                    else {
                        return Ok(());
                    };
                    let entry = TopEntry {
                        arch: trial.arch,
                        key: trial.key,
                        search: *search,
                        report,
                        run: run.id,
                        run_name: run.name.clone(),
                        algorithm: run.spec.algorithm.clone(),
                        seed: run.spec.seed,
                        number: trial.number,
                        is_recorded: true,
                    };
                    add(&mut best, entry);
                    Ok(())
                })?;
                for PendingEntry { entry, .. } in self.pending_entries(tx, run)? {
                    add(&mut best, entry);
                }
            }
            let mut top: Vec<TopEntry> = best.into_values().collect();
            // The sort is stable, so equals stay in the order of their keys.
            top.sort_by(|a, b| b.search.gain().total_cmp(&a.search.gain()));
            top.truncate(n);
            Ok(top)
        })
    }

    pub(crate) fn check_comparable(&self, runs: &[RunSummary]) -> Result<(), StoreError> {
        let metrics: BTreeSet<String> = runs
            .iter()
            .map(|run| {
                let spec = &run.spec;
                let epochs = match spec.protocol.search_epochs {
                    Some(epochs) => format!(" after {epochs} epochs"),
                    None => String::new(),
                };
                format!(
                    "`{}`{epochs} ({} is better) on {} (table {})",
                    spec.protocol.search,
                    spec.protocol.search_direction.better(),
                    spec.space,
                    spec.table_sha256
                )
            })
            .collect();
        if metrics.len() <= 1 {
            return Ok(());
        }
        Err(StoreError::MixedMetrics {
            path: self.path().to_owned(),
            metrics: metrics.into_iter().collect::<Vec<_>>().join("; "),
        })
    }

    /// What was evaluated for a run and is no trial yet.
    pub(crate) fn pending_entries(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<Vec<PendingEntry>, Fault> {
        let protocol = &run.spec.protocol;
        let pending = self.pending(connection, run)?.into_iter();
        let entries = pending.filter_map(|pending| {
            let evaluation = pending.evaluation?;
            let metric = |name: &str| evaluation.details.metrics.get(name).copied();
            let entry = TopEntry {
                arch: pending.arch,
                key: evaluation.id.key,
                search: SearchMetric::new(metric(&protocol.search)?, protocol.search_direction),
                report: ReportMetric(metric(&protocol.report)?),
                run: run.id,
                run_name: run.name.clone(),
                algorithm: run.spec.algorithm.clone(),
                seed: run.spec.seed,
                number: TrialNumber(pending.number),
                is_recorded: false,
            };
            Some(PendingEntry {
                entry,
                metrics: evaluation.details.metrics,
            })
        });
        // What misses bounds is known only once it is a trial.
        let config: Value = serde_json::from_str(&run.spec.config).unwrap_or_default();
        Ok(if config.get("measured_constraints").is_some() {
            Vec::new()
        } else {
            entries.collect()
        })
    }
}

/// Keeps the best trial of each class, the first among equals.
fn add(best: &mut BTreeMap<ArchKey, TopEntry>, entry: TopEntry) {
    match best.entry(entry.key) {
        Entry::Vacant(place) => {
            place.insert(entry);
        }
        Entry::Occupied(mut place) if entry.search > place.get().search => {
            place.insert(entry);
        }
        Entry::Occupied(_) => {}
    }
}
