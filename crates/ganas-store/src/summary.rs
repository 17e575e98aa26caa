//! Runs as they are listed and chosen.

use std::fmt;

use ganas_eval::QueryCounts;
use ganas_search::{RunSpec, StopReason};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::Fault;
use crate::{StoreError, Study};

/// The number of a run within its study. It depends on the order in which runs were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub(crate) i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It is being written, or its process was killed; it can be resumed.
    Running,
    /// It has ended.
    Finished,
    /// It was stopped, by request or by an error; it can be resumed.
    Interrupted,
}

impl RunStatus {
    /// The text in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A run without its trials.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Its number in this study.
    pub id: RunId,
    /// Its name in every study and export: the first 16 hexadecimal digits of the sha256 of its spec.
    pub name: String,
    /// The sha256 of its spec without version, device and seed: equal for runs that differ in those only.
    pub experiment: String,
    /// Everything that its record depends on.
    pub spec: RunSpec,
    /// Where it stands.
    pub status: RunStatus,
    /// Why it ended, when it has.
    pub stop: Option<StopReason>,
    /// Rounds done.
    pub rounds: u32,
    /// Queries spent.
    pub counts: QueryCounts,
    /// Seconds spent, over all sessions.
    pub wall_s: f64,
}

/// Chooses runs; an empty filter chooses all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// This run only.
    pub run: Option<RunId>,
    /// Runs on this search space.
    pub space: Option<String>,
    /// Runs of this algorithm.
    pub algorithm: Option<String>,
    /// Runs that searched on this metric.
    pub search: Option<String>,
    /// Runs whose table has a sha256 that begins like this.
    pub table_sha256: Option<String>,
    /// Runs with this seed.
    pub seed: Option<u64>,
}

impl RunFilter {
    /// Whether the filter chooses a run.
    #[must_use]
    pub fn matches(&self, run: &RunSummary) -> bool {
        fn agrees<T: PartialEq>(wanted: &Option<T>, actual: &T) -> bool {
            wanted.as_ref().is_none_or(|wanted| wanted == actual)
        }
        agrees(&self.run, &run.id)
            && agrees(&self.space, &run.spec.space)
            && agrees(&self.algorithm, &run.spec.algorithm)
            && agrees(&self.search, &run.spec.protocol.search)
            && agrees(&self.seed, &run.spec.seed)
            && (self.table_sha256.as_ref())
                .is_none_or(|prefix| run.spec.table_sha256.starts_with(prefix))
    }
}

impl Study {
    /// All runs, ordered by space, algorithm, experiment and seed, whatever the order in which they were started.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn runs(&self) -> Result<Vec<RunSummary>, StoreError> {
        self.read("list the runs", |tx| {
            self.select_runs(tx, &RunFilter::default())
        })
    }

    /// One run.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownRun`], and as for [`runs`](Self::runs).
    pub fn run(&self, run: RunId) -> Result<RunSummary, StoreError> {
        self.read("read a run", |tx| {
            let sql = format!("{SELECT} WHERE run = ?1");
            let row = tx
                .prepare_cached(&sql)?
                .query_row([run.0], RunRow::new)
                .optional()?;
            let row = row.ok_or_else(|| StoreError::UnknownRun {
                path: self.path().to_owned(),
                run,
            })?;
            Ok(row.summary(self)?)
        })
    }

    /// The runs that a filter chooses, in the order of [`runs`](Self::runs).
    pub(crate) fn select_runs(
        &self,
        connection: &Connection,
        filter: &RunFilter,
    ) -> Result<Vec<RunSummary>, Fault> {
        let mut statement = connection.prepare_cached(SELECT)?;
        let mut runs = Vec::new();
        for row in statement.query_map([], RunRow::new)? {
            let run = row?.summary(self)?;
            if filter.matches(&run) {
                runs.push(run);
            }
        }
        runs.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(runs)
    }

    /// The runs of an experiment with a seed: one for each version and device.
    pub(crate) fn runs_of_experiment(
        &self,
        connection: &Connection,
        experiment: &str,
        seed: u64,
    ) -> Result<Vec<RunSummary>, Fault> {
        let sql = format!("{SELECT} WHERE experiment = ?1 AND seed = ?2");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([experiment, &seed.to_string()], RunRow::new)?;
        let runs: Result<Vec<RunSummary>, Fault> =
            rows.map(|row| Ok(row?.summary(self)?)).collect();
        let mut runs = runs?;
        runs.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(runs)
    }
}

/// What the order of runs depends on: nothing that depends on when they were written.
fn order(run: &RunSummary) -> (&str, &str, &str, u64, &str) {
    (
        &run.spec.space,
        &run.spec.algorithm,
        &run.experiment,
        run.spec.seed,
        &run.name,
    )
}

const SELECT: &str = "SELECT run, name, experiment, spec, status, stop, rounds, raw_queries, \
                      unique_queries, failed_queries, wall_s FROM runs";

/// A row of `runs` as it is stored.
struct RunRow {
    id: RunId,
    name: String,
    experiment: String,
    spec: String,
    status: String,
    stop: Option<String>,
    rounds: u32,
    counts: QueryCounts,
    wall_s: f64,
}

impl RunRow {
    fn new(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: RunId(row.get(0)?),
            name: row.get(1)?,
            experiment: row.get(2)?,
            spec: row.get(3)?,
            status: row.get(4)?,
            stop: row.get(5)?,
            rounds: row.get(6)?,
            counts: QueryCounts {
                raw: row.get(7)?,
                unique: row.get(8)?,
                failed: row.get(9)?,
            },
            wall_s: row.get(10)?,
        })
    }

    fn summary(self, study: &Study) -> Result<RunSummary, StoreError> {
        let damaged = |reason: String| study.damaged(format!("run {}", self.id), reason);
        let status = [
            RunStatus::Running,
            RunStatus::Finished,
            RunStatus::Interrupted,
        ]
        .into_iter()
        .find(|status| status.as_str() == self.status)
        .ok_or_else(|| damaged(format!("unknown status `{}`", self.status)))?;
        let stop = match &self.stop {
            None => None,
            Some(text) => Some(
                STOPS
                    .into_iter()
                    .find(|&stop| stop_text(stop) == text)
                    .ok_or_else(|| damaged(format!("unknown stop reason `{text}`")))?,
            ),
        };
        Ok(RunSummary {
            id: self.id,
            spec: serde_json::from_str(&self.spec).map_err(|e| damaged(e.to_string()))?,
            name: self.name,
            experiment: self.experiment,
            status,
            stop,
            rounds: self.rounds,
            counts: self.counts,
            wall_s: self.wall_s,
        })
    }
}

const STOPS: [StopReason; 4] = [
    StopReason::BudgetSpent,
    StopReason::SpaceExhausted,
    StopReason::OnlyRepeats,
    StopReason::Interrupted,
];

/// The text of a stop reason in records.
pub(crate) fn stop_text(stop: StopReason) -> &'static str {
    match stop {
        StopReason::BudgetSpent => "budget_spent",
        StopReason::SpaceExhausted => "space_exhausted",
        StopReason::OnlyRepeats => "only_repeats",
        StopReason::Interrupted => "interrupted",
    }
}
