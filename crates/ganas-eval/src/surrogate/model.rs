//! What all surrogates have in common.

use std::fmt::Debug;

use ganas_space::Arch;

use crate::{EvalError, MetricRole};

/// A fitted model.
pub(super) trait Model: Debug + Send + Sync {
    /// What it predicts, in the order of [`Self::predict`].
    fn predictions(&self) -> &[Prediction];

    /// Predicts all of it for an architecture of the space.
    fn predict(&self, arch: &Arch) -> Result<Vec<f64>, EvalError>;
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
