//! Hard constraints: bounds on what is known of an architecture before it is evaluated.
//!
//! A constraint makes a smaller space of a space: [`ConstrainedSpace`] samples, lists and walks only what satisfies all
//! constraints, so that searchers need not know of them, and whatever violates one never costs a query.

mod listed;
#[cfg(test)]
mod listed_tests;
#[cfg(test)]
mod mask_tests;
mod masks;
mod measured;
#[cfg(test)]
mod restricted_tests;
mod space;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use ganas_eval::Property;
use ganas_space::{Arch, CostRange};

use crate::SearchError;

pub use listed::ListedSpace;
pub use measured::{MeasuredBound, WithMeasuredBounds};
pub use space::ConstrainedSpace;

/// How a value is compared with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Relation {
    /// Two characters first, so that `<=` is not read as `<`.
    const ALL: [(&'static str, Self); 4] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::AtMost => value <= bound,
            Self::Greater => value > bound,
            Self::AtLeast => value >= bound,
        }
    }

    /// Whether it holds for some value of a range, if that is all that is known of the value.
    fn can_hold(self, range: CostRange, bound: f64) -> bool {
        self.holds(self.best_of(range), bound)
    }

    /// The end of a range that is closest to satisfying it.
    fn best_of(self, range: CostRange) -> f64 {
        self.better(range.least, range.most)
    }

    /// Of two values the one that is closer to satisfying it.
    fn better(self, a: f64, b: f64) -> f64 {
        if self.is_upper_bound() {
            a.min(b)
        } else {
            a.max(b)
        }
    }

    /// Whether small values satisfy it.
    fn is_upper_bound(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }

    /// The relation as it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// A constraint as it is written: `params <= 3.0e6`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The name of the property.
    pub property: String,
    /// How it is compared.
    pub relation: Relation,
    /// With what.
    pub bound: f64,
}

impl std::str::FromStr for Bound {
    type Err = SearchError;

    /// Reads `NAME <= NUMBER`, or with another of the relations `<`, `>`, `>=`.
    fn from_str(text: &str) -> Result<Self, SearchError> {
        let bad = |reason: String| SearchError::BadConstraint {
            constraint: text.to_owned(),
            reason,
        };
        let relation = Relation::ALL
            .into_iter()
            .find_map(|(symbol, relation)| Some((text.split_once(symbol)?, relation)));
        let Some(((left, right), relation)) = relation else {
            return Err(bad("there is no <, <=, > or >= in it".to_owned()));
        };
        let (left, right) = (left.trim(), right.trim());
        if left.is_empty() {
            return Err(bad("there is no name before the comparison".to_owned()));
        }
        let bound: f64 = right
            .parse()
            .map_err(|_| bad(format!("`{right}` is not a number")))?;
        if !bound.is_finite() {
            return Err(bad(format!("`{right}` is not a finite number")));
        }
        Ok(Self {
            property: left.to_owned(),
            relation,
            bound,
        })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.property,
            self.relation.symbol(),
            self.bound
        )
    }
}

/// A bound on a property.
#[derive(Clone, Debug)]
pub struct Constraint {
    bound: Bound,
    property: Arc<dyn Property>,
}

impl Constraint {
    /// A bound, and where the values of its property come from.
    #[must_use]
    pub fn new(bound: Bound, property: Arc<dyn Property>) -> Self {
        Self { bound, property }
    }

    /// Whether an architecture satisfies it; one of which the value is not known does not.
    #[must_use]
    pub fn holds(&self, arch: &Arch) -> bool {
        self.property
            .value(arch)
            .is_some_and(|value| self.bound.relation.holds(value, self.bound.bound))
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bound.fmt(f)
    }
}
