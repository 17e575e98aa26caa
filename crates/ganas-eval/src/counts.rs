//! Query accounting: raw and unique.

use ganas_space::ArchKey;
use indexmap::{IndexMap, IndexSet};
use serde::{Deserialize, Serialize};

use crate::{EvalError, Evaluator, Measurement, Query};

/// Queries spent: every one (raw), and one for each class of architectures (unique).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryCounts {
    /// All queries, repeats included.
    pub raw: u32,
    /// Distinct classes queried, failed ones included.
    pub unique: u32,
    /// Unique queries that failed.
    pub failed: u32,
}

/// The answer to a counted query.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whether the class had been queried before; the first answer is then given again.
    pub repeat: bool,
    /// The measurement, or the reason why there is none.
    pub result: Result<Measurement, String>,
}

/// Counts the queries to an evaluator and answers repeats from memory, so that they cost nothing.
pub struct Counted<'a> {
    evaluator: &'a dyn Evaluator,
    answers: IndexMap<ArchKey, Result<Measurement, String>>,
    counts: QueryCounts,
}

impl std::fmt::Debug for Counted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counted")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl<'a> Counted<'a> {
    /// Starts counting from zero.
    #[must_use]
    pub fn new(evaluator: &'a dyn Evaluator) -> Self {
        Self {
            evaluator,
            answers: IndexMap::new(),
            counts: QueryCounts::default(),
        }
    }

    /// Queries so far.
    #[must_use]
    pub fn counts(&self) -> QueryCounts {
        self.counts
    }

    /// Counts a query that was answered in an earlier session of the same run.
    pub fn replay(&mut self, key: ArchKey, result: Result<Measurement, String>) {
        self.count(key, |_| result);
    }

    /// Answers a query.
    pub fn query(&mut self, query: Query<'_>) -> Answer {
        self.count(query.key, |evaluator| {
            evaluator
                .evaluate(query)
                .map_err(|e: EvalError| e.to_string())
        })
    }

    /// Whether queries are better asked together, by [`query_all`](Self::query_all).
    #[must_use]
    pub fn takes_batches(&self) -> bool {
        self.evaluator.takes_batches()
    }

    /// Answers queries; those that are new go to the evaluator together, so that it can do them at the same time.
    ///
    /// The answers are those that [`query`](Self::query) would give one after another. An evaluator that cannot go on
    /// leaves no trace: nothing is counted then.
    ///
    /// # Errors
    ///
    /// What [`Evaluator::evaluate_all`] returns.
    pub fn query_all(&mut self, queries: &[Query<'_>]) -> Result<Vec<Answer>, EvalError> {
        let mut asked = IndexSet::new();
        let new: Vec<Query<'_>> = queries
            .iter()
            .filter(|query| !self.answers.contains_key(&query.key) && asked.insert(query.key))
            .copied()
            .collect();
        let results = self.evaluator.evaluate_all(&new, &mut |_, _| Ok(()))?;
        // The first query of each new class, in the order of proposal, meets its result; the others are repeats.
        let mut results = results.into_iter();
        let answers = queries.iter().map(|query| {
            self.count(query.key, |_| {
                let result = results.next().unwrap_or_else(|| {
                    panic!("invariant: evaluate_all returns as many results as it has queries")
                });
                result.map_err(|error| error.to_string())
            })
        });
        Ok(answers.collect())
    }

    fn count(
        &mut self,
        key: ArchKey,
        answer: impl FnOnce(&dyn Evaluator) -> Result<Measurement, String>,
    ) -> Answer {
        self.counts.raw += 1;
        if let Some(known) = self.answers.get(&key) {
            return Answer {
                repeat: true,
                result: known.clone(),
            };
        }
        let result = answer(self.evaluator);
        self.counts.unique += 1;
        self.counts.failed += u32::from(result.is_err());
        self.answers.insert(key, result.clone());
        Answer {
            repeat: false,
            result,
        }
    }
}

#[cfg(test)]
mod tests {
    use ganas_space::Arch;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::test_archs::{self, CONV, FAILING, POOL, SAME_CONV, SAME_POOL, SKIP};
    use crate::{MetricPair, ReportMetric, SearchMetric, SelectionKind};

    /// Fails on one architecture, otherwise numbers its answers, so that a second evaluation would show.
    struct Numbering {
        metric_pair: MetricPair,
        n_evaluations: AtomicU32,
    }

    impl Numbering {
        fn new() -> Self {
            Self {
                metric_pair: MetricPair::maximized(
                    "valid",
                    "test",
                    SelectionKind::ValidationSelected,
                ),
                n_evaluations: AtomicU32::new(0),
            }
        }
    }

    impl Evaluator for Numbering {
        fn metric_pair(&self) -> &MetricPair {
            &self.metric_pair
        }

        fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
            let number = self.n_evaluations.fetch_add(1, Ordering::Relaxed);
            if *query.arch == test_archs::arch(FAILING) {
                return Err(EvalError::MissingArch {
                    arch: FAILING.to_owned(),
                });
            }
            Ok(measurement(number))
        }
    }

    fn measurement(number: u32) -> Measurement {
        Measurement {
            search: SearchMetric::maximized(f64::from(number)),
            report: ReportMetric(-f64::from(number)),
            objectives: Vec::new(),
        }
    }

    fn query(counted: &mut Counted<'_>, text: &str) -> Answer {
        let arch = test_archs::arch(text);
        counted.query(Query::new(&*test_archs::space(), &arch))
    }

    fn counts(raw: u32, unique: u32, failed: u32) -> QueryCounts {
        QueryCounts {
            raw,
            unique,
            failed,
        }
    }

    #[test]
    fn a_class_is_evaluated_once() {
        let evaluator = Numbering::new();
        let mut counted = Counted::new(&evaluator);
        assert_eq!(counted.counts(), counts(0, 0, 0));

        for (text, repeat, number, expected) in [
            (CONV, false, 0, counts(1, 1, 0)),
            (CONV, true, 0, counts(2, 1, 0)),
            (SAME_CONV, true, 0, counts(3, 1, 0)),
            (SKIP, false, 1, counts(4, 2, 0)),
            (SAME_CONV, true, 0, counts(5, 2, 0)),
        ] {
            let answer = query(&mut counted, text);
            let result = Ok(measurement(number));
            assert_eq!(answer, Answer { repeat, result });
            assert_eq!(counted.counts(), expected);
        }
        assert_eq!(evaluator.n_evaluations.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_failure_counts_once_and_is_remembered() {
        let evaluator = Numbering::new();
        let mut counted = Counted::new(&evaluator);
        let first = query(&mut counted, FAILING);
        assert_eq!(counted.counts(), counts(1, 1, 1));
        assert!(!first.repeat);
        assert_eq!(
            first.result,
            Err(format!("the table has no row for `{FAILING}`"))
        );
        let second = query(&mut counted, FAILING);
        assert_eq!(counted.counts(), counts(2, 1, 1));
        assert!(second.repeat);
        assert_eq!(second.result, first.result);
        assert_eq!(evaluator.n_evaluations.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_batch_is_answered_like_its_queries_one_by_one() {
        let evaluator = Numbering::new();
        let mut together = Counted::new(&evaluator);
        let other = Numbering::new();
        let mut alone = Counted::new(&other);
        for batch in [
            &[CONV, SKIP, SAME_CONV, FAILING][..],
            &[],
            &[SAME_CONV, POOL, POOL, FAILING, SKIP, SAME_POOL],
        ] {
            let archs: Vec<Arch> = batch.iter().map(|text| test_archs::arch(text)).collect();
            let queries: Vec<Query<'_>> = archs
                .iter()
                .map(|arch| Query {
                    key: test_archs::space().key(arch),
                    arch,
                })
                .collect();
            let expected: Vec<Answer> = batch.iter().map(|text| query(&mut alone, text)).collect();
            assert_eq!(together.query_all(&queries).unwrap(), expected);
            assert_eq!(together.counts(), alone.counts());
        }
    }

    #[test]
    fn replayed_queries_count_and_answer_without_the_evaluator() {
        let evaluator = Numbering::new();
        let mut counted = Counted::new(&evaluator);
        let key = |text| test_archs::space().key(&test_archs::arch(text));
        counted.replay(key(CONV), Ok(measurement(70)));
        counted.replay(key(CONV), Ok(measurement(70)));
        counted.replay(key(SKIP), Err("crashed".to_owned()));
        assert_eq!(counted.counts(), counts(3, 2, 1));

        assert_eq!(query(&mut counted, SAME_CONV).result, Ok(measurement(70)));
        assert_eq!(query(&mut counted, SKIP).result, Err("crashed".to_owned()));
        assert_eq!(counted.counts(), counts(5, 2, 1));
        assert_eq!(evaluator.n_evaluations.load(Ordering::Relaxed), 0);
    }
}
