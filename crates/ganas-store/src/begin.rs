//! Beginning a run: new, or where it was left.

use std::sync::Arc;
use std::time::Duration;

use ganas_eval::Evaluator;
use ganas_search::{ResumePoint, RunSpec, Trial, TrialRecord};
use ganas_space::SearchSpace;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::checksum::{CHECKPOINTS, RUNS, SESSIONS};
use crate::error::Fault;
use crate::spec_hash::{SpecText, sha256};
use crate::study::Durability;
use crate::{Remembered, RunId, RunStatus, RunSummary, RunWriter, StoreError, Study};

/// What to do with a run that the study already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExisting {
    /// Report it as an error.
    Refuse,
    /// Continue it.
    Resume,
}

/// The process that works on a run; recorded, but not exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Now, in Unix seconds.
    pub started_at: i64,
    /// The process id.
    pub pid: u32,
}

/// A run that has been begun.
#[derive(Debug)]
pub enum Begun {
    /// It starts from the beginning.
    Fresh(RunClaim),
    /// It continues after its last recorded round.
    Resume(RunClaim, ResumePoint),
    /// It has ended before; there is nothing to do.
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
}

impl RunClaim {
    /// The run.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.run
    }

    /// An evaluator that keeps each finished evaluation of this run until its round is recorded, and does not repeat
    /// those that an earlier session has kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn remember<'a>(&self, evaluator: &'a dyn Evaluator) -> Result<Remembered<'a>, StoreError> {
        let claim = Self {
            study: self.study.clone(),
            ..*self
        };
        Remembered::new(claim, evaluator)
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
    /// A run is the same when its spec is; a spec that differs in more than version and device is another run, of
    /// which a study may hold any number. An unfinished run is resumed by the version that began it, on any device;
    /// its record keeps the device that it began on. The newest claim of a run holds: an older [`RunWriter`] of it
    /// gets [`StoreError::Conflict`].
    ///
    /// # Errors
    ///
    /// [`StoreError::RunExists`] and [`StoreError::OtherDevice`] for [`OnExisting::Refuse`],
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
        // Whoever begins a run may be told that it was begun, so it is there after a power failure.
        self.write(Durability::Promised, "begin a run", |tx| {
            let known = self.runs_of_experiment(tx, &text.experiment, spec.seed)?;
            let Some(run) = self.choose(spec, &known, on_existing)? else {
                let run = self.insert(tx, spec, &text)?;
                return Ok(Begun::Fresh(self.claim(tx, spec, run, session)?));
            };
            if run.status == RunStatus::Finished {
                return Ok(Begun::Finished(run.id));
            }
            let point = match run.rounds {
                0 => None,
                _ => Some(self.resume_point(tx, run, space)?),
            };
            let mut claim = self.claim(tx, spec, run.id, session)?;
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

        if let Some(run) = known.iter().find(|run| run.spec == *spec) {
            return match on_existing {
                OnExisting::Resume => Ok(Some(run)),
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
                OnExisting::Resume => Ok(Some(run)),
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
            OnExisting::Resume => Ok(known.iter().find(same_version)),
            OnExisting::Refuse => Ok(None),
        }
    }

    /// A session of a run that has taken no time so far.
    fn claim(
        &self,
        connection: &Connection,
        spec: &RunSpec,
        run: RunId,
        session: Session,
    ) -> Result<RunClaim, Fault> {
        let id = self.writing_id()?;
        let number: u32 = connection
            .prepare_cached(
                "UPDATE runs SET status = 'running', stop = NULL, sessions = sessions + 1 WHERE run = ?1
                 RETURNING sessions - 1",
            )?
            .query_row([run.0], |row| row.get(0))?;
        id.reseal(connection, &RUNS, run.0)?;
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
        })
    }

    pub(crate) fn resume_point(
        &self,
        connection: &Connection,
        run: &RunSummary,
        space: &dyn SearchSpace,
    ) -> Result<ResumePoint, Fault> {
        let checkpoint = self.checkpoint(connection, run)?;
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
                return Err(damaged(format!(
                    "`{}` is recorded with the key {}, expected {key}",
                    row.arch, row.key
                )));
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
        Ok(ResumePoint {
            rounds: run.rounds,
            checkpoint,
            trials,
        })
    }

    fn checkpoint(&self, connection: &Connection, run: &RunSummary) -> Result<Vec<u8>, Fault> {
        // The state comes last: the checksum of the row is over its sha256.
        let sql = CHECKPOINTS
            .select("WHERE run = ?1")
            .replace("checksum", "checksum, state");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([run.id.0])?;
        let row: Option<(u32, String, Vec<u8>)> = match rows.next()? {
            None => None,
            Some(row) => {
                let what = || format!("the checkpoint of {}", run.describe());
                self.verify(&CHECKPOINTS, row, &[], what)?;
                Some((row.get(1)?, row.get(2)?, row.get(4)?))
            }
        };
        let last = run.rounds - 1;
        match row {
            Some((round, expected, state)) if round == last => {
                let found = sha256(&state);
                if found == expected {
                    Ok(state)
                } else {
                    Err(Fault::Store(StoreError::DamagedCheckpoint {
                        path: self.path().to_owned(),
                        seed: run.spec.seed,
                        round,
                        expected,
                        found,
                    }))
                }
            }
            other => {
                let what = format!("the run with seed {}", run.spec.seed);
                let found = match other {
                    Some((round, ..)) => format!("its checkpoint is of round {round}"),
                    None => "it has no checkpoint".to_owned(),
                };
                let reason = format!("{found}, expected one of round {last}");
                Err(self.damaged(what, reason).into())
            }
        }
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
