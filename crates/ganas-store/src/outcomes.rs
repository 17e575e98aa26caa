//! Evaluations that have ended: kept one by one as soon as they are, for whatever asks for the same again.

use std::collections::BTreeMap;

use ganas_eval::{Circumstances, Details, Fidelity};
use ganas_space::ArchKey;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::checksum::{CIRCUMSTANCES, EVALUATORS, OUTCOMES, note_class};
use crate::error::Fault;
use crate::study::Durability;
use crate::{RunId, StoreError, Study};

/// Who evaluates, in which space, and how thoroughly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvaluatorSpec {
    /// The name of the search space.
    pub space: String,
    /// The sha256 of what the evaluator is.
    pub identity: String,
    /// How thorough its evaluations are.
    pub fidelity: Fidelity,
    /// The evaluator, for people.
    pub description: String,
}

/// What is evaluated: a class, and the seed of the training; nothing for the seed that follows from the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EvaluationId {
    /// The class of the architecture.
    pub key: ArchKey,
    /// The seed.
    pub seed: Option<u32>,
}

/// An evaluation that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// What was evaluated.
    pub id: EvaluationId,
    /// The architecture as text, as it was asked for; studies of earlier formats do not have it.
    pub arch: Option<String>,
    /// The run that asked for it; nothing for a table or a list of architectures.
    pub run: Option<RunId>,
    /// Why there are no metrics.
    pub reason: Option<String>,
    /// Everything that was returned.
    pub details: Details,
}

/// The evaluations of one evaluator with one fidelity in a study.
#[derive(Clone, Debug)]
pub struct Evaluations {
    study: Study,
    evaluator: i64,
}

/// The seed in the table when it follows from the class.
pub(crate) const OF_CLASS: i64 = -1;

impl Study {
    /// The evaluations of an evaluator, which the study may know already.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn evaluations(&self, spec: &EvaluatorSpec) -> Result<Evaluations, StoreError> {
        let evaluator = self.write(Durability::Promised, "note who evaluates", |tx| {
            self.evaluator(tx, spec)
        })?;
        Ok(Evaluations {
            study: self.clone(),
            evaluator,
        })
    }

    /// The number of an evaluator, new or known.
    pub(crate) fn evaluator(
        &self,
        connection: &Connection,
        spec: &EvaluatorSpec,
    ) -> Result<i64, Fault> {
        if let Some(number) = self.find_evaluator(connection, spec)? {
            return Ok(number);
        }
        let number: i64 = connection.query_row(
            "SELECT coalesce(max(evaluator), 0) + 1 FROM evaluators",
            [],
            |row| row.get(0),
        )?;
        let values = [
            Value::Integer(number),
            Value::Text(spec.space.clone()),
            Value::Text(spec.identity.clone()),
            Value::Text(finite_json(&spec.fidelity)?),
            Value::Text(spec.description.clone()),
            Value::Integer(0),
        ];
        let mut statement = EVALUATORS.insert(connection)?;
        self.writing_id()?
            .insert(&EVALUATORS, &mut statement, &values, &[])?;
        Ok(number)
    }

    /// The number of an evaluator that the study knows.
    pub(crate) fn find_evaluator(
        &self,
        connection: &Connection,
        spec: &EvaluatorSpec,
    ) -> Result<Option<i64>, Fault> {
        let sql = EVALUATORS.select("WHERE space = ?1 AND identity = ?2 AND fidelity = ?3");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows =
            statement.query((&spec.space, &spec.identity, finite_json(&spec.fidelity)?))?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        self.verify(&EVALUATORS, row, &[], || {
            format!("the evaluator of {}", spec.space)
        })?;
        Ok(Some(row.get(0)?))
    }

    /// The evaluations of the same evaluator with another fidelity, when the study knows it.
    pub(crate) fn with_fidelity(
        &self,
        connection: &Connection,
        known: &Evaluations,
        fidelity: &Fidelity,
    ) -> Result<Option<Evaluations>, Fault> {
        let evaluator = known.evaluator;
        let mut statement =
            connection.prepare_cached(&EVALUATORS.select("WHERE evaluator = ?1"))?;
        let mut rows = statement.query([evaluator])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let what = || format!("evaluator {evaluator}");
        self.verify(&EVALUATORS, row, &[], what)?;
        let spec = EvaluatorSpec {
            space: row.get(1)?,
            identity: row.get(2)?,
            fidelity: fidelity.clone(),
            description: String::new(),
        };
        let number = self.find_evaluator(connection, &spec)?;
        Ok(number.map(|number| Evaluations::of(self, number)))
    }

    /// Every evaluator that the study knows, in the order in which they came.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn evaluators(&self) -> Result<Vec<(EvaluatorSpec, Evaluations)>, StoreError> {
        self.read("read who evaluated", |tx| {
            let mut statement = tx.prepare(&EVALUATORS.select("ORDER BY evaluator"))?;
            let mut rows = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                let what = || format!("evaluator {number}");
                self.verify(&EVALUATORS, row, &[], what)?;
                let spec = EvaluatorSpec {
                    space: row.get(1)?,
                    identity: row.get(2)?,
                    fidelity: self.parsed(&what, &row.get::<_, String>(3)?)?,
                    description: row.get(4)?,
                };
                let study = self.clone();
                all.push((
                    spec,
                    Evaluations {
                        study,
                        evaluator: number,
                    },
                ));
            }
            Ok(all)
        })
    }

    fn parsed<T: DeserializeOwned>(
        &self,
        what: &dyn Fn() -> String,
        text: &str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| self.damaged(what(), error))
    }
}

impl Evaluations {
    pub(crate) fn study(&self) -> &Study {
        &self.study
    }

    pub(crate) fn evaluator(&self) -> i64 {
        self.evaluator
    }

    pub(crate) fn of(study: &Study, evaluator: i64) -> Self {
        Self {
            study: study.clone(),
            evaluator,
        }
    }

    /// The evaluation with this id, when it has ended.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn find(&self, id: EvaluationId) -> Result<Option<Evaluation>, StoreError> {
        let study = &self.study;
        study.read("look for an evaluation", |tx| self.find_in(tx, id))
    }

    pub(crate) fn find_in(
        &self,
        connection: &Connection,
        id: EvaluationId,
    ) -> Result<Option<Evaluation>, Fault> {
        let has_key = self.study.has_key("?2");
        let sql = OUTCOMES.select(&format!("WHERE evaluator = ?1 AND {has_key} AND seed = ?3"));
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((self.evaluator, id.key.to_string(), seed(id)))?;
        match rows.next()? {
            None => Ok(None),
            Some(row) => Ok(Some(self.evaluation(connection, row)?)),
        }
    }

    /// All evaluations, by id.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn all(&self) -> Result<BTreeMap<EvaluationId, Evaluation>, StoreError> {
        self.study
            .read("read the evaluations", |tx| self.all_in(tx))
    }

    pub(crate) fn all_in(
        &self,
        connection: &Connection,
    ) -> Result<BTreeMap<EvaluationId, Evaluation>, Fault> {
        let mut statement = connection.prepare(&OUTCOMES.select("WHERE evaluator = ?1"))?;
        let mut rows = statement.query([self.evaluator])?;
        let mut all = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let evaluation = self.evaluation(connection, row)?;
            all.insert(evaluation.id, evaluation);
        }
        Ok(all)
    }

    /// Keeps an evaluation, in place of one with the same id; a failure does not take the place of a success.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn keep(&self, evaluation: &Evaluation) -> Result<(), StoreError> {
        self.keep_checked(evaluation, |_| Ok(()))
    }

    /// Forgets these evaluations where they have failed, so that they are made again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn forget_failures(&self, ids: &[EvaluationId]) -> Result<(), StoreError> {
        let durability = Durability::Promised;
        self.study
            .write(durability, "forget failed evaluations", |tx| {
                let has_key = self.study.has_key("?2");
                let mut statement = tx.prepare_cached(&format!(
                    "DELETE FROM outcomes
                     WHERE evaluator = ?1 AND {has_key} AND seed = ?3 AND reason IS NOT NULL"
                ))?;
                for id in ids {
                    statement.execute((self.evaluator, id.key.to_string(), seed(*id)))?;
                }
                Ok(())
            })
    }

    /// Keeps an evaluation, when a check in the same transaction succeeds.
    pub(crate) fn keep_checked(
        &self,
        evaluation: &Evaluation,
        check: impl FnOnce(&Connection) -> Result<(), Fault>,
    ) -> Result<(), StoreError> {
        let durability = Durability::Promised;
        self.study.write(durability, "keep an evaluation", |tx| {
            check(tx)?;
            self.insert(tx, evaluation)
        })
    }

    pub(crate) fn insert(
        &self,
        connection: &Connection,
        evaluation: &Evaluation,
    ) -> Result<(), Fault> {
        let Evaluation {
            id,
            arch,
            run,
            reason,
            details,
        } = evaluation;
        if details.stopped.is_some() {
            // There is no result of which more could be kept.
            return self.keep_curves(connection, evaluation);
        }
        if reason.is_some() {
            let known = self.find_in(connection, *id)?;
            if known.is_some_and(|known| known.reason.is_none()) {
                return Ok(());
            }
        }
        let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        let metrics = match reason {
            None => Some(finite_json(&details.metrics)?),
            Some(_) => None,
        };
        let keys = [
            Value::Integer(self.evaluator),
            Value::Text(id.key.to_string()),
            Value::Integer(seed(*id)),
        ];
        let values = [
            text(arch.clone()),
            run.map_or(Value::Null, |run| Value::Integer(run.0)),
            text(metrics),
            text(reason.clone()),
            Value::Text(finite_json(&details.cost)?),
            text(details.artifact.clone()),
            Value::Integer(details.attempts.into()),
            Value::Integer(details.circumstances.is_some().into()),
        ];
        let study = self.study.writing_id()?;
        note_class(connection, id.key, arch.as_deref())?;
        let row = [&keys[..], &values[..]].concat();
        study.insert(&OUTCOMES, &mut OUTCOMES.replace(connection)?, &row, &[])?;
        if let Some(c) = &details.circumstances {
            let values = [
                Value::Text(c.host.clone()),
                Value::Integer(c.worker.into()),
                Value::Real(c.queued),
                Value::Real(c.started),
                Value::Real(c.ended),
                Value::Text(c.log.clone()),
            ];
            let row = [&keys[..], &values[..]].concat();
            let mut statement = CIRCUMSTANCES.replace(connection)?;
            study.insert(&CIRCUMSTANCES, &mut statement, &row, &[])?;
        }
        match reason {
            None => self.keep_curves(connection, evaluation),
            Some(_) => Ok(()),
        }
    }

    fn evaluation(&self, connection: &Connection, row: &Row<'_>) -> Result<Evaluation, Fault> {
        let (key, number): (String, i64) = (row.get(1)?, row.get(2)?);
        let what = || {
            if number == OF_CLASS {
                format!("the evaluation of {key}")
            } else {
                format!("the evaluation of {key} with seed {number}")
            }
        };
        self.study.verify(&OUTCOMES, row, &[], what)?;
        let damaged = |reason: String| self.study.damaged(what(), reason);
        let id = EvaluationId {
            key: key
                .parse()
                .map_err(|e: ganas_space::SpaceError| damaged(e.to_string()))?,
            seed: match number {
                OF_CLASS => None,
                seed => Some(u32::try_from(seed).map_err(|e| damaged(e.to_string()))?),
            },
        };
        let reason: Option<String> = row.get(6)?;
        let metrics = match row.get::<_, Option<String>>(5)? {
            Some(metrics) if reason.is_none() => self.study.parsed(&what, &metrics)?,
            None if reason.is_some() => BTreeMap::new(),
            _ => {
                let reason = "it has neither metrics nor a reason".to_owned();
                return Err(damaged(reason).into());
            }
        };
        let is_timed: bool = row.get(10)?;
        let circumstances = match is_timed {
            true => self.circumstances(connection, &key, number)?,
            false => None,
        };
        if is_timed && circumstances.is_none() {
            return Err(damaged("its circumstances are missing".to_owned()).into());
        }
        Ok(Evaluation {
            id,
            arch: row.get(3)?,
            run: row.get::<_, Option<i64>>(4)?.map(RunId),
            reason,
            details: Details {
                metrics,
                cost: self.study.parsed(&what, &row.get::<_, String>(7)?)?,
                artifact: row.get(8)?,
                attempts: row.get(9)?,
                circumstances,
                ..Details::default()
            },
        })
    }

    fn circumstances(
        &self,
        connection: &Connection,
        key: &str,
        seed: i64,
    ) -> Result<Option<Circumstances>, Fault> {
        let has_key = self.study.has_key("?2");
        let sql =
            CIRCUMSTANCES.select(&format!("WHERE evaluator = ?1 AND {has_key} AND seed = ?3"));
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((self.evaluator, key, seed))?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        self.study.verify(&CIRCUMSTANCES, row, &[], || {
            format!("the circumstances of the evaluation of {key}")
        })?;
        Ok(Some(Circumstances {
            host: row.get(3)?,
            worker: row.get(4)?,
            queued: row.get(5)?,
            started: row.get(6)?,
            ended: row.get(7)?,
            log: row.get(8)?,
        }))
    }
}

/// The seed as it stands in the table.
pub(crate) fn seed(id: EvaluationId) -> i64 {
    id.seed.map_or(OF_CLASS, i64::from)
}

/// What is not finite is left out, since JSON has no such numbers.
fn finite_json(value: &BTreeMap<String, f64>) -> Result<String, StoreError> {
    let finite = value.iter().filter(|(_, value)| value.is_finite());
    json(&finite.collect::<BTreeMap<_, _>>())
}

/// A part of an evaluation as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Encoding {
        what: "an evaluation",
        source,
    })
}
