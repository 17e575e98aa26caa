//! The study database: runs, trials, events and checkpoints in one SQLite file.
//!
//! A [`Study`] holds any number of runs. [`Study::begin`] claims one of them, new or interrupted, and the
//! [`RunWriter`] of the claim records it round by round as an observer of [`ganas_search::Run`]. All rows of a round
//! are one transaction, so the file holds whole rounds only, whenever the process ends. Readers ([`Study::runs`],
//! [`Study::trials`], [`Study::top`], [`Study::export`]) work while runs are being written, from other processes too.
//!
//! What is exported depends on the specs of the runs only: not on times, process ids, nor the order of writing.
//! Evaluations that take hours are kept as soon as they are finished, by a [`Remembered`] evaluator, with everything that was
//! returned, so that neither a process that is killed nor another run pays for them twice.
//! A [`Collection`] keeps those of architectures and seeds from which a table is made.
//! Every row has a checksum, which every reader checks; docs/STUDIES.md says what is promised.
//! This crate never reads a clock: times are arguments.

#![forbid(unsafe_code)]

mod begin;
mod checksum;
mod collection;
mod curves;
mod error;
mod event_values;
mod export;
mod file;
mod front;
mod lock;
mod mark;
mod measured;
mod outcomes;
mod read;
mod remembered;
mod schema;
mod spec_hash;
mod state;
mod status;
mod study;
mod summary;
mod top;
mod writer;

pub use begin::{Begun, OnExisting, RunClaim, Session};
pub use collection::Collection;
pub use error::StoreError;
pub use export::{Cell, ColumnKind, CsvRows, Export, ExportColumn, ExportFormat, RowSink, Times};
pub use front::{Front, FrontEntry};
pub use outcomes::{Evaluation, EvaluationId, Evaluations, EvaluatorSpec};
pub use read::{EventRow, SessionRow, TrialRow};
pub use remembered::Remembered;
pub use status::{Activity, Pending, RunNow, StudyStatus};
pub use study::Study;
pub use summary::{RunFilter, RunId, RunStatus, RunSummary};
pub use top::TopEntry;
pub use writer::RunWriter;

// What studies are made of, for crates that read them and know no searcher.
pub use ganas_eval::{Direction, MetricPair, QueryCounts, SearchMetric};
pub use ganas_search::{
    Objective, Objectives, RunOutcome, SearchError, StopReason, TrialState, pareto,
};

#[cfg(test)]
mod tests;
