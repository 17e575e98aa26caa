//! What of an evaluation depends on time and place.

use std::collections::BTreeMap;

use serde::Serialize;

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

    /// The columns in a table; costs are JSON.
    pub(super) fn columns(&self) -> [String; 10] {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let number = |number: Option<f64>| number.map_or_else(String::new, |n| n.to_string());
        [
            self.cost.map_or_else(String::new, |cost| {
                serde_json::to_string(cost).unwrap_or_default()
            }),
            text(self.artifact),
            self.attempts.map_or_else(String::new, |n| n.to_string()),
            self.reused.map_or_else(String::new, |is| is.to_string()),
            text(self.host),
            self.worker.map_or_else(String::new, |n| n.to_string()),
            number(self.queued),
            number(self.started),
            number(self.ended),
            text(self.log),
        ]
    }

    /// Their names.
    pub(super) const COLUMNS: [&'static str; 10] = [
        "cost", "artifact", "attempts", "reused", "host", "worker", "queued", "started", "ended",
        "log",
    ];
}
