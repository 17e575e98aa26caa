//! A function as an evaluator.

use std::error::Error as StdError;
use std::fmt;

use ganas_eval::{
    Direction, EvalError, Evaluator, Measurement, MetricPair, Query, ReportMetric, SearchMetric,
    SelectionKind,
};
use ganas_space::Arch;

type Function = dyn Fn(&Arch) -> Result<f64, EvalError> + Send + Sync;

/// An evaluator that calls a function.
pub(crate) struct FunctionEvaluator {
    metric_pair: MetricPair,
    function: Box<Function>,
}

impl FunctionEvaluator {
    /// The function returns the value of a metric, which is searched on and reported. More of it is better, unless its name
    /// or what is declared says otherwise.
    pub(crate) fn new<E: Into<Box<dyn StdError + Send + Sync>>>(
        metric: &str,
        function: impl Fn(&Arch) -> Result<f64, E> + Send + Sync + 'static,
    ) -> Self {
        let kind = SelectionKind::Unclassified;
        Self {
            metric_pair: MetricPair::maximized(metric, metric, kind),
            function: Box::new(move |arch| {
                function(arch).map_err(|error| EvalError::Failed(error.into()))
            }),
        }
    }
}

impl FunctionEvaluator {
    /// The same function, whose values are better in this direction.
    pub(crate) fn with_direction(mut self, direction: Direction) -> Self {
        self.metric_pair.search_direction = direction;
        self.metric_pair.report_direction = Some(direction);
        self
    }
}

impl fmt::Debug for FunctionEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionEvaluator")
            .field("metric_pair", &self.metric_pair)
            .finish_non_exhaustive()
    }
}

impl Evaluator for FunctionEvaluator {
    fn metric_pair(&self) -> &MetricPair {
        &self.metric_pair
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        let value = (self.function)(query.arch)?;
        Ok(Measurement {
            search: SearchMetric::new(value, self.metric_pair.search_direction),
            report: ReportMetric(value),
            objectives: Vec::new(),
            violation: 0.0,
        })
    }
}
