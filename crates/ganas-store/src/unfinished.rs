//! Finished evaluations of a round that is not finished.

use std::collections::BTreeMap;
use std::fmt;

use ganas_eval::{
    Direction, EvalError, Evaluator, Finished, Measurement, MetricPair, Query, ReportMetric,
    SearchMetric, evaluate_as_batch,
};
use ganas_space::ArchKey;

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
        let known = read(&claim, evaluator.metric_pair().search_direction)?;
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
        let (search, report, reason) = match result {
            Ok(measurement) => (
                Some(measurement.search.value()),
                Some(measurement.report.0),
                None,
            ),
            Err(error) => (None, None, Some(error.to_string())),
        };
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
        self.claim.study.write("keep a finished evaluation", |tx| {
            self.claim.check(tx, None)?;
            tx.prepare_cached(
                "INSERT OR REPLACE INTO unfinished (run, key, search, report, reason, further)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                self.claim.run.0,
                key.to_string(),
                search,
                report,
                reason,
                further,
            ))?;
            Ok(())
        })
    }

    /// Forgets failures that may not be the architectures' fault, so that they are evaluated again.
    fn forget_failures(&self) -> Result<(), StoreError> {
        self.claim.study.write("forget failed evaluations", |tx| {
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

fn read(
    claim: &RunClaim,
    direction: Direction,
) -> Result<BTreeMap<ArchKey, Result<Measurement, String>>, StoreError> {
    claim.study.read("read finished evaluations", |tx| {
        let mut statement = tx.prepare_cached(
            "SELECT key, search, report, reason, further FROM unfinished WHERE run = ?1 ORDER BY key",
        )?;
        let mut rows = statement.query([claim.run.0])?;
        let mut known = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            let damaged = |reason: String| {
                let what = format!("the finished evaluation {text}");
                claim.study.damaged(what, reason)
            };
            let key: ArchKey = text
                .parse()
                .map_err(|e: ganas_space::SpaceError| damaged(e.to_string()))?;
            let result = match (row.get(1)?, row.get(2)?, row.get(3)?) {
                (Some(search), Some(report), None) => Ok(Measurement {
                    search: SearchMetric::new(search, direction),
                    report: ReportMetric(report),
                    objectives: match row.get::<_, Option<String>>(4)? {
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
