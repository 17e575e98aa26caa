//! What of an evaluation depends on time and place.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rows::{Cell, ColumnKind};
use crate::RunSummary;
use crate::outcomes::Evaluation;

/// What of the evaluation of a trial depends on time and place.
#[derive(Default, Serialize)]
pub(super) struct Place<'a> {
    cost: Option<&'a BTreeMap<String, f64>>,
    artifact: Option<&'a str>,
    attempts: Option<u32>,
    /// Whether it was evaluated for another run, a table or a list.
    reused: Option<bool>,
    host: Option<&'a str>,
    worker: Option<u32>,
    queued: Option<f64>,
    started: Option<f64>,
    ended: Option<f64>,
    log: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn of(evaluation: Option<&'a Evaluation>, run: &RunSummary) -> Self {
        let Some(evaluation) = evaluation else {
            return Self::default();
        };
        let details = &evaluation.details;
        let circumstances = details.circumstances.as_ref();
        Self {
            cost: (!details.cost.is_empty()).then_some(&details.cost),
            artifact: details.artifact.as_deref(),
            attempts: Some(details.attempts).filter(|attempts| *attempts > 0),
            reused: Some(evaluation.run != Some(run.id)),
            host: circumstances.map(|c| &*c.host),
            worker: circumstances.map(|c| c.worker),
            queued: circumstances.map(|c| c.queued),
            started: circumstances.map(|c| c.started),
            ended: circumstances.map(|c| c.ended),
            log: circumstances.map(|c| &*c.log),
        }
    }

    /// The cells in a table; costs are JSON.
    pub(super) fn cells(&self) -> [Cell<'a>; 10] {
        let cost = (self.cost).map(|cost| serde_json::to_string(cost).unwrap_or_default());
        [
            cost.into(),
            self.artifact.into(),
            self.attempts.into(),
            self.reused.into(),
            self.host.into(),
            self.worker.into(),
            self.queued.into(),
            self.started.into(),
            self.ended.into(),
            self.log.into(),
        ]
    }

    /// Their columns.
    pub(super) const COLUMNS: [(&'static str, ColumnKind); 10] = [
        ("cost", ColumnKind::Text),
        ("artifact", ColumnKind::Text),
        ("attempts", ColumnKind::Count),
        ("reused", ColumnKind::Truth),
        ("host", ColumnKind::Text),
        ("worker", ColumnKind::Count),
        ("queued", ColumnKind::Number),
        ("started", ColumnKind::Number),
        ("ended", ColumnKind::Number),
        ("log", ColumnKind::Text),
    ];
}
