//! The best architectures of a study.

use std::collections::{BTreeMap, BTreeSet};

use ganas_eval::{Direction, ReportMetric, SearchMetric};
use ganas_search::TrialNumber;
use ganas_space::ArchKey;

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
}

impl Study {
    /// The best `n` distinct classes over the chosen runs by search metric, best first; equals by key.
    ///
    /// # Errors
    ///
    /// [`StoreError::MixedMetrics`] when the runs were searched on different spaces, tables or metrics;
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn top(&self, n: usize, filter: &RunFilter) -> Result<Vec<TopEntry>, StoreError> {
        let limit = i64::try_from(n).unwrap_or(i64::MAX);
        self.read("rank the trials", |tx| {
            let runs = self.select_runs(tx, filter)?;
            self.check_comparable(&runs)?;
            // A class within the best n of all runs is within the best n of the run that shows its best value, since
            // ties are broken alike, and trials that are no repeats are of distinct classes.
            let mut best: BTreeMap<ArchKey, TopEntry> = BTreeMap::new();
            for run in &runs {
                let direction = run.spec.protocol.search_direction;
                let best_first = match direction {
                    Direction::Maximize => "DESC",
                    Direction::Minimize => "ASC",
                };
                let mut statement = tx.prepare_cached(&format!(
                    "SELECT arch, key, search, report, number FROM trials
                     WHERE run = ?1 AND state = 'completed' AND repeat = 0
                     ORDER BY search {best_first}, key LIMIT ?2",
                ))?;
                let mut rows = statement.query((run.id.0, limit))?;
                while let Some(row) = rows.next()? {
                    let key: String = row.get(1)?;
                    let entry = TopEntry {
                        arch: row.get(0)?,
                        key: key
                            .parse()
                            .map_err(|e| self.damaged(format!("a trial of run {}", run.id), e))?,
                        search: SearchMetric::new(row.get(2)?, direction),
                        report: ReportMetric(row.get(3)?),
                        run: run.id,
                        run_name: run.name.clone(),
                        algorithm: run.spec.algorithm.clone(),
                        seed: run.spec.seed,
                        number: TrialNumber(row.get(4)?),
                    };
                    if best
                        .get(&entry.key)
                        .is_none_or(|known| entry.search > known.search)
                    {
                        best.insert(entry.key, entry);
                    }
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
}
