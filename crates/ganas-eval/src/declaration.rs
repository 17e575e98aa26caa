//! What is declared of metrics: by an evaluator, a table or the user.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::naming::MetricName;
use crate::{Direction, EvalError, MetricRange, MetricRole};

/// A metric as its evaluator declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricDeclaration {
    /// Its name.
    pub name: String,
    /// What it is measured on.
    pub role: MetricRole,
    /// Which values are better; the name decides where it is not declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The unit of its values, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The smallest value that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest value that is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The value that says that there is none, such as -1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<f64>,
}

/// What a metric means.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricMeaning {
    /// What it is measured on.
    pub role: MetricRole,
    /// Which values are better; `None` when that is not known.
    pub direction: Option<Direction>,
    /// The value that says that there is none.
    pub missing: Option<f64>,
    /// The values that are possible.
    pub range: Option<MetricRange>,
    /// What of this nobody declared: it was read from the name.
    pub guessed: Guessed,
}

/// What was read from the name of a metric, for want of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guessed {
    /// The role.
    pub role: bool,
    /// The direction.
    pub direction: bool,
}

impl Guessed {
    /// Everything was read from the name.
    pub const ALL: Self = Self {
        role: true,
        direction: true,
    };
}

impl Default for Guessed {
    /// Everything, as in tables of versions that knew no declarations.
    fn default() -> Self {
        Self::ALL
    }
}

impl MetricMeaning {
    /// What the name alone says.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let name = MetricName::read(name);
        Self {
            role: name.role(),
            direction: name.direction(),
            missing: None,
            range: None,
            guessed: Guessed::ALL,
        }
    }

    /// A metric of this role, whose direction its name says. Less of a cost is better.
    #[must_use]
    pub fn of_role(name: &str, role: MetricRole) -> Self {
        let of_name = Self::of_name(name);
        let of_role = (role == MetricRole::Cost).then_some(Direction::Minimize);
        Self {
            role,
            direction: of_role.or(of_name.direction),
            missing: None,
            range: None,
            guessed: Guessed {
                role: false,
                direction: of_role.is_none(),
            },
        }
    }

    /// What a declaration says, and the name where it is silent. Less of a cost is better unless it says otherwise.
    #[must_use]
    pub fn of_declaration(declaration: &MetricDeclaration) -> Self {
        let mut meaning = Self::of_role(&declaration.name, declaration.role);
        if let Some(direction) = declaration.direction {
            meaning.direction = Some(direction);
            meaning.guessed.direction = false;
        }
        meaning.missing = declaration.missing;
        meaning.range = MetricRange::between(declaration.min, declaration.max);
        meaning
    }

    /// The value of a metric of this name, when it is one.
    ///
    /// # Errors
    ///
    /// [`EvalError::Missing`] when it says that there is none, and [`EvalError::OutOfRange`] when it is not possible.
    pub fn check(&self, name: &str, value: f64) -> Result<f64, EvalError> {
        if self.missing == Some(value) {
            return Err(EvalError::Missing {
                metric: name.to_owned(),
                value,
            });
        }
        match self.range {
            Some(range) if !range.contains(value) => Err(EvalError::OutOfRange {
                metric: name.to_owned(),
                value,
                range,
            }),
            _ => Ok(value),
        }
    }

    /// The direction, or the reason why the metric cannot be searched on.
    ///
    /// # Errors
    ///
    /// [`UnknownDirection`] when nobody declared it and the name does not say.
    pub fn known_direction(&self, name: &str) -> Result<Direction, UnknownDirection> {
        self.direction
            .ok_or_else(|| UnknownDirection(name.to_owned()))
    }
}

/// Which values of a metric are better is neither declared nor known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "whether larger or smaller values of `{0}` are better is not known: say --maximize {0} or --minimize {0}, or declare its \
     direction where the metric is made"
)]
pub struct UnknownDirection(pub String);

/// What a user declares of metrics, which holds whatever names, tables and evaluators say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricOverrides(BTreeMap<String, MetricOverride>);

/// What a user declares of one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct MetricOverride {
    role: Option<MetricRole>,
    direction: Option<Direction>,
    missing: Option<f64>,
    range: Option<MetricRange>,
}

/// Two declarations of one metric that do not agree.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{metric}` is declared as {first} and as {second}: leave one of them out")]
pub struct Contradiction {
    metric: String,
    first: String,
    second: String,
}

impl MetricOverrides {
    /// Declares which values are better.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] when another direction was declared.
    pub fn direction(&mut self, metric: &str, direction: Direction) -> Result<(), Contradiction> {
        set(metric, &mut self.of(metric).direction, direction)
    }

    /// Declares what a metric is measured on.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] when another role was declared.
    pub fn role(&mut self, metric: &str, role: MetricRole) -> Result<(), Contradiction> {
        set(metric, &mut self.of(metric).role, role)
    }

    /// Declares the value that says that there is none.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] when another value was declared.
    pub fn missing(&mut self, metric: &str, missing: f64) -> Result<(), Contradiction> {
        set(metric, &mut self.of(metric).missing, missing)
    }

    /// Declares the values that are possible.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] when another range was declared.
    pub fn range(&mut self, metric: &str, range: MetricRange) -> Result<(), Contradiction> {
        set(metric, &mut self.of(metric).range, range)
    }

    /// The metrics of which something is declared.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// Whether nothing is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts what is declared of a metric in the place of what is known of it.
    ///
    /// Less of what is declared to be a cost is better, unless its direction is declared too.
    pub fn apply(&self, name: &str, meaning: &mut MetricMeaning) {
        let Some(declared) = self.0.get(name) else {
            return;
        };
        if let Some(role) = declared.role {
            meaning.role = role;
            meaning.guessed.role = false;
            if role == MetricRole::Cost {
                meaning.direction = Some(Direction::Minimize);
                meaning.guessed.direction = false;
            }
        }
        if let Some(direction) = declared.direction {
            meaning.direction = Some(direction);
            meaning.guessed.direction = false;
        }
        meaning.missing = declared.missing.or(meaning.missing);
        meaning.range = declared.range.or(meaning.range);
    }

    fn of(&mut self, metric: &str) -> &mut MetricOverride {
        self.0.entry(metric.to_owned()).or_default()
    }
}

impl fmt::Display for MetricOverrides {
    /// What is declared, metric by metric: `loss: minimize; latency: cost, missing -1, range 0..`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.0.iter().map(|(name, declared)| {
            let parts = [
                declared.role.map(|role| role.to_string()),
                declared.direction.map(|direction| direction.to_string()),
                declared.missing.map(|missing| format!("missing {missing}")),
                declared.range.map(|range| format!("range {range}")),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            format!("{name}: {}", parts.join(", "))
        });
        f.write_str(&metrics.collect::<Vec<_>>().join("; "))
    }
}

fn set<T: Copy + PartialEq + fmt::Display>(
    metric: &str,
    place: &mut Option<T>,
    value: T,
) -> Result<(), Contradiction> {
    match place.replace(value) {
        Some(before) if before != value => Err(Contradiction {
            metric: metric.to_owned(),
            first: before.to_string(),
            second: value.to_string(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_holds() {
        let mut overrides = MetricOverrides::default();
        overrides.direction("val_acc", Direction::Minimize).unwrap();
        overrides.role("quux", MetricRole::Cost).unwrap();
        overrides.missing("quux", -1.0).unwrap();
        let mut meaning = MetricMeaning::of_name("val_acc");
        overrides.apply("val_acc", &mut meaning);
        assert_eq!(meaning.direction, Some(Direction::Minimize));
        assert_eq!(
            meaning.guessed,
            Guessed {
                role: true,
                direction: false
            }
        );
        let mut meaning = MetricMeaning::of_name("quux");
        assert!(
            meaning
                .known_direction("quux")
                .unwrap_err()
                .to_string()
                .contains("--minimize quux")
        );
        overrides.apply("quux", &mut meaning);
        assert_eq!(meaning.direction, Some(Direction::Minimize));
        assert_eq!(meaning.missing, Some(-1.0));
        let mut other = MetricMeaning::of_name("other");
        overrides.apply("other", &mut other);
        assert_eq!(other, MetricMeaning::of_name("other"));
    }

    #[test]
    fn values_that_are_missing_or_not_possible_are_told_apart() {
        let mut overrides = MetricOverrides::default();
        overrides.missing("acc", -1.0).unwrap();
        let range: MetricRange = "0..1".parse().unwrap();
        overrides.range("acc", range).unwrap();
        assert_eq!(overrides.to_string(), "acc: missing -1, range 0..1");
        let error = overrides.range("acc", "0..".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("as 0..1 and as 0.."), "{error}");

        // What a worker says holds where nothing else is declared.
        let declaration = MetricDeclaration {
            name: "acc".to_owned(),
            role: MetricRole::Validation,
            direction: None,
            unit: None,
            min: Some(0.0),
            max: Some(100.0),
            missing: None,
        };
        let mut meaning = MetricMeaning::of_declaration(&declaration);
        assert_eq!(meaning.range, Some("0..100".parse().unwrap()));
        assert!(meaning.check("acc", 50.0).is_ok());
        let mut overrides = MetricOverrides::default();
        overrides.range("acc", range).unwrap();
        overrides.missing("acc", -1.0).unwrap();
        overrides.apply("acc", &mut meaning);
        assert!(meaning.check("acc", 1.0).is_ok());
        let said = |value| meaning.check("acc", value).unwrap_err().to_string();
        assert!(said(-1.0).contains("`acc` is missing"));
        assert_eq!(
            said(50.0),
            "`acc` is 50, outside of the declared range 0..1: correct what measures it, or declare another range"
        );
    }

    #[test]
    fn two_declarations_that_disagree_are_an_error() {
        let mut overrides = MetricOverrides::default();
        overrides.direction("a", Direction::Minimize).unwrap();
        overrides.direction("a", Direction::Minimize).unwrap();
        let error = overrides.direction("a", Direction::Maximize).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a` is declared as minimize and as maximize: leave one of them out"
        );
    }

    #[test]
    fn a_declaration_is_stronger_than_a_name() {
        let declaration = |name: &str, role| MetricDeclaration {
            name: name.to_owned(),
            role,
            direction: None,
            unit: None,
            min: None,
            max: None,
            missing: None,
        };
        let of = |name, role| MetricMeaning::of_declaration(&declaration(name, role)).direction;
        assert_eq!(
            of("loss", MetricRole::Validation),
            Some(Direction::Minimize)
        );
        assert_eq!(
            of("valid", MetricRole::Validation),
            Some(Direction::Maximize)
        );
        assert_eq!(of("accuracy", MetricRole::Cost), Some(Direction::Minimize));
        assert_eq!(of("quux", MetricRole::Validation), None);
    }
}
