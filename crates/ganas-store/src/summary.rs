//! Runs as they are listed and chosen.

use std::fmt;

use ganas_eval::QueryCounts;
use ganas_search::{RunSpec, StopReason};
use rusqlite::{Connection, Params, Row};

use crate::checksum::{ENDINGS, RUNS};
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
    /// Its name in every study and export: the first 16 hexadecimal digits of the sha256 of its spec without the budget.
    pub name: String,
    /// The sha256 of its spec without version, device, seed and budget: equal for runs that differ in those only.
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
    /// How many of its first rounds were written by a version without checksums, so that damage of before the study was
    /// first opened for writing by a later version is not noticed.
    pub unchecked_rounds: u32,
}

impl RunSummary {
    /// The run, for an error.
    pub(crate) fn describe(&self) -> String {
        format!("the run `{}` with seed {}", self.name, self.spec.seed)
    }
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
        self.read("read a run", |tx| self.find_run(tx, run))
    }

    /// The runs that a filter chooses, in the order of [`runs`](Self::runs).
    pub(crate) fn select_runs(
        &self,
        connection: &Connection,
        filter: &RunFilter,
    ) -> Result<Vec<RunSummary>, Fault> {
        let mut runs = self.runs_where(connection, "", [])?;
        runs.retain(|run| filter.matches(run));
        Ok(runs)
    }

    /// The runs of an experiment with a seed: one for each version and device.
    pub(crate) fn runs_of_experiment(
        &self,
        connection: &Connection,
        experiment: &str,
        seed: u64,
    ) -> Result<Vec<RunSummary>, Fault> {
        let condition = "WHERE experiment = ?1 AND seed = ?2";
        self.runs_where(connection, condition, [experiment, &seed.to_string()])
    }

    /// One run.
    pub(crate) fn find_run(
        &self,
        connection: &Connection,
        run: RunId,
    ) -> Result<RunSummary, Fault> {
        let found = self.runs_where(connection, "WHERE run = ?1", [run.0])?;
        let unknown = || StoreError::UnknownRun {
            path: self.path().to_owned(),
            run,
        };
        Ok(found.into_iter().next().ok_or_else(unknown)?)
    }

    fn runs_where(
        &self,
        connection: &Connection,
        condition: &str,
        parameters: impl Params,
    ) -> Result<Vec<RunSummary>, Fault> {
        let mut statement = connection.prepare_cached(&RUNS.select(condition))?;
        let mut rows = statement.query(parameters)?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            self.verify(&RUNS, row, &[], || {
                let name = row.get::<_, String>(1).unwrap_or_default();
                format!("run {id} (`{name}`)")
            })?;
            let mut run = RunRow::new(row)?;
            if let Some(ending) = self.ending(connection, &run)? {
                run.stop = Some(ending);
            }
            runs.push(run.summary(self)?);
        }
        runs.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(runs)
    }
}

impl Study {
    /// Why a run ended, when the table of runs does not say it.
    fn ending(&self, connection: &Connection, run: &RunRow) -> Result<Option<String>, Fault> {
        let mut statement = connection.prepare_cached(&ENDINGS.select("WHERE run = ?1"))?;
        let mut rows = statement.query([run.id.0])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        self.verify(&ENDINGS, row, &[], || {
            format!("the end of run {} (`{}`)", run.id, run.name)
        })?;
        Ok(Some(row.get(1)?))
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
    unchecked_rounds: u32,
}

impl RunRow {
    fn new(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: RunId(row.get(0)?),
            name: row.get(1)?,
            experiment: row.get(2)?,
            spec: row.get(14)?,
            status: row.get(15)?,
            stop: row.get(16)?,
            rounds: row.get(17)?,
            counts: QueryCounts {
                raw: row.get(18)?,
                unique: row.get(19)?,
                failed: row.get(20)?,
            },
            wall_s: row.get(21)?,
            unchecked_rounds: row.get(23)?,
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
            unchecked_rounds: self.unchecked_rounds,
        })
    }
}

const STOPS: [StopReason; 7] = [
    StopReason::BudgetSpent,
    StopReason::SpaceExhausted,
    StopReason::OnlyRepeats,
    StopReason::Interrupted,
    StopReason::TargetReached,
    StopReason::NoImprovement,
    StopReason::TimeSpent,
];

/// The text of a stop reason in records.
pub(crate) fn stop_text(stop: StopReason) -> &'static str {
    match stop {
        StopReason::BudgetSpent => "budget_spent",
        StopReason::SpaceExhausted => "space_exhausted",
        StopReason::OnlyRepeats => "only_repeats",
        StopReason::Interrupted => "interrupted",
        StopReason::TargetReached => "target_reached",
        StopReason::NoImprovement => "no_improvement",
        StopReason::TimeSpent => "time_spent",
    }
}

/// The text of a stop reason where it stands in the table of runs; others have a table of their own.
pub(crate) fn known_stop_text(stop: StopReason) -> Option<&'static str> {
    match stop {
        StopReason::BudgetSpent
        | StopReason::SpaceExhausted
        | StopReason::OnlyRepeats
        | StopReason::Interrupted => Some(stop_text(stop)),
        StopReason::TargetReached | StopReason::NoImprovement | StopReason::TimeSpent => None,
    }
}
