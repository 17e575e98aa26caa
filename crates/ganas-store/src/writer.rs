//! The writer: records a run round by round.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ganas_eval::StoppedAt;
use ganas_search::{
    Event, Observer, ObserverError, Proposal, RoundReport, RunOutcome, StopReason, TrialRecord,
    TrialState,
};
use ganas_space::SearchSpace;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use crate::checksum::{
    CHECKPOINTS, ENDINGS, PROPOSALS, ROUNDS, RUNS, Running, StudyId, TRIALS, note_class,
};
use crate::error::Fault;
use crate::event_values::EventValues;
use crate::measured;
use crate::read::{Standing, stop_values};
use crate::schema::round_values;
use crate::spec_hash::sha256;
use crate::state::StoredState;
use crate::study::Durability;
use crate::summary::{known_stop_text, stop_text};
use crate::{RunClaim, RunId, StoreError};

/// Records a run as an observer: each round, with the searcher's checkpoint, is one transaction.
///
/// A writer that is dropped before the end of its run, because of an error, marks the run as interrupted.
pub struct RunWriter {
    claim: RunClaim,
    space: Arc<dyn SearchSpace>,
    elapsed: Box<dyn FnMut() -> Duration + Send>,
    /// Whether evaluations cost more than to record what is being evaluated.
    is_costly: bool,
    ended: bool,
}

impl fmt::Debug for RunWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunWriter")
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}

impl RunWriter {
    pub(crate) fn new(
        claim: RunClaim,
        space: Arc<dyn SearchSpace>,
        elapsed: Box<dyn FnMut() -> Duration + Send>,
    ) -> Self {
        Self {
            claim,
            space,
            elapsed,
            is_costly: false,
            ended: false,
        }
    }

    /// Records what is being evaluated, too, and keeps what is needed to go on with a larger budget when the run has ended.
    /// A run whose evaluations cost nothing is computed again instead.
    #[must_use]
    pub fn costly(mut self) -> Self {
        self.is_costly = true;
        self
    }

    /// The run.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.claim.run
    }

    fn wall_s(&mut self) -> f64 {
        self.claim.wall_s + (self.elapsed)().as_secs_f64()
    }

    fn record(&mut self, report: &RoundReport<'_>, state: Option<&[u8]>) -> Result<(), StoreError> {
        let wall_s = self.wall_s();
        // What was paid for is kept already, see `Remembered`; the rest is computed again as it was.
        let durability = Durability::Lazy;
        self.claim.study.write(durability, "record a round", |tx| {
            self.claim.check(tx, Some(report.round))?;
            let id = self.claim.study.writing_id()?;
            let run = self.claim.run.0;
            let trials = self.insert_trials(tx, id, report.trials)?;
            let events = self.insert_events(tx, report.round, report.events)?;
            let values = round_values(run, report.round, trials, events);
            id.insert(&ROUNDS, &mut ROUNDS.insert(tx)?, &values, &[])?;
            measured::insert(tx, id, (self.claim.run, report.round), report.measured)?;
            if self.is_costly {
                let last = report
                    .trials
                    .last()
                    .map_or(0, |record| record.trial.number.0);
                tx.prepare_cached("DELETE FROM proposals WHERE run = ?1 AND number <= ?2")?
                    .execute((run, last))?;
            }
            if let Some(state) = state {
                tx.prepare_cached(
                    "INSERT INTO checkpoints (run, round, sha256, state) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (run) DO UPDATE SET round = ?2, sha256 = ?3, state = ?4",
                )?
                .execute((run, report.round, sha256(state), state))?;
                id.reseal(tx, &CHECKPOINTS, run)?;
            }
            let counts = report.counts;
            tx.prepare_cached(
                "UPDATE runs SET rounds = ?2, raw_queries = ?3, unique_queries = ?4,
                     failed_queries = ?5, wall_s = ?6
                 WHERE run = ?1",
            )?
            .execute((
                run,
                report.round + 1,
                counts.raw,
                counts.unique,
                counts.failed,
                wall_s,
            ))?;
            id.reseal(tx, &RUNS, run)?;
            Ok(())
        })
    }

    /// Inserts the trials of a round.
    fn insert_trials(
        &self,
        connection: &Connection,
        id: StudyId,
        trials: &[TrialRecord],
    ) -> Result<Running, Fault> {
        let mut statement = TRIALS.insert(connection)?;
        let mut inserted = Running::default();
        let real = |value: Option<f64>| value.map_or(Value::Null, Value::Real);
        for TrialRecord { trial, report } in trials {
            let arch = self.space.encode(&trial.arch);
            debug_assert_eq!(
                self.space.decode(&arch).as_ref(),
                Ok(&trial.arch),
                "invariant: the text of an architecture is read back as the same architecture"
            );
            let (state, search, reason, stop) = match &trial.state {
                TrialState::Completed(search) => ("completed", Some(search.value()), None, None),
                TrialState::Failed(reason) => ("failed", None, Some(reason.clone()), None),
                TrialState::Stopped(at) => ("stopped", None, None, Some(*at)),
            };
            let values = [
                Value::Integer(self.claim.run.0),
                Value::Integer(trial.number.0.into()),
                Value::Integer(trial.round.into()),
                Value::Text(arch.clone()),
                Value::Text(trial.key.to_string()),
                Value::Integer(trial.repeat.into()),
                Value::Text(state.to_owned()),
                real(search),
                real(report.map(|report| report.0)),
                reason.map_or(Value::Null, Value::Text),
            ];
            let standing = Standing {
                violation: trial.violation,
                missing: trial.missing,
                lower: trial.lower.clone(),
            };
            let beside = [
                &trial.objectives[..],
                &standing.values(),
                &stop_values(stop),
            ]
            .concat();
            note_class(connection, trial.key, Some(&arch))?;
            inserted.add(id.insert(&TRIALS, &mut statement, &values, &beside)?);
            if let Some(StoppedAt { step, value }) = stop {
                connection
                    .prepare_cached(
                        "INSERT INTO stops (run, number, step, value) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute((self.claim.run.0, trial.number.0, step, value))?;
            }
            if standing != Standing::default() {
                let lower = serde_json::to_string(&standing.lower).map_err(|source| {
                    StoreError::Encoding {
                        what: "the values with lower fidelities",
                        source,
                    }
                })?;
                let Standing {
                    violation, missing, ..
                } = standing;
                connection
                    .prepare_cached(
                        "INSERT INTO standings (run, number, violation, missing, lower)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute((self.claim.run.0, trial.number.0, violation, missing, lower))?;
            }
        }
        let mut statement = connection.prepare_cached(
            "INSERT INTO objectives (run, number, position, measured) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for TrialRecord { trial, .. } in trials {
            for (position, measured) in (0_u32..).zip(&trial.objectives) {
                statement.execute((self.claim.run.0, trial.number.0, position, measured))?;
            }
        }
        Ok(inserted)
    }

    fn insert_events(
        &self,
        connection: &Connection,
        round: u32,
        events: &[Event],
    ) -> Result<Running, Fault> {
        let mut inserted = Running::default();
        let mut statement = connection.prepare_cached(
            "INSERT INTO events (run, round, position, kind, measured) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (event, position) in events.iter().zip(0u32..) {
            let values = EventValues(event.values.clone());
            let measured =
                serde_json::to_string(&values).map_err(|source| StoreError::Encoding {
                    what: "an event",
                    source,
                })?;
            statement.execute((self.claim.run.0, round, position, &event.kind, &measured))?;
            inserted.add_values([
                ValueRef::Integer(position.into()),
                ValueRef::Text(event.kind.as_bytes()),
                ValueRef::Text(measured.as_bytes()),
            ]);
        }
        Ok(inserted)
    }

    fn finish(&mut self, stop: StopReason) -> Result<(), StoreError> {
        let wall_s = self.wall_s();
        let status = match stop {
            StopReason::Interrupted | StopReason::TimeSpent => "interrupted",
            StopReason::BudgetSpent
            | StopReason::SpaceExhausted
            | StopReason::OnlyRepeats
            | StopReason::TargetReached
            | StopReason::NoImprovement => "finished",
        };
        let durability = Durability::Promised;
        let study = &self.claim.study;
        study.write(durability, "record the end of a run", |tx| {
            self.claim.check(tx, None)?;
            let id = study.writing_id()?;
            let run = self.claim.run.0;
            tx.execute(
                "UPDATE runs SET status = ?2, stop = ?3, wall_s = ?4 WHERE run = ?1",
                (run, status, known_stop_text(stop), wall_s),
            )?;
            id.reseal(tx, &RUNS, run)?;
            if known_stop_text(stop).is_none() {
                let values = [Value::Integer(run), Value::Text(stop_text(stop).to_owned())];
                id.insert(&ENDINGS, &mut ENDINGS.replace(tx)?, &values, &[])?;
            }
            // What was evaluated of a round that was left is seen until the run goes on.
            if status == "finished" {
                tx.execute("DELETE FROM proposals WHERE run = ?1", [run])?;
            }
            if !stop.is_early() && !self.is_costly {
                tx.execute("DELETE FROM checkpoints WHERE run = ?1", [run])?;
            }
            Ok(())
        })?;
        self.ended = true;
        Ok(())
    }
}

impl RunClaim {
    /// Checks that no other session has claimed the run or written the round.
    pub(crate) fn check(&self, connection: &Connection, round: Option<u32>) -> Result<(), Fault> {
        // The row is checked before it is changed, so that no damage gets a new checksum.
        let rounds = self.study.find_run(connection, self.run)?.rounds;
        let session: u32 = connection
            .prepare_cached("SELECT max(session) FROM sessions WHERE run = ?1")?
            .query_row([self.run.0], |row| row.get(0))?;
        if session == self.session && round.is_none_or(|round| round == rounds) {
            return Ok(());
        }
        let expected = round.unwrap_or(rounds);
        Err(Fault::Store(StoreError::Conflict {
            path: self.study.path().to_owned(),
            seed: self.seed,
            found: format!("session {session}, {rounds} rounds"),
            expected: format!("session {}, {expected} rounds", self.session),
        }))
    }
}

impl Observer for RunWriter {
    fn name(&self) -> &'static str {
        "the study database"
    }

    fn on_proposed(&mut self, first: u32, proposals: &[Proposal]) -> Result<(), ObserverError> {
        if !self.is_costly || proposals.is_empty() {
            return Ok(());
        }
        let durability = Durability::Lazy;
        let study = &self.claim.study;
        study.write(durability, "record what is proposed", |tx| {
            self.claim.check(tx, None)?;
            let id = study.writing_id()?;
            let mut statement = PROPOSALS.replace(tx)?;
            for (number, proposal) in (first..).zip(proposals) {
                let arch = self.space.encode(&proposal.arch);
                note_class(tx, proposal.key, Some(&arch))?;
                let values = [
                    Value::Integer(self.claim.run.0),
                    Value::Integer(number.into()),
                    Value::Text(arch),
                    Value::Text(proposal.key.to_string()),
                ];
                id.insert(&PROPOSALS, &mut statement, &values, &[])?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError> {
        let state = match round.checkpoint {
            None => None,
            Some(checkpoint) => {
                Some(StoredState::new(checkpoint()?, round.pending, &*self.space).encode())
            }
        };
        self.record(round, state.as_deref())?;
        Ok(())
    }

    fn on_finish(&mut self, outcome: &RunOutcome) -> Result<(), ObserverError> {
        self.finish(outcome.stop)?;
        Ok(())
    }
}

impl Drop for RunWriter {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let claim = &self.claim;
        // The run is resumable whatever its status says, so a failure here loses nothing.
        let durability = Durability::Lazy;
        let study = &claim.study;
        let _ = study.write(durability, "mark a run as interrupted", |tx| {
            claim.check(tx, None)?;
            tx.execute(
                "UPDATE runs SET status = 'interrupted' WHERE run = ?1",
                [claim.run.0],
            )?;
            study.writing_id()?.reseal(tx, &RUNS, claim.run.0)?;
            Ok(())
        });
    }
}
