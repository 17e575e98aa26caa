//! The objectives of a search for a front: which values count, and in which direction.

use ganas_eval::Direction;
use serde::{Deserialize, Serialize};

use crate::SearchError;
use crate::pareto::Point;

/// One objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Its name in records.
    pub name: String,
    /// Which values are better.
    #[serde(alias = "better")]
    pub direction: Direction,
    /// The sha256 of the table that it is a column of, when that is not the one that queries are answered from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

impl std::fmt::Display for Objective {
    /// As the command line has it: `accuracy`, `-latency`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = match self.direction {
            Direction::Maximize => "",
            Direction::Minimize => "-",
        };
        write!(f, "{sign}{}", self.name)
    }
}

/// Two to four objectives, and from where the hypervolume is measured.
///
/// Trials hold the values as they were measured; what is compared are [`Point`]s, in which larger is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Objectives {
    parts: Parts,
}

/// What objectives consist of; unchecked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parts {
    objectives: Vec<Objective>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference_point: Option<Vec<f64>>,
}

impl Objectives {
    /// The largest number of objectives: the exact hypervolume of a front in more takes too long.
    pub const MOST: usize = 4;

    /// Puts objectives together. `reference_point` has a value for each objective, as it would be measured; without one
    /// it is made of the first trials, see [`default_reference`](crate::pareto::default_reference).
    ///
    /// # Errors
    ///
    /// [`SearchError::BadObjectives`] for fewer than two or more than four of them, one that is there twice, and a
    /// reference point that is no point.
    pub fn new(
        objectives: Vec<Objective>,
        reference_point: Option<Vec<f64>>,
    ) -> Result<Self, SearchError> {
        let bad = |reason: String| Err(SearchError::BadObjectives { reason });
        let n = objectives.len();
        if !(2..=Self::MOST).contains(&n) {
            return bad(format!(
                "there are {n}: expected 2 to {most}",
                most = Self::MOST
            ));
        }
        for (at, objective) in objectives.iter().enumerate() {
            if objectives[..at].iter().any(|o| o.name == objective.name) {
                return bad(format!("`{}` is there twice", objective.name));
            }
        }
        let all = Self {
            parts: Parts {
                objectives,
                reference_point,
            },
        };
        if let Some(reference) = &all.parts.reference_point {
            all.point(reference).map_err(|error| match error {
                SearchError::BadObjectives { reason } => SearchError::BadObjectives {
                    reason: format!("the reference point: {reason}"),
                },
                other => other,
            })?;
        }
        Ok(all)
    }

    /// The objectives, in the order in which trials hold their values.
    #[must_use]
    pub fn all(&self) -> &[Objective] {
        &self.parts.objectives
    }

    /// The reference point that was given, as it would be measured.
    #[must_use]
    pub fn reference_point(&self) -> Option<&[f64]> {
        self.parts.reference_point.as_deref()
    }

    /// The point of values as they were measured.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadObjectives`] when there is not one finite value for each objective.
    pub fn point(&self, measured: &[f64]) -> Result<Point, SearchError> {
        if measured.len() != self.all().len() {
            return Err(SearchError::BadObjectives {
                reason: format!(
                    "{} values for {} objectives",
                    measured.len(),
                    self.all().len()
                ),
            });
        }
        Point::new(self.turned(measured)).map_err(|error| SearchError::BadObjectives {
            reason: format!(
                "`{}` is {}: expected a finite number",
                self.all()[error.index].name,
                measured[error.index]
            ),
        })
    }

    /// The values of a point as they were measured.
    #[must_use]
    pub fn measured(&self, point: &Point) -> Vec<f64> {
        self.turned(point.values())
    }

    /// Turns the sign of what is better when it is smaller; twice is once back. A zero has no sign.
    fn turned(&self, values: &[f64]) -> Vec<f64> {
        let pairs = values.iter().zip(self.all());
        pairs
            .map(|(value, objective)| objective.direction.gain(*value))
            .collect()
    }
}

impl TryFrom<Parts> for Objectives {
    type Error = SearchError;

    fn try_from(parts: Parts) -> Result<Self, SearchError> {
        Self::new(parts.objectives, parts.reference_point)
    }
}

impl From<Objectives> for Parts {
    fn from(objectives: Objectives) -> Self {
        objectives.parts
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn objective(name: &str, direction: Direction) -> Objective {
        Objective {
            name: name.to_owned(),
            direction,
            table: None,
        }
    }

    fn two() -> Vec<Objective> {
        vec![
            objective("accuracy", Direction::Maximize),
            objective("latency", Direction::Minimize),
        ]
    }

    #[test]
    fn values_are_turned_and_turned_back() {
        let objectives = Objectives::new(two(), Some(vec![0.0, 50.0])).unwrap();
        let point = objectives.point(&[70.0, 12.5]).unwrap();
        assert_eq!(point.values(), [70.0, -12.5]);
        assert_eq!(objectives.measured(&point), [70.0, 12.5]);
        let zero = objectives.measured(&objectives.point(&[0.0, 0.0]).unwrap());
        assert!(zero.iter().all(|value| value.is_sign_positive()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut five = two();
        five.extend(["a", "b", "c"].map(|name| objective(name, Direction::Maximize)));
        let twice = vec![two().remove(0), two().remove(0)];
        for (objectives, reference, message) in [
            (vec![], None, "there are 0: expected 2 to 4"),
            (five, None, "there are 5"),
            (twice, None, "`accuracy` is there twice"),
            (
                two(),
                Some(vec![1.0]),
                "the reference point: 1 values for 2 objectives",
            ),
            (
                two(),
                Some(vec![1.0, f64::INFINITY]),
                "the reference point: `latency` is inf",
            ),
        ] {
            let error = Objectives::new(objectives, reference)
                .unwrap_err()
                .to_string();
            assert!(error.contains(message), "{error}");
        }
        let objectives = Objectives::new(two(), None).unwrap();
        assert!(objectives.point(&[1.0, f64::NAN]).is_err());
    }
}
