//! How far the evaluations are.

use std::collections::BTreeMap;

use ganas_store::{Evaluation, EvaluationId};

use super::architectures::Architecture;

/// An evaluation that is to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    /// The place of the architecture.
    pub(super) architecture: usize,
    pub(super) seed: u32,
}

/// How many evaluations there are, and how many are missing.
#[derive(Debug)]
pub struct Progress {
    missing: Vec<Missing>,
    all: usize,
    known: usize,
    failed: usize,
}

impl Progress {
    /// Compares what is asked for with what is known.
    pub(super) fn new(
        architectures: &[Architecture],
        seeds: &[u32],
        known: &BTreeMap<EvaluationId, Evaluation>,
    ) -> Self {
        let mut tally = Self {
            missing: Vec::new(),
            all: architectures.len() * seeds.len(),
            known: 0,
            failed: 0,
        };
        for (architecture, Architecture { key, .. }) in architectures.iter().enumerate() {
            for &seed in seeds {
                let id = EvaluationId {
                    key: *key,
                    seed: Some(seed),
                };
                match known.get(&id) {
                    None => tally.missing.push(Missing { architecture, seed }),
                    Some(evaluation) => tally.count(evaluation.reason.is_some()),
                }
            }
        }
        tally
    }

    /// What was missing at the beginning, all seeds of an architecture together.
    pub(super) fn missing(&self) -> Vec<Missing> {
        self.missing.clone()
    }

    /// Counts an evaluation.
    pub(super) fn count(&mut self, failed: bool) {
        self.known += 1;
        self.failed += usize::from(failed);
    }

    /// All evaluations.
    #[must_use]
    pub fn all(&self) -> usize {
        self.all
    }

    /// Those that are finished.
    #[must_use]
    pub fn known(&self) -> usize {
        self.known
    }

    /// The failures in words; nothing when there are none.
    #[must_use]
    pub fn failures(&self) -> String {
        match self.failed {
            0 => String::new(),
            failed => format!("{failed} failed"),
        }
    }
}
