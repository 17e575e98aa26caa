//! A study as it is now: what its runs have done, what is being evaluated, and what the processes that work on it are at.

use ganas_eval::SearchMetric;
use ganas_search::TrialState;
use rusqlite::Connection;

use crate::checksum::{PROPOSALS, SOURCES};
use crate::error::Fault;
use crate::lock;
use crate::outcomes::{Evaluation, EvaluationId, Evaluations};
use crate::study::Durability;
use crate::{RunFilter, RunSummary, StoreError, Study};

/// A study as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyStatus {
    /// Its runs, in the order of [`Study::runs`].
    pub runs: Vec<RunNow>,
    /// What the processes that work on it say of themselves.
    pub activity: Vec<Activity>,
}

/// A run as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct RunNow {
    /// The run, as far as it is recorded.
    pub summary: RunSummary,
    /// The process that works on it, as it named itself; nothing when none does.
    pub holder: Option<String>,
    /// The best search metric among its trials that can be the best, and the number of that trial.
    pub best: Option<(f64, u32)>,
    /// What was proposed and is no trial yet, in the order of proposal.
    pub pending: Vec<Pending>,
}

/// Something that was proposed and is no trial yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// The number that the trial will have.
    pub number: u32,
    /// The architecture as text.
    pub arch: String,
    /// What came of it, when it is evaluated already, and waits for those before it.
    pub evaluation: Option<Evaluation>,
}

/// What a process says of itself, for display alone: it may be out of date.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// The process, as it names itself.
    pub process: String,
    /// When it said so, in Unix seconds.
    pub updated: f64,
    /// What it is at, as JSON.
    pub state: String,
}

impl Study {
    /// The study as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn status(&self) -> Result<StudyStatus, StoreError> {
        self.read("look at the study", |tx| {
            let runs = self.select_runs(tx, &RunFilter::default())?;
            let now = runs.into_iter().map(|summary| {
                Ok(RunNow {
                    holder: lock::holder(self.path(), summary.id),
                    best: self.best_of(tx, &summary)?,
                    pending: self.pending(tx, &summary)?,
                    summary,
                })
            });
            let runs = now.collect::<Result<_, Fault>>()?;
            let mut statement =
                tx.prepare("SELECT process, updated, state FROM activity ORDER BY process")?;
            let rows = statement.query_map([], |row| {
                Ok(Activity {
                    process: row.get(0)?,
                    updated: row.get(1)?,
                    state: row.get(2)?,
                })
            })?;
            Ok(StudyStatus {
                runs,
                activity: rows.collect::<rusqlite::Result<_>>()?,
            })
        })
    }

    /// Notes what a process is at, in place of what it said before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn note_activity(
        &self,
        process: &str,
        updated: f64,
        state: &str,
    ) -> Result<(), StoreError> {
        self.write(Durability::Lazy, "note what is being done", |tx| {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO activity (process, updated, state) VALUES (?1, ?2, ?3)",
            )?
            .execute((process, updated, state))?;
            Ok(())
        })
    }

    /// Forgets what a process said: it has ended.
    ///
    /// # Errors
    ///
    /// As for [`note_activity`](Self::note_activity).
    pub fn forget_activity(&self, process: &str) -> Result<(), StoreError> {
        self.write(Durability::Lazy, "forget what was being done", |tx| {
            tx.execute("DELETE FROM activity WHERE process = ?1", [process])?;
            Ok(())
        })
    }

    /// The best search metric of a run, and the number of its trial, the earliest among equals.
    fn best_of(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<Option<(f64, u32)>, Fault> {
        let mut best: Option<(SearchMetric, u32)> = None;
        self.each_trial(connection, run, |trial| {
            if let (TrialState::Completed(search), true) = (&trial.state, trial.is_eligible())
                && best.is_none_or(|(known, _)| *search > known)
            {
                best = Some((*search, trial.number.0));
            }
            Ok(())
        })?;
        Ok(best.map(|(search, number)| (search.value(), number)))
    }

    /// What was proposed in a run and is no trial yet.
    pub(crate) fn pending(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<Vec<Pending>, Fault> {
        let highest = (run.spec.rungs.as_ref()).and_then(|rungs| rungs.fidelities().last());
        let source = match (self.source(connection, run)?, highest) {
            (Some(source), Some(fidelity)) => self.with_fidelity(connection, &source, fidelity)?,
            (source, _) => source,
        };
        let mut statement =
            connection.prepare_cached(&PROPOSALS.select("WHERE run = ?1 ORDER BY number"))?;
        let mut rows = statement.query([run.id.0])?;
        let mut pending = Vec::new();
        while let Some(row) = rows.next()? {
            let number: u32 = row.get(1)?;
            let what = || format!("proposal {number} of {}", run.describe());
            self.verify(&PROPOSALS, row, &[], what)?;
            let key: String = row.get(3)?;
            let id = EvaluationId {
                key: key.parse().map_err(|e| self.damaged(what(), e))?,
                seed: None,
            };
            let evaluation = match &source {
                Some(evaluations) => evaluations.find_in(connection, id)?,
                None => None,
            };
            pending.push(Pending {
                number,
                arch: row.get(2)?,
                evaluation,
            });
        }
        Ok(pending)
    }

    /// The evaluations of what evaluates a run, with its own fidelity; nothing for a run on a table or a surrogate.
    pub(crate) fn source(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<Option<Evaluations>, Fault> {
        let mut statement = connection.prepare_cached(&SOURCES.select("WHERE run = ?1"))?;
        let mut rows = statement.query([run.id.0])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        self.verify(&SOURCES, row, &[], || {
            format!("the source of {}", run.describe())
        })?;
        Ok(Some(Evaluations::of(self, row.get(1)?)))
    }
}
