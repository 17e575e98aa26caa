//! The evaluator: answers queries.

use ganas_space::Arch;

use crate::{EvalError, Measurement, Protocol};

/// Something that measures architectures: a table, a surrogate, a training script.
pub trait Evaluator: Send + Sync {
    /// What it measures.
    fn protocol(&self) -> &Protocol;

    /// Measures one architecture.
    ///
    /// # Errors
    ///
    /// Why there is no measurement, for example [`EvalError::MissingArch`]. A search survives it.
    fn evaluate(&self, arch: &Arch) -> Result<Measurement, EvalError>;
}
