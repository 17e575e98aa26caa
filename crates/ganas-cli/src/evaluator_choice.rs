//! What answers the queries of a search: a table, a surrogate, or the workers of a command.

use std::sync::Arc;

use ganas_eval::{Evaluator, MetricRole, Property};
use ganas_table::Table;
use ganas_worker::WorkerEvaluator;

use crate::evaluator_source::{Evaluating, Ranking};

/// The evaluator of an experiment.
#[derive(Debug)]
pub(crate) enum EvaluatorChoice {
    /// A table or a surrogate.
    Known(Evaluating),
    /// Workers.
    Workers(WorkerEvaluator, WorkerFacts),
}

/// What is known of workers.
#[derive(Debug)]
pub(crate) struct WorkerFacts {
    /// How they are described in the header.
    pub(crate) description: String,
    /// What they return beside the metrics of the search, of what was asked for.
    pub(crate) further: Vec<String>,
}

impl EvaluatorChoice {
    /// The evaluator.
    pub(crate) fn evaluator(&self) -> &dyn Evaluator {
        match self {
            Self::Known(known) => &*known.evaluator,
            Self::Workers(evaluator, _) => evaluator,
        }
    }

    /// The workers, when there are any.
    pub(crate) fn workers(&self) -> Option<&WorkerEvaluator> {
        match self {
            Self::Known(_) => None,
            Self::Workers(evaluator, _) => Some(evaluator),
        }
    }

    /// The table, when it is one.
    pub(crate) fn table(&self) -> Option<&Arc<Table>> {
        match self {
            Self::Known(known) => known.table.as_ref(),
            Self::Workers(..) => None,
        }
    }

    /// The ranks of what is found, when it is a table of the whole space.
    pub(crate) fn ranking(&self) -> Option<&Ranking> {
        match self {
            Self::Known(known) => known.ranking.as_ref(),
            Self::Workers(..) => None,
        }
    }

    /// What it measures, by name and role; nothing of a table, whose columns are known.
    pub(crate) fn metrics(&self) -> Vec<(String, MetricRole)> {
        match self {
            Self::Known(known) => known.metrics.clone(),
            Self::Workers(evaluator, _) => {
                let declared = evaluator.capabilities().metrics.iter();
                declared.map(|m| (m.name.clone(), m.role)).collect()
            }
        }
    }

    /// What it knows of an architecture without a query, beside the costs of the space and the columns of a table.
    pub(crate) fn properties(&self) -> &[Arc<dyn Property>] {
        match self {
            Self::Known(known) => &known.properties,
            Self::Workers(..) => &[],
        }
    }

    /// What it returns beside the metrics of the search, of what was asked for.
    pub(crate) fn further(&self) -> &[String] {
        match self {
            Self::Known(known) => &known.further,
            Self::Workers(_, facts) => &facts.further,
        }
    }

    /// The sha256 of what the measurements depend on: the table's file, or what the workers are.
    pub(crate) fn sha256(&self) -> String {
        match self {
            Self::Known(known) => known.sha256.clone(),
            Self::Workers(evaluator, _) => evaluator.identity().to_owned(),
        }
    }

    /// The line of the header.
    pub(crate) fn describe(&self) -> (&'static str, String) {
        let sha256 = self.sha256();
        match self {
            Self::Known(known) => {
                let path = known.path.display();
                (known.kind, format!("{path} (sha256 {sha256})"))
            }
            Self::Workers(_, WorkerFacts { description, .. }) => {
                ("evaluator", format!("{description} (sha256 {sha256})"))
            }
        }
    }
}
