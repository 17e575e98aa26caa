//! The two metrics of a query, as two types.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Which values of a metric are better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Larger ones, as of an accuracy.
    #[default]
    #[serde(alias = "larger")]
    Maximize,
    /// Smaller ones, as of an error or a latency.
    #[serde(alias = "smaller")]
    Minimize,
}

impl Direction {
    /// The value as a gain, of which larger is better: the value itself, or its negative. A zero has no sign.
    #[must_use]
    pub fn gain(self, value: f64) -> f64 {
        match self {
            Self::Maximize => value + 0.0,
            Self::Minimize => -value + 0.0,
        }
    }

    /// Compares two values: the better one is the greater one. It is a total order, as [`f64::total_cmp`].
    #[must_use]
    pub fn compare(self, a: f64, b: f64) -> Ordering {
        self.gain(a).total_cmp(&self.gain(b))
    }

    /// What is better, in one word: `larger` or `smaller`.
    #[must_use]
    pub fn better(self) -> &'static str {
        match self {
            Self::Maximize => "larger",
            Self::Minimize => "smaller",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Maximize => "maximize",
            Self::Minimize => "minimize",
        })
    }
}

/// A value of the metric that a search selects on, which knows which values are better.
///
/// Of two values of one metric the better one is the greater one. Values of different directions do not compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchMetric {
    value: f64,
    direction: Direction,
}

impl SearchMetric {
    /// A value as it was measured.
    #[must_use]
    pub fn new(value: f64, direction: Direction) -> Self {
        Self { value, direction }
    }

    /// A value of a metric of which larger is better.
    #[must_use]
    pub fn maximized(value: f64) -> Self {
        Self::new(value, Direction::Maximize)
    }

    /// The value as it was measured, in the unit of the metric.
    #[must_use]
    pub fn value(self) -> f64 {
        self.value
    }

    /// The value as a gain, of which larger is better, see [`Direction::gain`].
    #[must_use]
    pub fn gain(self) -> f64 {
        self.direction.gain(self.value)
    }

    /// Which values are better.
    #[must_use]
    pub fn direction(self) -> Direction {
        self.direction
    }
}

impl PartialOrd for SearchMetric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.direction == other.direction {
            self.gain().partial_cmp(&other.gain())
        } else {
            None
        }
    }
}

/// The metric that is reported for what a search selected, as it was measured.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ReportMetric(pub f64);

/// What one query returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The metric to search on.
    pub search: SearchMetric,
    /// The metric to report.
    pub report: ReportMetric,
    /// What else a search may see, in the order in which it was asked for: the values of several objectives, as they were
    /// measured. Never the metric to report. Empty unless something was asked for.
    pub objectives: Vec<f64>,
    /// By how much it misses bounds on what was measured, relative to them; 0 for what satisfies all of them.
    pub violation: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_value_is_the_greater_one() {
        let [low, high] = [1.0, 2.0].map(|value| SearchMetric::new(value, Direction::Maximize));
        assert!(low < high);
        let [low, high] = [1.0, 2.0].map(|value| SearchMetric::new(value, Direction::Minimize));
        assert!(low > high);
        assert_eq!(low.partial_cmp(&SearchMetric::maximized(1.0)), None);
    }

    #[test]
    fn a_zero_has_no_sign() {
        for direction in [Direction::Maximize, Direction::Minimize] {
            for zero in [0.0, -0.0] {
                assert!(direction.gain(zero).is_sign_positive(), "{direction}");
            }
        }
    }
}
