//! Searching for a smaller cost where a metric must not fall below a bound.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ganas_space::Arch;

use crate::evaluator::evaluate_changed;
use crate::{
    Direction, EvalError, Evaluator, Feed, Measurement, MetricPair, Property, Query, SearchMetric,
};

/// An evaluator whose search metric is how much of a cost is saved, as long as the metric of another evaluator reaches
/// a bound.
///
/// Where it does not, the search metric is what is missing, as a negative number, so that whatever satisfies the bound is
/// better than whatever does not, and a search is led towards it.
/// That the metric is bounded costs a query, other than bounds on what is known without one.
/// The reported metric is that of the other evaluator.
pub struct CostObjective<'a> {
    inner: &'a dyn Evaluator,
    metric_pair: MetricPair,
    cost: Arc<dyn Property>,
    from: f64,
    floor: f64,
}

impl fmt::Debug for CostObjective<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CostObjective")
            .field("metric_pair", &self.metric_pair)
            .field("from", &self.from)
            .field("floor", &self.floor)
            .finish_non_exhaustive()
    }
}

impl<'a> CostObjective<'a> {
    /// Saves on `cost`, counted from the value `from`, among what is as good as the value `floor` of the evaluator's search
    /// metric, or better.
    #[must_use]
    pub fn new(inner: &'a dyn Evaluator, cost: Arc<dyn Property>, from: f64, floor: f64) -> Self {
        Self {
            metric_pair: Self::metric_pair_of(inner.metric_pair(), cost.name()),
            inner,
            cost,
            from,
            floor,
        }
    }

    /// What is searched on and what is reported, for an evaluator of such metrics.
    #[must_use]
    pub fn metric_pair_of(inner: &MetricPair, cost: &str) -> MetricPair {
        MetricPair {
            search: format!("{cost}_saved"),
            search_direction: Direction::Maximize,
            ..inner.clone()
        }
    }

    fn measurement(&self, arch: &Arch, measured: Measurement) -> Result<Measurement, EvalError> {
        let floor = measured.search.direction().gain(self.floor);
        let missing = measured.search.gain() - floor;
        let search = if missing < 0.0 {
            missing
        } else {
            let cost = self.cost.value(arch).ok_or_else(|| EvalError::NoProperty {
                property: self.cost.name().to_owned(),
            })?;
            self.from - cost
        };
        Ok(Measurement {
            search: SearchMetric::maximized(search),
            ..measured
        })
    }
}

impl Evaluator for CostObjective<'_> {
    fn metric_pair(&self) -> &MetricPair {
        &self.metric_pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        self.measurement(query.arch, self.inner.evaluate(query)?)
    }

    fn evaluate_all(&self, feed: &mut dyn Feed) -> Result<(), EvalError> {
        evaluate_changed(self.inner, feed, &|arch, measured| {
            self.measurement(arch, measured)
        })
    }

    fn recall(
        &self,
        arch: &Arch,
        metrics: &BTreeMap<String, f64>,
    ) -> Result<Measurement, EvalError> {
        self.measurement(arch, self.inner.recall(arch, metrics)?)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the objective passes values on unchanged")]
mod tests {
    use ganas_space::SearchSpace;

    use super::*;
    use crate::{ClosedForm, CostProperty, ListFeed, ReportMetric, SelectionKind};

    /// Measures the kernels of a chain.
    struct Kernels {
        space: Arc<dyn SearchSpace>,
        metric_pair: MetricPair,
    }

    impl Evaluator for Kernels {
        fn metric_pair(&self) -> &MetricPair {
            &self.metric_pair
        }

        fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
            let text = self.space.encode(query.arch);
            let count = u32::try_from(text.matches("k5").count()).unwrap();
            Ok(Measurement {
                search: SearchMetric::maximized(f64::from(count)),
                report: ReportMetric(f64::from(count) + 100.0),
                objectives: Vec::new(),
                violation: 0.0,
            })
        }
    }

    #[test]
    fn what_misses_the_bound_is_worse_than_what_reaches_it() {
        let space = ganas_space::by_name("mbconv").unwrap();
        let inner = Kernels {
            space: Arc::clone(&space),
            metric_pair: MetricPair::maximized("valid", "test", SelectionKind::ValidationSelected),
        };
        let params = CostProperty::new(Arc::clone(&space), ClosedForm::Parameters);
        let arch = |text: &str| space.decode(text).unwrap();
        let base = arch("efficientnet-b0");
        let params: Arc<dyn Property> = Arc::new(params);
        let from = params.value(&base).unwrap();
        let objective = CostObjective::new(&inner, Arc::clone(&params), from, 3.0);
        assert_eq!(objective.metric_pair().search, "params_saved");
        assert_eq!(objective.metric_pair().report, "test");
        let search = |arch: &Arch| {
            objective
                .evaluate(Query::new(&*space, arch))
                .unwrap()
                .search
                .value()
        };
        assert_eq!(search(&base), 0.0);
        // One layer less in a late block.
        let smaller = arch("e1k3l1se1 e6k3l2se1 e6k5l2se1 e6k3l3se1 e6k5l3se1 e6k5l3se1 e6k3l1se1");
        assert_eq!(search(&smaller), from - params.value(&smaller).unwrap());
        assert!(search(&smaller) > 0.0);
        // The same size and more, but one kernel of 5 too few.
        let missing = arch("e1k3l1se1 e6k3l2se1 e6k3l2se1 e6k3l3se1 e6k5l3se1 e6k5l3se1 e6k3l1se1");
        assert_eq!(search(&missing), -1.0);
        // Satisfied, but larger than the base.
        let larger = arch("e1k3l1se1 e6k3l2se1 e6k5l2se1 e6k3l3se1 e6k5l3se1 e6k5l4se1 e6k5l3se1");
        assert!(search(&larger) < 0.0);
        let queries = [&base, &missing, &smaller].map(|arch| Query::new(&*space, arch));
        let mut told = Vec::new();
        objective
            .evaluate_all(&mut ListFeed::new(&queries, &mut |index, outcome| {
                told.push((index, outcome.result.unwrap().search.value()));
                Ok(())
            }))
            .unwrap();
        assert_eq!(told, [(0, 0.0), (1, -1.0), (2, search(&smaller))]);
        let metrics = BTreeMap::from([("valid".to_owned(), 3.0), ("test".to_owned(), 103.0)]);
        let recalled = objective.recall(&smaller, &metrics).unwrap();
        assert_eq!(recalled.search.value(), search(&smaller));
    }
}
