//! A search that starts from a given network, under bounds that are relative to it.

use std::sync::Arc;

use ganas_eval::{CostObjective, Direction, Evaluator, Measurement, MetricPair, Property, Query};
use ganas_report::records::{Gains, ImprovedRun, KnownNetwork, RunRecord};
use ganas_search::{Bound, Relation, SearchError};
use ganas_space::{Arch, SearchSpace};
use serde_json::json;

use crate::Error;
use crate::error::Context as _;

/// The name of the metric that is searched on, in objectives and bounds.
pub const ACCURACY: &str = "accuracy";
/// The value of the given network, in bounds.
const BASE: &str = "base";

/// A bound as it is given: on a number, or on a multiple of the given network's value.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenBound {
    bound: Bound,
    /// Whether the number is a factor of the given network's value.
    of_base: bool,
}

impl std::str::FromStr for GivenBound {
    type Err = SearchError;

    /// Reads `NAME <= NUMBER`, `NAME <= base` or `NAME <= NUMBER * base`, or one with another relation.
    fn from_str(text: &str) -> Result<Self, SearchError> {
        let trimmed = text.trim();
        let Some(before) = trimmed.strip_suffix(BASE) else {
            return Ok(trimmed.parse::<Bound>()?.into());
        };
        let before = before.trim_end();
        let factor = match before.strip_suffix('*') {
            Some(factor) => factor.to_owned(),
            None if before.ends_with(['<', '=', '>']) => format!("{before} 1"),
            None => {
                return Ok(trimmed.parse::<Bound>()?.into());
            }
        };
        Ok(Self {
            bound: factor.parse()?,
            of_base: true,
        })
    }
}

impl From<Bound> for GivenBound {
    fn from(bound: Bound) -> Self {
        Self {
            bound,
            of_base: false,
        }
    }
}

impl GivenBound {
    /// The name of what is bounded.
    #[must_use]
    pub fn property(&self) -> &str {
        &self.bound.property
    }

    /// The bound in numbers. `value` is that of the given network, when there is one.
    pub(super) fn resolve(&self, value: Option<f64>) -> Result<Bound, Error> {
        let mut bound = self.bound.clone();
        if self.of_base {
            let value = value.ok_or_else(|| {
                Error::Usage(format!(
                    "--constraint: `{BASE}` in the bound on `{}` is the value of the network that is to be improved: \
                     name one with --improve",
                    self.property()
                ))
            })?;
            let product = bound.bound * value;
            if !product.is_finite() {
                return Err(Error::Usage(format!(
                    "--constraint: the bound on `{}` is {:?} times {value:?}, which is no finite number",
                    self.property(),
                    bound.bound
                )));
            }
            bound.bound = product;
        }
        Ok(bound)
    }
}

/// What is known of a network.
fn known(space: &dyn SearchSpace, arch: &Arch, measured: Measurement) -> KnownNetwork {
    let cost = space.costs().map(|costs| costs.cost(arch));
    KnownNetwork {
        arch: space.encode(arch),
        accuracy: measured.search.value(),
        report: measured.report.0,
        params: cost.and_then(|cost| cost.parameters),
        flops: cost.and_then(|cost| cost.flops),
    }
}

/// A given network, with what is asked of better ones.
#[derive(Debug)]
pub(crate) struct Improvement {
    /// The network.
    pub(crate) given: Arch,
    known: KnownNetwork,
    /// The names of the metrics.
    metrics: [String; 2],
    direction: Direction,
    objective: Objective,
}

/// What is to be improved.
#[derive(Debug)]
enum Objective {
    Accuracy,
    /// The front of several objectives.
    Front,
    /// The cost, its value in the given network, and what the metric must reach.
    Cost(Arc<dyn Property>, f64, f64),
}

impl Given {
    /// Measures the given network. Without an objective there are several.
    pub(super) fn measure(
        text: &str,
        space: &dyn SearchSpace,
        evaluator: &dyn Evaluator,
        objective: Option<&str>,
    ) -> Result<Self, Error> {
        let arch = space.decode(text).with_context(|| {
            format!("--improve: `{text}` is no architecture of {}", space.name())
        })?;
        let measured = evaluator
            .evaluate(Query::new(space, &arch))
            .with_context(|| {
                format!("--improve: the given network `{text}` cannot be evaluated")
            })?;
        let protocol = evaluator.metric_pair();
        Ok(Self {
            known: known(space, &arch, measured),
            metrics: [protocol.search.clone(), protocol.report.clone()],
            direction: protocol.search_direction,
            arch,
            objective: objective.map(ToOwned::to_owned),
        })
    }
}

/// A network that is to be improved, measured.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) arch: Arch,
    known: KnownNetwork,
    metrics: [String; 2],
    direction: Direction,
    /// The only objective.
    objective: Option<String>,
}

impl Given {
    /// The cost that is to be made small; `None` when it is the metric that is to be improved, or several objectives are.
    pub(crate) fn cost(&self) -> Option<&str> {
        let objective = self.objective.as_deref()?;
        (objective != ACCURACY && objective != self.metrics[0]).then_some(objective)
    }

    /// How a bound on the metric must be put.
    fn relation(&self) -> Relation {
        match self.direction {
            Direction::Maximize => Relation::AtLeast,
            Direction::Minimize => Relation::AtMost,
        }
    }

    /// Whether a bound is one on the metric, which a query must tell.
    pub(crate) fn is_on_metric(&self, bound: &GivenBound) -> bool {
        bound.property() == ACCURACY || bound.property() == self.metrics[0]
    }

    /// Puts the parts together. `on_metric` are the bounds on the metric, `cost` is what is to be made small.
    pub(crate) fn improvement(
        self,
        on_metric: &[&GivenBound],
        cost: Option<Arc<dyn Property>>,
    ) -> Result<Improvement, Error> {
        let name = self.objective.as_deref().unwrap_or_default();
        let objective = match (cost, on_metric) {
            (None, []) if self.objective.is_none() => Objective::Front,
            (None, []) => Objective::Accuracy,
            (None, [bound, ..]) => {
                return Err(Error::Usage(format!(
                    "--constraint: `{}` is what is searched on: leave the bound out, or choose a cost with --objective",
                    bound.property()
                )));
            }
            (Some(cost), [bound]) => {
                let bound = bound.resolve(Some(self.known.accuracy))?;
                if bound.relation != self.relation() {
                    return Err(Error::Usage(format!(
                        "--constraint: with --objective {name}, the bound on `{}`, of which {} is better, must be one with {}: \
                         found `{bound}`",
                        bound.property,
                        self.direction.better(),
                        self.relation().symbol()
                    )));
                }
                let from = cost.value(&self.arch).with_context(|| {
                    format!("--objective: the {name} of the given network is not known")
                })?;
                Objective::Cost(cost, from, bound.bound)
            }
            (Some(_), bounds) => {
                return Err(Error::Usage(format!(
                    "--objective {name}: expected one bound on the metric, such as --constraint '{ACCURACY} {} {BASE}'; found {}",
                    self.relation().symbol(),
                    bounds.len()
                )));
            }
        };
        Ok(Improvement {
            given: self.arch,
            known: self.known,
            metrics: self.metrics,
            direction: self.direction,
            objective,
        })
    }
}

impl Improvement {
    /// What is searched on and reported.
    pub(crate) fn protocol(&self, of_evaluator: &MetricPair) -> MetricPair {
        match &self.objective {
            Objective::Accuracy | Objective::Front => of_evaluator.clone(),
            Objective::Cost(cost, ..) => CostObjective::metric_pair_of(of_evaluator, cost.name()),
        }
    }

    /// The evaluator that is searched with, when it is another one.
    pub(crate) fn objective<'a>(&self, evaluator: &'a dyn Evaluator) -> Option<CostObjective<'a>> {
        match &self.objective {
            Objective::Accuracy | Objective::Front => None,
            Objective::Cost(cost, from, floor) => Some(CostObjective::new(
                evaluator,
                Arc::clone(cost),
                *from,
                *floor,
            )),
        }
    }

    /// Whether the search metric is that of the evaluator.
    pub(crate) fn is_of_metric(&self) -> bool {
        !matches!(self.objective, Objective::Cost(..))
    }

    /// What a run depends on.
    pub(crate) fn record(&self) -> serde_json::Value {
        match &self.objective {
            Objective::Accuracy => json!({ "given": self.known.arch, "objective": ACCURACY }),
            Objective::Front => json!({ "given": self.known.arch }),
            Objective::Cost(cost, from, floor) => json!({
                "given": self.known.arch,
                "objective": cost.name(),
                "from": from,
                (match self.direction {
                    Direction::Maximize => "accuracy_at_least",
                    Direction::Minimize => "accuracy_at_most",
                }): floor,
            }),
        }
    }

    /// What was gained. What was found is measured once more, which costs nothing with a table or a surrogate.
    pub(crate) fn gains(
        &self,
        space: &dyn SearchSpace,
        evaluator: &dyn Evaluator,
        runs: &[RunRecord],
    ) -> Result<Gains, Error> {
        let found = runs.iter().map(|run| {
            let best = run.best.as_ref().map(|best| {
                let arch = space.decode(&best.arch)?;
                let measured = evaluator.evaluate(Query::new(space, &arch))?;
                Ok::<_, Error>(known(space, &arch, measured))
            });
            Ok(ImprovedRun {
                seed: run.seed,
                best: best.transpose()?,
            })
        });
        Ok(Gains {
            given: self.known.clone(),
            metrics: self.metrics.clone(),
            found: found.collect::<Result<_, Error>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_relative_to_the_given_network() {
        for (text, written) in [
            ("params <= base", "params <= 200"),
            ("params<base", "params < 200"),
            ("flops >= 0.9 * base", "flops >= 180"),
            ("flops >= 0.9*base", "flops >= 180"),
            ("params <= 3.0e6", "params <= 3000000"),
        ] {
            let given: GivenBound = text.parse().unwrap();
            assert_eq!(given.resolve(Some(200.0)).unwrap().to_string(), written);
        }
        let given: GivenBound = "params <= 1e308 * base".parse().unwrap();
        let error = given.resolve(Some(200.0)).unwrap_err().to_string();
        assert!(error.contains("1e308 times 200.0"), "{error}");
        let given: GivenBound = "params <= base".parse().unwrap();
        let error = given.resolve(None).unwrap_err().to_string();
        assert!(error.contains("--improve"), "{error}");
        for text in [
            "params base",
            "params <= 2 base",
            "params <= x * base",
            "<= base",
        ] {
            assert!(text.parse::<GivenBound>().is_err(), "{text}");
        }
    }
}
