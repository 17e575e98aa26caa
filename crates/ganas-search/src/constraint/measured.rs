//! Bounds on what only an evaluation tells.

use std::collections::BTreeMap;
use std::fmt;

use ganas_eval::{EvalError, Evaluator, Feed, Measurement, MetricPair, Query, evaluate_changed};
use ganas_space::Arch;

use super::Bound;

/// A bound on a metric that an evaluator returns beside the one that is searched on.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredBound {
    /// The bound; its property is the name of the metric.
    pub bound: Bound,
    /// The place of the metric among the further ones that the evaluator returns as objectives.
    pub place: usize,
}

impl MeasuredBound {
    /// By how much a value misses the bound, relative to it; 0 when it does not.
    fn violation(&self, value: f64) -> f64 {
        let Bound {
            relation, bound, ..
        } = self.bound;
        if relation.holds(value, bound) {
            return 0.0;
        }
        // A value at a bound that it may not reach misses it, too.
        ((value - bound).abs() / bound.abs().max(f64::MIN_POSITIVE)).clamp(f64::EPSILON, f64::MAX)
    }
}

/// An evaluator that tells by how much each measurement of another one misses bounds.
///
/// The violation of several bounds is the sum over them.
pub struct WithMeasuredBounds<'a> {
    inner: &'a dyn Evaluator,
    bounds: &'a [MeasuredBound],
    /// How many of the further metrics are objectives; those after them are there for the bounds alone.
    n_objectives: usize,
}

impl fmt::Debug for WithMeasuredBounds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithMeasuredBounds")
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl<'a> WithMeasuredBounds<'a> {
    /// Compares what `inner` measures with bounds, and passes on the first so many of the further metrics.
    #[must_use]
    pub fn new(inner: &'a dyn Evaluator, bounds: &'a [MeasuredBound], n_objectives: usize) -> Self {
        Self {
            inner,
            bounds,
            n_objectives,
        }
    }

    fn measurement(&self, mut measured: Measurement) -> Measurement {
        let violations = self.bounds.iter().map(|bound| {
            let value = measured.objectives.get(bound.place).copied();
            bound.violation(value.expect("invariant: the evaluator was asked to measure it too"))
        });
        measured.violation = violations.sum::<f64>().min(f64::MAX);
        measured.objectives.truncate(self.n_objectives);
        measured
    }
}

impl Evaluator for WithMeasuredBounds<'_> {
    fn metric_pair(&self) -> &MetricPair {
        self.inner.metric_pair()
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        self.inner
            .evaluate(query)
            .map(|measured| self.measurement(measured))
    }

    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        evaluate_changed(self.inner, feed, &|_, measured| {
            Ok(self.measurement(measured))
        })
    }

    fn recall(
        &self,
        arch: &Arch,
        metrics: &BTreeMap<String, f64>,
    ) -> Result<Measurement, EvalError> {
        self.inner
            .recall(arch, metrics)
            .map(|measured| self.measurement(measured))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_is_relative_to_the_bound() {
        let violation = |bound: &str, value: f64| {
            let bound = bound.parse().unwrap();
            MeasuredBound { bound, place: 0 }.violation(value)
        };
        for (bound, value, expected) in [
            ("ms <= 12", 12.0, 0.0),
            ("ms <= 12", 18.0, 0.5),
            ("ms < 12", 12.0, f64::EPSILON),
            ("acc >= 0.5", 0.25, 0.5),
            ("acc >= 0.5", 0.75, 0.0),
            ("x <= 0", f64::MAX, f64::MAX),
        ] {
            let found = violation(bound, value);
            assert!((found - expected).abs() <= 0.0, "{bound} {value}: {found}");
        }
    }
}
