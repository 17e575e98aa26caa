//! Beginning a run: new, or where it was left.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ganas_eval::{Curve, Evaluator};
use ganas_search::{ResumePoint, RunSpec, StopReason, Trial, TrialRecord};
use ganas_space::SearchSpace;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::checksum::{CHECKPOINTS, RUNS, SESSIONS};
use crate::error::Fault;
use crate::lock::{NotTaken, RunLock};
use crate::measured;
use crate::spec_hash::{SpecText, sha256};
use crate::state::StoredState;
use crate::study::Durability;
use crate::{
    EvaluatorSpec, Remembered, RunId, RunStatus, RunSummary, RunWriter, StoreError, Study,
};

/// What to do with a run that the study already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExisting {
    /// Report it as an error.
    Refuse,
    /// Continue it.
    Resume,
    /// Continue it, and evaluate again what has failed. The record becomes that of a run in which it had not failed.
    RetryFailed,
}

/// The process that works on a run; recorded, but not exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Now, in Unix seconds.
    pub started_at: i64,
    /// The process id.
    pub pid: u32,
    /// The machine.
    pub host: String,
}

/// A run that has been begun.
#[derive(Debug)]
pub enum Begun {
    /// It starts from the beginning.
    Fresh(RunClaim),
    /// It continues after its last recorded round.
    Resume(RunClaim, ResumePoint),
    /// It has ended before, with this budget or a larger one; there is nothing to do.
    Finished(RunId),
}

/// The right to write a run, until another session claims it.
#[derive(Debug)]
pub struct RunClaim {
    pub(crate) study: Study,
    pub(crate) run: RunId,
    pub(crate) seed: u64,
    pub(crate) session: u32,
    /// Seconds spent by earlier sessions.
    pub(crate) wall_s: f64,
    /// Held as long as any part of the claim is there.
    pub(crate) lock: Arc<RunLock>,
}

impl RunClaim {
    /// The run.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.run
    }

    /// An evaluator that keeps each finished evaluation in the study, and does not repeat those that the study has of the same
    /// evaluator, whatever asked for them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn remember<'a>(
        &self,
        evaluator: &'a dyn Evaluator,
        spec: &EvaluatorSpec,
        space: Arc<dyn SearchSpace>,
    ) -> Result<Remembered<'a>, StoreError> {
        Remembered::new(self.share(), evaluator, spec, space)
    }

    /// The same claim for another part of this process.
    fn share(&self) -> Self {
        Self {
            study: self.study.clone(),
            lock: Arc::clone(&self.lock),
            ..*self
        }
    }

    /// The observer that records the run. `elapsed` tells the time since the session began.
    #[must_use]
    pub fn writer(
        self,
        space: Arc<dyn SearchSpace>,
        elapsed: impl FnMut() -> Duration + Send + 'static,
    ) -> RunWriter {
        RunWriter::new(self, space, Box::new(elapsed))
    }
}

impl Study {
    /// Claims a run, new or interrupted.
    ///
    /// A run is the same when its spec is, whatever its budget; a spec that differs in more than version, device and budget is
    /// another run, of which a study may hold any number. A run is resumed by the version that began it, on any device;
    /// its record keeps the device that it began on. A run that has spent its budget goes on with a larger one, from where
    /// a run with the larger one would have been. One process at a time has a claim of a run.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`], [`StoreError::RunExists`] and [`StoreError::OtherDevice`] for [`OnExisting::Refuse`],
    /// [`StoreError::OtherVersion`], [`StoreError::WrongSpace`], [`StoreError::DamagedCheckpoint`],
    /// [`StoreError::Damaged`], [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn begin(
        &self,
        spec: &RunSpec,
        on_existing: OnExisting,
        space: &dyn SearchSpace,
        session: Session,
    ) -> Result<Begun, StoreError> {
        if spec.space != space.name() {
            return Err(StoreError::WrongSpace {
                spec: spec.space.clone(),
                given: space.name().to_owned(),
            });
        }
        let text = SpecText::new(spec)?;
        let session = &session;
        // Whoever begins a run may be told that it was begun, so it is there after a power failure.
        self.write(Durability::Promised, "begin a run", |tx| {
            let known = self.runs_of_experiment(tx, &text.experiment, spec.seed)?;
            let Some(run) = self.choose(spec, &known, on_existing)? else {
                let run = self.insert(tx, spec, &text)?;
                return Ok(Begun::Fresh(self.claim(tx, spec, run, session)?));
            };
            let retries = on_existing == OnExisting::RetryFailed && run.counts.failed > 0;
            if has_ended(run, spec) && !retries {
                return Ok(Begun::Finished(run.id));
            }
            if on_existing == OnExisting::RetryFailed {
                self.forget_failures(tx, run)?;
            }
            let point = self.resume_point(tx, run, space)?;
            let mut claim = self.claim(tx, spec, run.id, session)?;
            self.extend(tx, run, spec)?;
            claim.wall_s = run.wall_s;
            Ok(match point {
                None => Begun::Fresh(claim),
                Some(point) => Begun::Resume(claim, point),
            })
        })
    }

    /// The run to continue, or none for a new one.
    fn choose<'a>(
        &self,
        spec: &RunSpec,
        known: &'a [RunSummary],
        on_existing: OnExisting,
    ) -> Result<Option<&'a RunSummary>, StoreError> {
        let path = || self.path().to_owned();
        let seed = spec.seed;
        let unfinished = |run: &&RunSummary| run.status != RunStatus::Finished;
        let same_version = |run: &&RunSummary| run.spec.version == spec.version;

        // Studies of earlier formats may have several, of which only the one that went furthest can be continued.
        let same = known.iter().filter(|run| run.spec.is_same_run(spec));
        if let Some(run) = same.max_by_key(|run| run.spec.budget.unique_queries()) {
            return match on_existing {
                OnExisting::Resume | OnExisting::RetryFailed => Ok(Some(run)),
                OnExisting::Refuse => Err(StoreError::RunExists {
                    path: path(),
                    seed,
                    status: run.status,
                    rounds: run.rounds,
                }),
            };
        }
        if let Some(run) = known.iter().filter(unfinished).find(same_version) {
            return match on_existing {
                OnExisting::Resume | OnExisting::RetryFailed => Ok(Some(run)),
                OnExisting::Refuse => Err(StoreError::OtherDevice {
                    path: path(),
                    seed,
                    recorded: run.spec.device.clone(),
                    current: spec.device.clone(),
                }),
            };
        }
        if let Some(run) = known.iter().find(unfinished) {
            return Err(StoreError::OtherVersion {
                path: path(),
                seed,
                recorded: run.spec.version.clone(),
                current: spec.version.clone(),
            });
        }
        match on_existing {
            OnExisting::Resume | OnExisting::RetryFailed => Ok(known.iter().find(same_version)),
            OnExisting::Refuse => Ok(None),
        }
    }

    /// Forgets what has failed in a run. When its searcher was told of it, all of it is computed again from the start, with
    /// what is kept.
    fn forget_failures(&self, connection: &Connection, run: &RunSummary) -> Result<(), Fault> {
        connection
            .prepare_cached("DELETE FROM outcomes WHERE run = ?1 AND reason IS NOT NULL")?
            .execute([run.id.0])?;
        if run.counts.failed > 0 {
            connection
                .prepare_cached("DELETE FROM checkpoints WHERE run = ?1")?
                .execute([run.id.0])?;
        }
        Ok(())
    }

    /// Notes the budget with which a run goes on.
    fn extend(
        &self,
        connection: &Connection,
        run: &RunSummary,
        spec: &RunSpec,
    ) -> Result<(), Fault> {
        let extended = RunSpec {
            budget: spec.budget,
            ..run.spec.clone()
        };
        let json = SpecText::new(&extended)?.json;
        connection
            .prepare_cached("UPDATE runs SET budget = ?2, spec = ?3 WHERE run = ?1")?
            .execute((run.id.0, u32::from(spec.budget), json))?;
        connection
            .prepare_cached("DELETE FROM endings WHERE run = ?1")?
            .execute([run.id.0])?;
        self.writing_id()?.reseal(connection, &RUNS, run.id.0)?;
        Ok(())
    }

    /// A session of a run that has taken no time so far.
    fn claim(
        &self,
        connection: &Connection,
        spec: &RunSpec,
        run: RunId,
        session: &Session,
    ) -> Result<RunClaim, Fault> {
        let id = self.writing_id()?;
        let holder = format!("process {} on {}", session.pid, session.host);
        let lock =
            RunLock::take(self.path(), run, &holder).map_err(|not_taken| match not_taken {
                NotTaken::Failed(error) => error,
                NotTaken::Busy(holder) => StoreError::Busy {
                    path: self.path().to_owned(),
                    run: SpecText::new(spec)
                        .map(|text| text.name)
                        .unwrap_or_default(),
                    seed: spec.seed,
                    holder,
                },
            })?;
        let number: u32 = connection
            .prepare_cached(
                "UPDATE runs SET status = 'running', stop = NULL, sessions = sessions + 1 WHERE run = ?1
                 RETURNING sessions - 1",
            )?
            .query_row([run.0], |row| row.get(0))?;
        id.reseal(connection, &RUNS, run.0)?;
        // They are proposed again.
        connection
            .prepare_cached("DELETE FROM proposals WHERE run = ?1")?
            .execute([run.0])?;
        let values = [
            Value::Integer(run.0),
            Value::Integer(number.into()),
            Value::Integer(session.started_at),
            Value::Text(spec.version.clone()),
            Value::Text(spec.device.clone()),
            Value::Integer(session.pid.into()),
        ];
        id.insert(&SESSIONS, &mut SESSIONS.insert(connection)?, &values, &[])?;
        Ok(RunClaim {
            study: self.clone(),
            run,
            seed: spec.seed,
            session: number,
            wall_s: 0.0,
            lock: Arc::new(lock),
        })
    }

    /// Where a run continues: after its last checkpoint. What was recorded after that is removed from its record, since it is
    /// recorded again, by a longer run perhaps in another order; what was evaluated is kept apart.
    pub(crate) fn resume_point(
        &self,
        connection: &Connection,
        run: &RunSummary,
        space: &dyn SearchSpace,
    ) -> Result<Option<ResumePoint>, Fault> {
        let checkpoint = self.checkpoint(connection, run)?;
        // Before anything is removed, everything is checked.
        self.each_trial(connection, run, |_| Ok(()))?;
        let rounds = checkpoint.as_ref().map_or(0, |(round, _)| round + 1);
        if rounds < run.rounds {
            self.truncate(connection, run.id, rounds)?;
        }
        let Some((round, state)) = checkpoint else {
            return Ok(None);
        };
        let run = &self.find_run(connection, run.id)?;
        let stored = StoredState::decode(&state).map_err(|reason| {
            let what = format!("the checkpoint of {} after round {round}", run.describe());
            self.damaged(what, reason)
        })?;
        let trials = self.recorded(connection, run, space)?;
        Ok(Some(ResumePoint {
            rounds,
            curves: self.told_curves(connection, run, &trials)?,
            trials,
            pending: stored.pending(space).map_err(|reason| {
                self.damaged(format!("the checkpoint of {}", run.describe()), reason)
            })?,
            checkpoint: stored.searcher,
        }))
    }

    /// What the complete trials of a run told of each step, where evaluations are stopped early.
    fn told_curves(
        &self,
        connection: &Connection,
        run: &RunSummary,
        trials: &[TrialRecord],
    ) -> Result<BTreeMap<u32, Curve>, Fault> {
        let source = match run.spec.stop_below {
            Some(_) => self.source(connection, run)?,
            None => None,
        };
        let Some(source) = source else {
            return Ok(BTreeMap::new());
        };
        let mut known = source.whole_curves(connection, &run.spec.protocol.search)?;
        let complete = trials.iter().map(|record| &record.trial);
        let complete = complete.filter(|trial| !trial.repeat && trial.search().is_some());
        let curves = complete.filter_map(|trial| Some((trial.number.0, known.remove(&trial.key)?)));
        Ok(curves.collect())
    }

    /// The trials of a run as a searcher is told them.
    fn recorded(
        &self,
        connection: &Connection,
        run: &RunSummary,
        space: &dyn SearchSpace,
    ) -> Result<Vec<TrialRecord>, Fault> {
        let mut trials = Vec::new();
        self.each_trial(connection, run, |row| {
            let damaged = |reason: String| {
                self.damaged(
                    format!(
                        "trial {} of the run with seed {}",
                        row.number.0, run.spec.seed
                    ),
                    reason,
                )
            };
            let arch = space
                .decode(&row.arch)
                .map_err(|e| damaged(e.to_string()))?;
            let key = space.key(&arch);
            if key != row.key {
                return Err(Fault::Store(damaged(format!(
                    "`{}` is recorded with the key {}, expected {key}",
                    row.arch, row.key
                ))));
            }
            trials.push(TrialRecord {
                trial: Trial {
                    number: row.number,
                    round: row.round,
                    arch,
                    key,
                    repeat: row.repeat,
                    state: row.state,
                    objectives: row.objectives,
                    violation: row.violation,
                    lower: row.lower,
                    missing: row.missing,
                },
                report: row.report,
            });
            Ok(())
        })?;
        if u32::try_from(trials.len()) != Ok(run.counts.raw) {
            let what = format!("the run with seed {}", run.spec.seed);
            let reason = format!("{} trials, expected {}", trials.len(), run.counts.raw);
            return Err(self.damaged(what, reason).into());
        }
        Ok(trials)
    }

    /// Removes the rounds of a run from this one on.
    pub(crate) fn truncate(
        &self,
        connection: &Connection,
        run: RunId,
        rounds: u32,
    ) -> Result<(), Fault> {
        let first: Option<u32> = connection
            .prepare_cached("SELECT min(number) FROM trials WHERE run = ?1 AND round >= ?2")?
            .query_row((run.0, rounds), |row| row.get(0))?;
        if let Some(first) = first {
            for table in ["objectives", "standings", "stops"] {
                let sql = format!("DELETE FROM {table} WHERE run = ?1 AND number >= ?2");
                connection.prepare_cached(&sql)?.execute((run.0, first))?;
            }
        }
        for table in ["trials", "events", "rounds"] {
            let sql = format!("DELETE FROM {table} WHERE run = ?1 AND round >= ?2");
            connection.prepare_cached(&sql)?.execute((run.0, rounds))?;
        }
        measured::truncate(connection, run, rounds)?;
        connection
            .prepare_cached(
                "UPDATE runs SET rounds = ?2,
                     raw_queries = (SELECT count(*) FROM trials WHERE run = ?1),
                     unique_queries = (SELECT count(*) FROM trials WHERE run = ?1 AND repeat = 0),
                     failed_queries = (SELECT count(*) FROM trials
                                       WHERE run = ?1 AND repeat = 0 AND state = 'failed'),
                     unchecked_rounds = min(unchecked_rounds, ?2)
                 WHERE run = ?1",
            )?
            .execute((run.0, rounds))?;
        self.writing_id()?.reseal(connection, &RUNS, run.0)?;
        Ok(())
    }

    /// The round of the last checkpoint, and the state then; nothing for a run that was not told anything, or was not kept for
    /// longer budgets, since what it asks is answered at once.
    fn checkpoint(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<Option<(u32, Vec<u8>)>, Fault> {
        // The state comes last: the checksum of the row is over its sha256.
        let sql = CHECKPOINTS
            .select("WHERE run = ?1")
            .replace("checksum", "checksum, state");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([run.id.0])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let what = || format!("the checkpoint of {}", run.describe());
        self.verify(&CHECKPOINTS, row, &[], what)?;
        let (round, expected, state): (u32, String, Vec<u8>) =
            (row.get(1)?, row.get(2)?, row.get(4)?);
        if round >= run.rounds {
            let reason = format!("it is of round {round}, expected one before {}", run.rounds);
            return Err(self.damaged(what(), reason).into());
        }
        let found = sha256(&state);
        if found == expected {
            return Ok(Some((round, state)));
        }
        Err(Fault::Store(StoreError::DamagedCheckpoint {
            path: self.path().to_owned(),
            seed: run.spec.seed,
            round,
            expected,
            found,
        }))
    }

    fn insert(
        &self,
        connection: &Connection,
        spec: &RunSpec,
        text: &SpecText,
    ) -> Result<RunId, Fault> {
        let text_of = |text: &str| Value::Text(text.to_owned());
        let number: i64 = connection
            .prepare_cached("SELECT coalesce(max(run), 0) + 1 FROM runs")?
            .query_row([], |row| row.get(0))?;
        let values = [
            Value::Integer(number),
            text_of(&text.name),
            text_of(&text.experiment),
            text_of(&spec.space),
            text_of(&spec.table_sha256),
            text_of(&spec.protocol.search),
            text_of(&spec.protocol.report),
            Value::Text(spec.protocol.kind.to_string()),
            text_of(&spec.algorithm),
            text_of(&spec.config),
            Value::Integer(u32::from(spec.budget).into()),
            Value::Text(spec.seed.to_string()),
            text_of(&spec.version),
            text_of(&spec.device),
            text_of(&text.json),
            text_of(RunStatus::Running.as_str()),
            // No reason to stop; no rounds, and no queries of the three kinds.
            Value::Null,
            Value::Integer(0),
            Value::Integer(0),
            Value::Integer(0),
            Value::Integer(0),
            // No seconds, no sessions, and no round without a checksum.
            Value::Real(0.0),
            Value::Integer(0),
            Value::Integer(0),
        ];
        let mut statement = RUNS.insert(connection)?;
        self.writing_id()?
            .insert(&RUNS, &mut statement, &values, &[])?;
        Ok(RunId(number))
    }
}

/// Whether there is nothing left to do for a run with the budget of this spec.
fn has_ended(run: &RunSummary, spec: &RunSpec) -> bool {
    match run.stop {
        Some(StopReason::SpaceExhausted) => run.status == RunStatus::Finished,
        Some(StopReason::BudgetSpent | StopReason::OnlyRepeats) => {
            run.status == RunStatus::Finished
                && spec.budget.unique_queries() <= run.spec.budget.unique_queries()
        }
        _ => false,
    }
}
