//! How good a trial is, when one metric is searched on.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::Trial;

/// How good a completed trial is; the greater one is better.
///
/// What satisfies all bounds on what was measured is better than what misses some, which is compared by how far it misses
/// them; then what was evaluated with a higher fidelity, as it was among the best with the lower one; then the search
/// metric. The same order as that of the history of GA-NAS.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merit {
    violation: f64,
    missing: u32,
    gain: f64,
}

impl Merit {
    /// That of a trial; nothing for one that failed, or whose metric is no finite number.
    #[must_use]
    pub fn of(trial: &Trial) -> Option<Self> {
        let gain = trial.search()?.gain();
        gain.is_finite().then_some(Self {
            violation: if trial.is_feasible() {
                0.0
            } else {
                trial.violation
            },
            missing: trial.missing,
            gain,
        })
    }

    /// Whether it satisfies all bounds and was evaluated with the highest fidelity.
    #[must_use]
    pub fn is_eligible(&self) -> bool {
        self.violation <= 0.0 && self.missing == 0
    }

    /// The search metric, larger is better.
    #[must_use]
    pub fn gain(&self) -> f64 {
        self.gain
    }

    /// Whether it is better than another one.
    #[must_use]
    pub fn is_better_than(&self, other: &Self) -> bool {
        self.compare(other).is_gt()
    }

    /// An order in which the greater one is better.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let by_violation = other.violation.total_cmp(&self.violation);
        by_violation.then_with(|| {
            if self.violation > 0.0 {
                return Ordering::Equal;
            }
            let by_fidelity = other.missing.cmp(&self.missing);
            by_fidelity.then_with(|| self.gain.total_cmp(&other.gain))
        })
    }
}

/// Numbers for a model of the metric, larger is better.
///
/// The gain of what satisfies all bounds and was evaluated with the highest fidelity. What does not has at most the lowest of
/// these gains, so that a model never takes it for better than any of them. Where there is none of them, the gain as it is,
/// or, of what misses bounds, how far it misses them, which leads to what misses them less.
#[must_use]
pub fn worths(merits: &[Merit]) -> Vec<f64> {
    let eligible = merits.iter().filter(|merit| merit.is_eligible());
    let lowest = eligible.map(Merit::gain).reduce(f64::min);
    let any_feasible = merits.iter().any(|merit| merit.violation <= 0.0);
    let worth = |merit: &Merit| match lowest {
        Some(_) if merit.is_eligible() => merit.gain,
        Some(lowest) => merit.gain.min(lowest),
        None if any_feasible || merits.is_empty() => merit.gain,
        None => -merit.violation,
    };
    merits.iter().map(worth).collect()
}

#[cfg(test)]
mod tests {
    use ganas_eval::SearchMetric;

    use super::*;
    use crate::toy::{Toy, arch};
    use crate::{Proposal, TrialNumber};

    fn merit(value: f64, violation: f64, missing: u32) -> Option<Merit> {
        let proposal = Proposal::new(&Toy(3), arch([0, 1, 2]));
        let trial = Trial::new(
            TrialNumber(0),
            0,
            proposal,
            Ok(SearchMetric::maximized(value)),
        );
        Merit::of(&trial.violating(violation).at_rung(Vec::new(), missing))
    }

    #[test]
    fn bounds_come_first_then_fidelity_then_the_metric() {
        let order = [
            merit(9.0, 2.0, 0),
            merit(1.0, 1.0, 0),
            merit(9.0, 0.0, 1),
            merit(1.0, 0.0, 0),
            merit(2.0, 0.0, 0),
        ];
        for pair in order.windows(2) {
            let [worse, better] = pair else { continue };
            assert!(better.unwrap().is_better_than(&worse.unwrap()));
            assert!(!worse.unwrap().is_better_than(&better.unwrap()));
        }
        assert_eq!(merit(f64::NAN, 0.0, 0), None);
    }

    #[test]
    fn a_model_takes_nothing_for_better_than_what_satisfies_everything() {
        let all: Vec<Merit> = [
            merit(2.0, 0.0, 0),
            merit(3.0, 0.0, 0),
            merit(9.0, 0.5, 0),
            merit(9.0, 0.0, 1),
            merit(1.0, 0.5, 0),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert_eq!(worths(&all), [2.0, 3.0, 2.0, 2.0, 1.0]);
        assert_eq!(worths(&all[2..3]), [-0.5]);
        assert_eq!(worths(&all[3..4]), [9.0]);
    }
}
