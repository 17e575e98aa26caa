//! What all surrogates have in common.

use std::fmt::Debug;
use std::sync::Arc;

use ganas_space::Arch;

use ganas_eval::{MetricMeaning, MetricRole, Property};

use crate::SurrogateError;

/// A fitted model.
pub(super) trait Model: Debug + Send + Sync {
    /// What it predicts, in the order of [`Self::predict`].
    fn predictions(&self) -> &[Prediction];

    /// Predicts all of it for an architecture of the space.
    fn predict(&self, arch: &Arch) -> Result<Vec<f64>, SurrogateError>;

    /// Those of its predictions that are looked up rather than learnt, and so can be constrained.
    fn properties(&self) -> Vec<Arc<dyn Property>> {
        Vec::new()
    }
}

/// A metric that a surrogate predicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The name.
    pub name: &'static str,
    /// What was measured on, where the model was fitted.
    pub role: MetricRole,
    /// Training epochs that the prediction is for, when known.
    pub epochs: Option<u32>,
}

impl Prediction {
    /// What the metric means: its role is known, and its name says which values are better.
    #[must_use]
    pub fn meaning(&self) -> MetricMeaning {
        MetricMeaning::of_role(self.name, self.role)
    }
}
