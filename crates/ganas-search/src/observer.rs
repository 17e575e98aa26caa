//! Observers: what watches a run without taking part in it.

use ganas_eval::{Details, Measurement, QueryCounts};
use serde::{Deserialize, Serialize};

use crate::{ObserverError, Proposal, RunOutcome, SearchError, TrialRecord};

/// A measurement that a searcher made of itself in a round: losses, entropy, pool sizes.
///
/// Deterministic: no times. The order of `values` is the order of the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What was measured, for example `discriminator` or `proposal`.
    pub kind: String,
    /// Names and values.
    pub values: Vec<(String, f64)>,
}

/// What happened in one round of the driver: one ask, its evaluations, one tell.
#[derive(Clone, Copy)]
pub struct RoundReport<'a> {
    /// The number of the round, from 0.
    pub round: u32,
    /// The trials of this round, in the order of proposal.
    pub trials: &'a [TrialRecord],
    /// The searcher's own measurements of this round.
    pub events: &'a [Event],
    /// What was measured of the theory, which is no part of the record.
    pub measured: &'a [Event],
    /// Queries spent so far, this round included.
    pub counts: QueryCounts,
    /// The best trial so far by search metric (the earliest among equals).
    pub best: Option<&'a TrialRecord>,
    /// Writes the searcher's state after this round: all that is needed, with the trials and what is pending, to continue from
    /// here. Nothing for what a run ends with: a longer run would have proposed more by then, so it continues before that.
    pub checkpoint: Option<&'a dyn Fn() -> Result<Vec<u8>, SearchError>>,
    /// What has been proposed and not told, in the order of proposal.
    pub pending: &'a [&'a Proposal],
}

impl std::fmt::Debug for RoundReport<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoundReport")
            .field("round", &self.round)
            .field("trials", &self.trials.len())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// Something that is told of every round: the study database, a progress bar.
pub trait Observer {
    /// The name in error messages.
    fn name(&self) -> &'static str;

    /// Is told what there was when the run begins: nothing, but for a run that is continued.
    ///
    /// # Errors
    ///
    /// As for [`on_round`](Self::on_round).
    fn on_start(
        &mut self,
        counts: QueryCounts,
        best: Option<&TrialRecord>,
    ) -> Result<(), ObserverError> {
        let _ = (counts, best);
        Ok(())
    }

    /// Is told what has been proposed and is going to be evaluated; the trials will have numbers from `first`.
    ///
    /// # Errors
    ///
    /// As for [`on_round`](Self::on_round).
    fn on_proposed(&mut self, first: u32, proposals: &[Proposal]) -> Result<(), ObserverError> {
        let _ = (first, proposals);
        Ok(())
    }

    /// Is told of a finished evaluation as soon as it is there, in whatever order they come: of the trial with this number,
    /// and of later ones of its class. One that was stopped early has no result, and [`Details::stopped`] says so.
    ///
    /// # Errors
    ///
    /// As for [`on_round`](Self::on_round).
    fn on_evaluated(
        &mut self,
        number: u32,
        result: &Result<Measurement, String>,
        details: &Details,
    ) -> Result<(), ObserverError> {
        let _ = (number, result, details);
        Ok(())
    }

    /// Is told of a finished round. A round is done once every observer has returned.
    ///
    /// # Errors
    ///
    /// Whatever stops the run: a study that cannot be written.
    fn on_round(&mut self, round: &RoundReport<'_>) -> Result<(), ObserverError>;

    /// Is told that the run has ended.
    ///
    /// # Errors
    ///
    /// As for [`on_round`](Self::on_round).
    fn on_finish(&mut self, outcome: &RunOutcome) -> Result<(), ObserverError>;
}
