//! What searches share that are compared with each other: the study, and what evaluates.

use std::path::PathBuf;
use std::sync::Arc;

use ganas_store::Study;

use super::source::Source;
use super::{Experiment, Search};
use crate::Error;

/// Where runs are recorded.
pub(super) enum Recording {
    /// In memory only.
    Nowhere,
    /// In the study in this file.
    File(PathBuf),
    /// In a study that is open.
    Open(Study),
}

impl Recording {
    /// The study, when there is one.
    pub(super) fn open(self) -> Result<Option<Study>, Error> {
        Ok(match self {
            Self::Nowhere => None,
            Self::File(path) => Some(Study::create_or_open(path)?),
            Self::Open(study) => Some(study),
        })
    }
}

impl Experiment {
    /// Records the runs in a study that is open.
    pub(crate) fn open_study(mut self, study: Study) -> Self {
        self.study = Recording::Open(study);
        self
    }

    /// Searches the space of another search with the evaluator that it has opened; metrics and bounds are to be the same.
    pub(crate) fn evaluated_as_in(mut self, other: &Search) -> Self {
        self.space = Some(Arc::clone(&other.whole));
        self.source = Source::Opened(Box::new(other.evaluating.clone()));
        self
    }
}
