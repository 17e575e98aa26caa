//! What answers the queries of a search: a table, a surrogate, or the workers of a command.

use std::sync::Arc;

use ganas_eval::Evaluator;
use ganas_eval::table::Table;
use ganas_eval::worker::WorkerEvaluator;

use crate::evaluator_source::{Evaluating, Ranking};

/// The evaluator of an experiment.
#[derive(Debug)]
pub(crate) enum EvaluatorChoice {
    /// A table or a surrogate.
    Known(Evaluating),
    /// Workers, and how they are described in the header.
    Workers(WorkerEvaluator, String),
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
            Self::Workers(_, description) => {
                ("evaluator", format!("{description} (sha256 {sha256})"))
            }
        }
    }
}
