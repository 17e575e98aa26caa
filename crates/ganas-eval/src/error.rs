//! The one error type of this crate.

use thiserror::Error;

/// What can be wrong with a table, its import, or a query.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The table holds no row for the architecture's class.
    #[error("the table has no row for `{arch}`")]
    MissingArch {
        /// The architecture as text.
        arch: String,
    },
}
