//! The settings of the Gaussian process.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use crate::SearchError;
use crate::config_check::expect_within;

/// What makes two architectures alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelKind {
    /// How many decisions are the same: all of them have one weight.
    Hamming,
    /// The same with a weight for each decision.
    WeightedOverlap,
}

/// The configuration of the search by a Gaussian process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct GaussianProcessConfig {
    /// Random architectures that are evaluated first.
    pub initial: usize,
    /// Architectures that are proposed in a round; while they are being evaluated, their values are taken to be what the process
    /// expects.
    pub batch: usize,
    /// What makes two architectures alike: `hamming` (the number of decisions that differ) or `weighted_overlap` (a weight for
    /// each decision, all of them fitted).
    pub kernel: KernelKind,
    /// Unseen neighbours to choose from: those of the best architecture, then of the next, until there are so many.
    pub neighbours: usize,
    /// The best architectures whose neighbours can be chosen from, at most.
    pub parents: usize,
    /// Random architectures to choose from beside the neighbours; drawn anew whenever the hyper-parameters are fitted.
    pub random: usize,
    /// The hyper-parameters are fitted again once there are so many times as many values as when they were fitted last.
    pub refit_growth: f64,
    /// Steps of each fit.
    pub fit_steps: usize,
    /// Values that a fit looks at, at most; of more it takes so many at equal distances. Predictions always use all of them.
    pub fit_limit: usize,
}

impl GaussianProcessConfig {
    /// Checks ranges.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub fn check(&self) -> Result<(), SearchError> {
        for (field, value) in [
            ("initial", self.initial),
            ("batch", self.batch),
            ("random", self.random),
            ("fit_steps", self.fit_steps),
            ("parents", self.parents),
            ("neighbours", self.neighbours),
        ] {
            expect_within(field, value, 1..=100_000)?;
        }
        expect_within("fit_limit", self.fit_limit, 2..=2_000)?;
        expect_within("refit_growth", self.refit_growth, 1.0..=1000.0)
    }
}

impl Default for GaussianProcessConfig {
    /// Our own: no publication has just this form.
    fn default() -> Self {
        Self {
            initial: 10,
            batch: 1,
            kernel: KernelKind::WeightedOverlap,
            neighbours: 200,
            parents: 10,
            random: 200,
            refit_growth: 1.25,
            fit_steps: 20,
            fit_limit: 150,
        }
    }
}
