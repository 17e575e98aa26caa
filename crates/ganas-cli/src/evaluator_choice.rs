//! What answers the queries of a search: a table, or the workers of a command.

use ganas_eval::Evaluator;
use ganas_eval::table::TableEvaluator;
use ganas_eval::worker::WorkerEvaluator;

/// The evaluator of an experiment.
#[derive(Debug)]
pub(crate) enum EvaluatorChoice {
    /// A table.
    Table(TableEvaluator),
    /// Workers, and how they are described in the header.
    Workers(WorkerEvaluator, String),
}

impl EvaluatorChoice {
    /// The evaluator.
    pub(crate) fn evaluator(&self) -> &dyn Evaluator {
        match self {
            Self::Table(evaluator) => evaluator,
            Self::Workers(evaluator, _) => evaluator,
        }
    }

    /// The workers, when there are any.
    pub(crate) fn workers(&self) -> Option<&WorkerEvaluator> {
        match self {
            Self::Table(_) => None,
            Self::Workers(evaluator, _) => Some(evaluator),
        }
    }

    /// The sha256 of what the measurements depend on: the table's file, or what the workers are.
    pub(crate) fn sha256(&self) -> String {
        match self {
            Self::Table(evaluator) => evaluator.table().sha256(),
            Self::Workers(evaluator, _) => evaluator.identity().to_owned(),
        }
    }

    /// The line of the header.
    pub(crate) fn describe(&self) -> (&'static str, String) {
        let sha256 = self.sha256();
        match self {
            Self::Table(evaluator) => {
                let path = evaluator.table().path().display();
                ("table", format!("{path} (sha256 {sha256})"))
            }
            Self::Workers(_, description) => {
                ("evaluator", format!("{description} (sha256 {sha256})"))
            }
        }
    }
}
