//! Evaluations that are stopped early, and where that makes no sense.

use super::Experiment;
use super::source::Evaluating;
use crate::Error;

impl Experiment {
    /// Refuses to stop evaluations early where that makes no sense.
    pub(super) fn check_stop_below(
        &self,
        evaluating: &Evaluating,
        is_single: bool,
    ) -> Result<(), Error> {
        let Some(stop_below) = self.stop_below else {
            return Ok(());
        };
        let refused = if evaluating.n_workers().is_none() {
            "only workers tell how a training goes: name them with --evaluator"
        } else if self.rungs.is_some() {
            "rungs end trainings early, too: use one of the two"
        } else if !is_single {
            "values of one metric are compared: leave it out with several objectives and with --improve"
        } else {
            return stop_below
                .check()
                .map_err(|error| Error::Usage(format!("--stop-below: {error}")));
        };
        Err(Error::Usage(format!("--stop-below: {refused}")))
    }
}
