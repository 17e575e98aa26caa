//! Finished evaluations of a round that is not finished.

use std::collections::BTreeMap;
use std::fmt;

use ganas_eval::{
    EvalError, Evaluator, Finished, Measurement, MetricPair, Query, ReportMetric, SearchMetric,
    evaluate_as_batch,
};
use ganas_space::ArchKey;
use rusqlite::types::Value;

use crate::checksum::UNFINISHED;
use crate::study::Durability;
use crate::{RunClaim, StoreError};

/// An evaluator of one run that keeps what another one has finished, and asks it for the rest only.
///
/// For evaluations that cost more than a transaction; a table is asked directly.
pub struct Remembered<'a> {
    evaluator: &'a dyn Evaluator,
    claim: RunClaim,
    /// What earlier sessions have kept.
    known: BTreeMap<ArchKey, Result<Measurement, String>>,
}

impl fmt::Debug for Remembered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered")
            .field("claim", &self.claim)
            .field("known", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Remembered<'a> {
    pub(crate) fn new(claim: RunClaim, evaluator: &'a dyn Evaluator) -> Result<Self, StoreError> {
        let known = read(&claim)?;
        Ok(Self {
            evaluator,
            claim,
            known,
        })
    }

    fn keep(
        &self,
        key: ArchKey,
        result: &Result<Measurement, EvalError>,
    ) -> Result<(), StoreError> {
        let further = match result {
            Ok(measurement) if !measurement.objectives.is_empty() => {
                let text = serde_json::to_string(&measurement.objectives);
                Some(text.map_err(|source| StoreError::Encoding {
                    what: "the metrics of an evaluation",
                    source,
                })?)
            }
            _ => None,
        };
        let (search, report, reason) = match result {
            Ok(measurement) => (
                Value::Real(measurement.search.value()),
                Value::Real(measurement.report.0),
                Value::Null,
            ),
            Err(error) => (Value::Null, Value::Null, Value::Text(error.to_string())),
        };
        let values = [
            Value::Integer(self.claim.run.0),
            Value::Text(key.to_string()),
            search,
            report,
            reason,
            further.map_or(Value::Null, Value::Text),
        ];
        let study = &self.claim.study;
        study.write(Durability::Promised, "keep a finished evaluation", |tx| {
            self.claim.check(tx, None)?;
            let mut statement = UNFINISHED.replace(tx)?;
            let id = study.writing_id()?;
            id.insert(&UNFINISHED, &mut statement, &values, &[])?;
            Ok(())
        })
    }

    /// Forgets failures that may not be the architectures' fault, so that they are evaluated again.
    fn forget_failures(&self) -> Result<(), StoreError> {
        let study = &self.claim.study;
        study.write(Durability::Promised, "forget failed evaluations", |tx| {
            self.claim.check(tx, None)?;
            tx.execute(
                "DELETE FROM unfinished WHERE run = ?1 AND reason IS NOT NULL",
                [self.claim.run.0],
            )?;
            Ok(())
        })
    }
}

impl Evaluator for Remembered<'_> {
    fn metric_pair(&self) -> &MetricPair {
        self.evaluator.metric_pair()
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        evaluate_as_batch(self, query)
    }

    fn takes_batches(&self) -> bool {
        true
    }

    fn evaluate_all(
        &self,
        queries: &[Query<'_>],
        finished: &mut Finished<'_>,
    ) -> Result<Vec<Result<Measurement, EvalError>>, EvalError> {
        let is_known = |index: &usize| self.known.contains_key(&queries[*index].key);
        let (known, new): (Vec<usize>, Vec<usize>) = (0..queries.len()).partition(is_known);
        let mut results: BTreeMap<usize, Result<Measurement, EvalError>> = BTreeMap::new();
        for index in known {
            let result = self.known[&queries[index].key].clone();
            let result = result.map_err(|reason| EvalError::Recorded { reason });
            finished(index, &result)?;
            results.insert(index, result);
        }
        let asked: Vec<Query<'_>> = new.iter().map(|&index| queries[index]).collect();
        let evaluated = self.evaluator.evaluate_all(&asked, &mut |at, result| {
            let index = new[at];
            self.keep(queries[index].key, result).map_err(record)?;
            finished(index, result)
        });
        // When nothing works any more, what failed in this round may have failed for the same reason.
        if matches!(evaluated, Err(EvalError::Unusable(_))) {
            self.forget_failures().map_err(record)?;
        }
        results.extend(new.into_iter().zip(evaluated?));
        Ok(results.into_values().collect())
    }
}

fn record(error: StoreError) -> EvalError {
    EvalError::Record {
        source: Box::new(error),
    }
}

pub(crate) fn read(
    claim: &RunClaim,
) -> Result<BTreeMap<ArchKey, Result<Measurement, String>>, StoreError> {
    claim.study.read("read finished evaluations", |tx| {
        let run = claim.study.find_run(tx, claim.run)?;
        let sql = UNFINISHED.select("WHERE run = ?1 ORDER BY key");
        let mut statement = tx.prepare_cached(&sql)?;
        let mut rows = statement.query([claim.run.0])?;
        let mut known = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let text: String = row.get(1)?;
            let what = || format!("the finished evaluation {text} of {}", run.describe());
            claim.study.verify(&UNFINISHED, row, &[], what)?;
            let damaged = |reason: String| claim.study.damaged(what(), reason);
            let key: ArchKey = text
                .parse()
                .map_err(|e: ganas_space::SpaceError| damaged(e.to_string()))?;
            let result = match (row.get(2)?, row.get(3)?, row.get(4)?) {
                (Some(search), Some(report), None) => Ok(Measurement {
                    search: SearchMetric::new(search, run.spec.protocol.search_direction),
                    report: ReportMetric(report),
                    objectives: match row.get::<_, Option<String>>(5)? {
                        Some(text) => {
                            serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?
                        }
                        None => Vec::new(),
                    },
                }),
                (None, None, Some(reason)) => Err(reason),
                _ => return Err(damaged("it has neither metrics nor a reason".to_owned()).into()),
            };
            known.insert(key, result);
        }
        Ok(known)
    })
}
