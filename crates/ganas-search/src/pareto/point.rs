//! A point in the space of objectives.

use thiserror::Error;

/// What one architecture reaches in each objective; larger is better in all of them, and all are finite numbers.
///
/// Points that are compared have the same number of objectives.
#[derive(Clone, Debug, PartialEq)]
pub struct Point(Vec<f64>);

/// A value that cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("objective {} is {value}: expected a finite number", .index + 1)]
pub struct NotFinite {
    /// The number of the objective, from 0.
    pub index: usize,
    /// Its value.
    pub value: f64,
}

impl Point {
    /// A point from its values, larger ones better.
    ///
    /// # Errors
    ///
    /// [`NotFinite`] for a value that is infinite or not a number.
    pub fn new(values: Vec<f64>) -> Result<Self, NotFinite> {
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(NotFinite {
                index,
                value: values[index],
            }),
            // Negative zero would be another place in an order, but is the same value.
            None => Ok(Self(values.into_iter().map(|value| value + 0.0).collect())),
        }
    }

    /// The values, one for each objective.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// Whether it is at least as good in every objective, and better in one.
    #[must_use]
    pub fn dominates(&self, other: &Self) -> bool {
        self.covers(other) && self != other
    }

    /// Whether it is at least as good in every objective.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        debug_assert_eq!(
            self.0.len(),
            other.0.len(),
            "points of the same objectives are compared"
        );
        self.0.iter().zip(&other.0).all(|(a, b)| a >= b)
    }

    /// The worse value of both in each objective.
    #[must_use]
    pub fn worse_of(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(a, b)| a.min(*b))
                .collect(),
        )
    }
}
