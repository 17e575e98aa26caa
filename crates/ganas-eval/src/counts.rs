//! Query accounting: raw and unique.

use ganas_space::{Arch, ArchKey};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{EvalError, Evaluator, Measurement};

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
    pub fn query(&mut self, key: ArchKey, arch: &Arch) -> Answer {
        self.count(key, |evaluator| {
            evaluator
                .evaluate(arch)
                .map_err(|e: EvalError| e.to_string())
        })
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
