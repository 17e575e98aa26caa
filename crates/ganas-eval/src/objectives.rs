//! Several objectives of one query, wherever each of them comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ganas_space::Arch;

use crate::evaluator::evaluate_changed;
use crate::{EvalError, Evaluator, Feed, Measurement, MetricPair, Property, Query};

/// Where the value of an objective comes from.
#[derive(Clone, Debug)]
pub enum ObjectiveSource {
    /// The search metric of the evaluator.
    SearchMetric,
    /// What is known without a query.
    Property(Arc<dyn Property>),
    /// What the evaluator was asked to measure too, by its place among that.
    Further(usize),
}

/// An evaluator that returns the values of several objectives with each measurement of another one.
///
/// Search metric and reported metric are those of the other evaluator.
pub struct WithObjectives<'a> {
    inner: &'a dyn Evaluator,
    sources: &'a [ObjectiveSource],
}

impl fmt::Debug for WithObjectives<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithObjectives")
            .field("metric_pair", self.inner.metric_pair())
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

impl<'a> WithObjectives<'a> {
    /// Takes each objective from its source, in this order.
    #[must_use]
    pub fn new(inner: &'a dyn Evaluator, sources: &'a [ObjectiveSource]) -> Self {
        Self { inner, sources }
    }

    fn measurement(&self, arch: &Arch, measured: Measurement) -> Result<Measurement, EvalError> {
        let value = |source: &ObjectiveSource| match source {
            ObjectiveSource::SearchMetric => Ok(measured.search.value()),
            ObjectiveSource::Property(property) => {
                property.value(arch).ok_or_else(|| EvalError::NoProperty {
                    property: property.name().to_owned(),
                })
            }
            ObjectiveSource::Further(place) => {
                let value = measured.objectives.get(*place).copied();
                Ok(value.expect("invariant: the evaluator was asked to measure it too"))
            }
        };
        let objectives = self.sources.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Measurement {
            objectives,
            ..measured
        })
    }
}

impl Evaluator for WithObjectives<'_> {
    fn metric_pair(&self) -> &MetricPair {
        self.inner.metric_pair()
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
mod tests {
    use super::*;
    use crate::test_archs::{self, CONV, SKIP};
    use crate::{ListFeed, ReportMetric, SearchMetric, SelectionKind};

    /// Measures 3, reports 5, and 7 and 11 beside it.
    struct Fixed(MetricPair);

    impl Evaluator for Fixed {
        fn metric_pair(&self) -> &MetricPair {
            &self.0
        }

        fn evaluate(&self, _: Query<'_>) -> Result<Measurement, EvalError> {
            Ok(Measurement {
                search: SearchMetric::maximized(3.0),
                report: ReportMetric(5.0),
                objectives: vec![7.0, 11.0],
                violation: 0.0,
            })
        }
    }

    /// Known of one architecture only.
    #[derive(Debug)]
    struct OfOne;

    impl Property for OfOne {
        fn name(&self) -> &'static str {
            "watts"
        }

        fn value(&self, arch: &Arch) -> Option<f64> {
            (*arch == test_archs::arch(SKIP)).then_some(13.0)
        }
    }

    #[test]
    fn each_objective_comes_from_its_source() {
        let fixed = Fixed(MetricPair::maximized(
            "valid",
            "test",
            SelectionKind::ValidationSelected,
        ));
        let sources = [
            ObjectiveSource::Further(1),
            ObjectiveSource::SearchMetric,
            ObjectiveSource::Property(Arc::new(OfOne)),
        ];
        let evaluator = WithObjectives::new(&fixed, &sources);
        let archs = [SKIP, CONV].map(test_archs::arch);
        assert_eq!(
            evaluator
                .evaluate(Query::new(&*test_archs::space(), &archs[0]))
                .unwrap()
                .objectives,
            [11.0, 3.0, 13.0]
        );
        let space = test_archs::space();
        let queries = archs.each_ref().map(|arch| Query::new(&*space, arch));
        let mut all = Vec::new();
        evaluator
            .evaluate_all(&mut ListFeed::new(&queries, &mut |_, outcome| {
                all.push(outcome.result);
                Ok(())
            }))
            .unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].as_ref().unwrap().objectives, [11.0, 3.0, 13.0]);
        // What is not known of an architecture is a failed evaluation.
        assert!(matches!(&all[1], Err(EvalError::NoProperty { property }) if property == "watts"));
    }
}
