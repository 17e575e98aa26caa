//! Evaluations that are stopped early, because they are worse than others were at the same step of their training.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Direction;

/// What an evaluation told of a metric: steps of the training and values, in the order of telling, each step once.
pub type Curve = Vec<(u32, f64)>;

/// Where an evaluation was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoppedAt {
    /// The step of the training.
    pub step: u32,
    /// The metric that is searched on at that step: not a result.
    pub value: f64,
}

/// When an evaluation is stopped. It is fixed before the evaluation begins, so that it does not depend on what is told how
/// fast.
#[derive(Clone, Debug, PartialEq)]
pub struct StopRule {
    /// The metric that is compared.
    pub metric: String,
    /// Which of its values are better.
    pub direction: Direction,
    /// By step: the gain ([`Direction::gain`]) that the best value so far has to reach.
    pub thresholds: BTreeMap<u32, f64>,
}

impl StopRule {
    /// Where an evaluation that told this is stopped: at the first step at which the best of its values so far is worse than
    /// the threshold.
    #[must_use]
    pub fn stops(&self, told: &[(u32, f64)]) -> Option<StoppedAt> {
        let mut best = f64::NEG_INFINITY;
        told.iter().find_map(|&(step, value)| {
            best = best.max(self.direction.gain(value));
            let is_worse = self.thresholds.get(&step).is_some_and(|&gain| best < gain);
            is_worse.then_some(StoppedAt { step, value })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_so_far_is_compared_at_each_step() {
        let rule = |direction: Direction| StopRule {
            metric: "valid".to_owned(),
            direction,
            thresholds: [(2, 0.5), (4, 0.7)]
                .map(|(step, value)| (step, direction.gain(value)))
                .into(),
        };
        let at = |step, value| Some(StoppedAt { step, value });
        for (told, stopped) in [
            (&[(1, 0.1), (2, 0.5), (4, 0.7)][..], None),
            (&[(1, 0.1), (2, 0.4), (4, 0.9)], at(2, 0.4)),
            // An earlier value may be better.
            (&[(1, 0.6), (2, 0.4), (4, 0.5)], at(4, 0.5)),
            (&[(1, 0.8), (2, 0.4), (4, 0.5)], None),
            // Nothing is known of other steps.
            (&[(1, 0.1), (3, 0.1), (5, 0.1)], None),
            (&[], None),
        ] {
            assert_eq!(rule(Direction::Maximize).stops(told), stopped, "{told:?}");
        }
        let told = [(1, 0.9), (2, 0.6), (4, 0.1)];
        assert_eq!(rule(Direction::Minimize).stops(&told), at(2, 0.6));
    }
}
