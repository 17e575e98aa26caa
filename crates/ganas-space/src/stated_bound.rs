//! Bounds that the description of a space sets.

/// A bound that every architecture which is evaluated must satisfy, as it is written, such as `params <= 1e6`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedBound {
    /// The bound.
    pub text: String,
    /// Where it is written, for messages: a file and a line.
    pub place: String,
}
