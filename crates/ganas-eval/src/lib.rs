//! Evaluators: what a query returns and what it costs.
//!
//! A search sees [`SearchMetric`] values only. The [`ReportMetric`] of the same query is a different type, which the
//! driver records and no searcher receives, so that no search can select on what it reports by mistake.

#![deny(unsafe_code)]

mod counts;
mod error;
mod evaluator;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod metric;
mod objective;
mod objectives;
mod official;
mod property;
mod protocol;
pub mod surrogate;
pub mod table;
pub mod worker;

#[cfg(test)]
mod test_space;

pub use counts::{Answer, Counted, QueryCounts};
pub use error::EvalError;
pub use evaluator::{Evaluator, Finished, Query};
pub use metric::{Measurement, ReportMetric, SearchMetric};
pub use objective::CostObjective;
pub use objectives::{ObjectiveSource, WithObjectives};
pub use official::Problem;
pub use property::{ClosedForm, CostProperty, NamedCost, Property, TableProperty};
pub use protocol::{MetricRole, Protocol, ProtocolKind};
