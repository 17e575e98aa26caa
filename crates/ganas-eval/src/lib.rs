//! Evaluators: what a query returns and what it costs.
//!
//! A search sees [`SearchMetric`] values only. The [`ReportMetric`] of the same query is a different type, which the
//! driver records and no searcher receives, so that no search can select on what it reports by mistake.

#![forbid(unsafe_code)]

mod counts;
mod declaration;
mod error;
mod evaluator;
mod metric;
mod metric_pair;
pub mod naming;
mod objective;
mod objectives;
mod outcome;
mod property;
mod range;
mod stopping;

pub use counts::QueryCounts;
pub use declaration::{
    Contradiction, Guessed, MetricDeclaration, MetricMeaning, MetricOverrides, UnknownDirection,
};
pub use error::EvalError;
pub use evaluator::{
    Evaluator, Feed, Fidelity, GoOn, ListFeed, Progress, Query, Task, evaluate_changed,
    evaluate_one, fidelity_words, kept,
};
pub use metric::{Direction, Measurement, ReportMetric, SearchMetric};
pub use metric_pair::{MetricPair, MetricRole, SelectionKind};
pub use objective::CostObjective;
pub use objectives::{ObjectiveSource, WithObjectives};
pub use outcome::{Circumstances, Details, Outcome};
pub use property::{ClosedForm, CostProperty, NamedCost, Property};
pub use range::MetricRange;
pub use stopping::{Curve, StopRule, StoppedAt};

#[cfg(test)]
mod test_archs;
