//! Rungs: evaluations with a low fidelity first, of which the best go on with a higher one.
//!
//! Li et al., "A System for Massively Parallel Hyperparameter Tuning" (ASHA), MLSys 2020, in the form that decides once
//! about each trial, as soon as it can: in the order of the numbers of the trials, so that what is promoted does not depend
//! on what is finished first.

use ganas_eval::{Direction, Fidelity, SearchMetric};
use serde::{Deserialize, Serialize};

use crate::SearchError;

/// The fidelities of a run, and which share goes on from each to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rungs {
    fidelities: Vec<Fidelity>,
    promote: f64,
}

impl Rungs {
    /// Rungs with these fidelities, the lowest first; of those evaluated with one, the share `promote` goes on to the next.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadRungs`]: fewer than two fidelities, some that are equal, or a share that is not between 0 and 1.
    pub fn new(fidelities: Vec<Fidelity>, promote: f64) -> Result<Self, SearchError> {
        let bad = |reason: &str| {
            Err(SearchError::BadRungs {
                reason: reason.to_owned(),
            })
        };
        if fidelities.len() < 2 {
            return bad("expected at least two fidelities, the lowest first");
        }
        if (1..fidelities.len()).any(|at| fidelities[..at].contains(&fidelities[at])) {
            return bad("a fidelity is there twice");
        }
        if !(promote > 0.0 && promote < 1.0) {
            return bad("the share that is promoted is not between 0 and 1, such as 1/3");
        }
        Ok(Self {
            fidelities,
            promote,
        })
    }

    /// The fidelities, the lowest first.
    #[must_use]
    pub fn fidelities(&self) -> &[Fidelity] {
        &self.fidelities
    }

    /// The share that goes on from each rung to the next.
    #[must_use]
    pub fn promote(&self) -> f64 {
        self.promote
    }
}

/// What was decided so far: the gains at each rung but the last, in the order of decision.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    gains: Vec<Vec<f64>>,
}

impl Decisions {
    /// Decides about a trial whose value at this rung is known: whether it goes on. It does when it is among the best of those
    /// that were evaluated at this rung so far, itself included; of equal ones the earlier.
    pub(super) fn decide(&mut self, rungs: &Rungs, rung: usize, search: SearchMetric) -> bool {
        let gain = search.gain();
        let gains = self.at(rung);
        let better = gains.iter().filter(|&&other| other >= gain).count();
        gains.push(gain);
        let share = rungs.promote * f64::from(u32::try_from(gains.len()).unwrap_or(u32::MAX));
        // At least one goes on.
        f64::from(u32::try_from(better).unwrap_or(u32::MAX)) < share.ceil()
    }

    /// Remembers a decision of an earlier session.
    pub(super) fn replay(&mut self, rung: usize, value: f64, direction: Direction) {
        self.at(rung).push(direction.gain(value));
    }

    fn at(&mut self, rung: usize) -> &mut Vec<f64> {
        if self.gains.len() <= rung {
            self.gains.resize_with(rung + 1, Vec::new);
        }
        &mut self.gains[rung]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(epochs: f64) -> Fidelity {
        Fidelity::from([("epochs".to_owned(), epochs)])
    }

    #[test]
    fn rungs_are_checked() {
        let three = vec![epochs(3.0), epochs(9.0)];
        assert!(Rungs::new(three.clone(), 1.0 / 3.0).is_ok());
        for (fidelities, promote) in [
            (vec![epochs(3.0)], 0.5),
            (vec![epochs(3.0), epochs(3.0)], 0.5),
            (three.clone(), 0.0),
            (three.clone(), 1.0),
            (three, f64::NAN),
        ] {
            assert!(Rungs::new(fidelities, promote).is_err());
        }
    }

    #[test]
    fn a_third_goes_on() {
        let rungs = Rungs::new(vec![epochs(1.0), epochs(2.0)], 1.0 / 3.0).unwrap();
        let mut decisions = Decisions::default();
        let decided: Vec<bool> = [5.0, 4.0, 6.0, 5.5, 7.0, 1.0, 6.5]
            .map(|value| decisions.decide(&rungs, 0, SearchMetric::maximized(value)))
            .to_vec();
        assert_eq!(decided, [true, false, true, true, true, false, true]);
    }
}
