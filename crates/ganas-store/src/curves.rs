//! What evaluations told of each step: kept beside what came of them, so that whether one is stopped early can be decided
//! again.

use std::collections::{BTreeMap, BTreeSet};

use ganas_eval::{Curve, StopRule, StoppedAt};
use ganas_space::ArchKey;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use crate::checksum::{CURVES, class_of, note_class};
use crate::error::Fault;
use crate::outcomes::{Evaluation, EvaluationId, Evaluations, OF_CLASS, seed};
use crate::{RunId, StoreError};

/// What an evaluation told of each step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curves {
    /// The run that asked for it.
    pub(crate) run: Option<RunId>,
    /// Whether it was stopped after the last step, so that there is no result.
    pub(crate) is_stopped: bool,
    /// By metric.
    pub(crate) told: BTreeMap<String, Curve>,
}

impl Curves {
    /// Where a rule stops it.
    pub(crate) fn stops(&self, rule: &StopRule) -> Option<StoppedAt> {
        rule.stops(self.told.get(&rule.metric)?)
    }
}

impl Evaluations {
    /// The evaluations that were stopped early and of which there is no result, so that they are made when they are asked for
    /// without being stopped.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn stopped(&self) -> Result<BTreeSet<EvaluationId>, StoreError> {
        self.study().read("look for what was stopped", |tx| {
            let sql = CURVES.select("WHERE evaluator = ?1 AND stopped = 1");
            let mut statement = tx.prepare(&sql)?;
            let mut rows = statement.query([self.evaluator()])?;
            let mut all = BTreeSet::new();
            while let Some(row) = rows.next()? {
                all.insert(self.read_curves(row)?.0);
            }
            Ok(all)
        })
    }

    /// What the evaluation with this id told, when anything was kept of it.
    pub(crate) fn curves(
        &self,
        connection: &Connection,
        id: EvaluationId,
    ) -> Result<Option<Curves>, Fault> {
        let has_key = self.study().has_key("?2");
        let sql = CURVES.select(&format!("WHERE evaluator = ?1 AND {has_key} AND seed = ?3"));
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((self.evaluator(), id.key.to_string(), seed(id)))?;
        match rows.next()? {
            None => Ok(None),
            Some(row) => Ok(Some(self.read_curves(row)?.1)),
        }
    }

    /// The curves of a metric of all evaluations with a result, by class, with the seeds that follow from it.
    pub(crate) fn whole_curves(
        &self,
        connection: &Connection,
        metric: &str,
    ) -> Result<BTreeMap<ArchKey, Curve>, Fault> {
        let sql = CURVES.select("WHERE evaluator = ?1 AND seed = ?2 AND stopped = 0");
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query((self.evaluator(), OF_CLASS))?;
        let mut all = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let (id, mut curves) = self.read_curves(row)?;
            if let Some(curve) = curves.told.remove(metric) {
                all.insert(id.key, curve);
            }
        }
        Ok(all)
    }

    fn read_curves(&self, row: &Row<'_>) -> Result<(EvaluationId, Curves), Fault> {
        let (key, told): (String, String) = (row.get(1)?, row.get(5)?);
        let what = || format!("the curves of the evaluation of {key}");
        self.study().verify(&CURVES, row, &[], what)?;
        let damaged = |reason: String| self.study().damaged(what(), reason);
        let key =
            (key.parse()).map_err(|error: ganas_space::SpaceError| damaged(error.to_string()))?;
        let curves = Curves {
            run: row.get::<_, Option<i64>>(3)?.map(RunId),
            is_stopped: row.get(4)?,
            told: serde_json::from_str(&told).map_err(|error| damaged(error.to_string()))?,
        };
        let seed = match row.get(2)? {
            OF_CLASS => None,
            seed => Some(u32::try_from(seed).map_err(|error| damaged(error.to_string()))?),
        };
        Ok((EvaluationId { key, seed }, curves))
    }

    /// Keeps what an evaluation told. What belongs to a result takes the place of anything, what was stopped only of what was
    /// stopped, too.
    pub(crate) fn keep_curves(
        &self,
        connection: &Connection,
        evaluation: &Evaluation,
    ) -> Result<(), Fault> {
        let Evaluation {
            id,
            arch,
            run,
            details,
            ..
        } = evaluation;
        let is_stopped = details.stopped.is_some();
        let known = self.curves(connection, *id)?;
        if is_stopped && known.as_ref().is_some_and(|known| !known.is_stopped) {
            return Ok(());
        }
        if details.curves.is_empty() {
            if known.is_some() {
                let sql = format!(
                    "DELETE FROM curves WHERE evaluator = ?1 AND class = {} AND seed = ?3",
                    class_of("?2")
                );
                connection.prepare_cached(&sql)?.execute((
                    self.evaluator(),
                    id.key.to_string(),
                    seed(*id),
                ))?;
            }
            return Ok(());
        }
        note_class(connection, id.key, arch.as_deref())?;
        let values = [
            Value::Integer(self.evaluator()),
            Value::Text(id.key.to_string()),
            Value::Integer(seed(*id)),
            run.map_or(Value::Null, |run| Value::Integer(run.0)),
            Value::Integer(is_stopped.into()),
            Value::Text(crate::outcomes::json(&details.curves)?),
        ];
        let mut statement = CURVES.replace(connection)?;
        self.study()
            .writing_id()?
            .insert(&CURVES, &mut statement, &values, &[])?;
        Ok(())
    }
}
