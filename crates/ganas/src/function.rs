//! A function as an evaluator.

use std::error::Error as StdError;
use std::fmt;

use ganas_eval::{
    EvalError, Evaluator, Measurement, MetricPair, Query, ReportMetric, SearchMetric, SelectionKind,
};
use ganas_space::Arch;

type Function = dyn Fn(&Arch) -> Result<f64, EvalError> + Send + Sync;

/// An evaluator that calls a function.
pub(crate) struct FunctionEvaluator {
    metric_pair: MetricPair,
    function: Box<Function>,
}

impl FunctionEvaluator {
    /// The function returns the value of a metric, of which more is better; it is searched on and reported.
    pub(crate) fn new<E: Into<Box<dyn StdError + Send + Sync>>>(
        metric: &str,
        function: impl Fn(&Arch) -> Result<f64, E> + Send + Sync + 'static,
    ) -> Self {
        Self {
            metric_pair: MetricPair {
                search: metric.to_owned(),
                report: metric.to_owned(),
                kind: SelectionKind::Unclassified,
                search_epochs: None,
                report_epochs: None,
            },
            function: Box::new(move |arch| {
                function(arch).map_err(|error| EvalError::Failed(error.into()))
            }),
        }
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
            search: SearchMetric(value),
            report: ReportMetric(value),
            objectives: Vec::new(),
        })
    }
}
