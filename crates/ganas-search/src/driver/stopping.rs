//! Stopping early: an evaluation that is worse than most before it were at the same step of their training is not gone on
//! with.
//!
//! Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017, section 3.2.2 (median stopping rule), with
//! the quantile, the warm-up and the start-up of Optuna's `PercentilePruner`. What an evaluation is compared with follows from
//! its number alone: the complete evaluations with numbers up to its own less the window, those that its proposal depends on.

use std::collections::BTreeMap;
use std::sync::Arc;

use ganas_eval::{Direction, StopRule};
use serde::{Deserialize, Serialize};

use crate::SearchError;

/// When evaluations are stopped early.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopBelow {
    /// An evaluation is stopped when its best value so far is worse than this quantile of the values of complete evaluations
    /// at the same step, 0.5 for their median; between two of them it is interpolated.
    pub quantile: f64,
    /// Nothing is stopped at steps below this one. 0 in Optuna, and here.
    pub warmup: u32,
    /// Nothing is stopped at a step that fewer complete evaluations have told a value of. 5 in Optuna, where it counts trials,
    /// and here.
    pub startup: u32,
}

impl StopBelow {
    /// Stops below this quantile, with the warm-up and start-up of Optuna.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn quantile(quantile: f64) -> Result<Self, SearchError> {
        let stop_below = Self {
            quantile,
            warmup: 0,
            startup: 5,
        };
        stop_below.check()?;
        Ok(stop_below)
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadStopBelow`]: a quantile that is not between 0 and 1, or no evaluation to compare with.
    pub fn check(&self) -> Result<(), SearchError> {
        let bad = |reason: &str| {
            Err(SearchError::BadStopBelow {
                reason: reason.to_owned(),
            })
        };
        if !(self.quantile > 0.0 && self.quantile < 1.0) {
            return bad("the quantile is not between 0 and 1, such as 0.5 for the median");
        }
        if self.startup == 0 {
            return bad("without an earlier evaluation there is nothing to compare with");
        }
        Ok(())
    }
}

/// What evaluations are compared with.
#[derive(Debug)]
pub(super) struct Stopping {
    settings: StopBelow,
    metric: String,
    direction: Direction,
    window: usize,
    /// The gains of complete evaluations that were told at each step, in rising order.
    gains: BTreeMap<u32, Vec<f64>>,
    /// By the number of the evaluation.
    rules: BTreeMap<usize, Arc<StopRule>>,
}

impl Stopping {
    pub(super) fn new(
        settings: StopBelow,
        metric: &str,
        direction: Direction,
        window: usize,
    ) -> Self {
        Self {
            settings,
            metric: metric.to_owned(),
            direction,
            window,
            gains: BTreeMap::new(),
            rules: BTreeMap::new(),
        }
    }

    /// The metric that is compared.
    pub(super) fn metric(&self) -> &str {
        &self.metric
    }

    /// Takes the trial with this number, all of those before it having been taken; `curve` is nothing for one that is not
    /// complete, or repeats another.
    pub(super) fn told(&mut self, number: usize, curve: Option<&[(u32, f64)]>) {
        for &(step, value) in curve.unwrap_or_default() {
            if step < self.settings.warmup {
                continue;
            }
            let gain = self.direction.gain(value);
            let gains = self.gains.entry(step).or_default();
            let at = gains.partition_point(|&other| other <= gain);
            gains.insert(at, gain);
        }
        // Whatever has this number or a smaller one is not asked for any more.
        self.rules = self.rules.split_off(&(number + 1));
        self.rules
            .insert(number + self.window, Arc::new(self.rule()));
    }

    /// Whether an evaluation may begin: everything that it is compared with has been told.
    pub(super) fn is_known(&self, number: usize, n_told: usize) -> bool {
        number < n_told + self.window
    }

    /// The rule of the evaluation with this number; the first ones have nothing before them and are never stopped.
    pub(super) fn rule_of(&self, number: usize) -> Arc<StopRule> {
        let nothing = || StopRule {
            metric: self.metric.clone(),
            direction: self.direction,
            thresholds: BTreeMap::new(),
        };
        let rule = self.rules.get(&number);
        rule.map_or_else(|| Arc::new(nothing()), Arc::clone)
    }

    fn rule(&self) -> StopRule {
        let StopBelow {
            quantile, startup, ..
        } = self.settings;
        let enough = |gains: &Vec<f64>| u32::try_from(gains.len()).is_ok_and(|n| n >= startup);
        let known = self.gains.iter().filter(|(_, gains)| enough(gains));
        StopRule {
            metric: self.metric.clone(),
            direction: self.direction,
            thresholds: known
                .map(|(&step, gains)| (step, quantile_of(gains, quantile)))
                .collect(),
        }
    }
}

/// The quantile of values in rising order, of which there is one at least: interpolated, as NumPy does it by default (type 7 of
/// Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996).
fn quantile_of(sorted: &[f64], quantile: f64) -> f64 {
    let last = u32::try_from(sorted.len() - 1).unwrap_or(u32::MAX);
    let position = quantile * f64::from(last);
    let below = position.floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies between 0 and the last position"
    )]
    let at = below as usize;
    let next = sorted[(at + 1).min(sorted.len() - 1)];
    sorted[at] + (position - below) * (next - sorted[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        assert!(StopBelow::quantile(0.5).is_ok());
        for quantile in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(StopBelow::quantile(quantile).is_err());
        }
        let none = StopBelow {
            startup: 0,
            ..StopBelow::quantile(0.5).unwrap()
        };
        assert!(none.check().is_err());
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], q)
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (q, expected) in [(0.5, 3.0), (0.25, 1.75), (0.1, 1.3), (0.9, 6.8)] {
            let found = quantile_of(&sorted, q);
            assert!((found - expected).abs() < 1e-12, "{q}: {found}");
        }
        assert!((quantile_of(&[5.0], 0.3) - 5.0).abs() <= 0.0);
    }

    #[test]
    fn a_rule_depends_on_what_came_a_window_before() {
        let settings = StopBelow {
            quantile: 0.5,
            warmup: 2,
            startup: 2,
        };
        let mut stopping = Stopping::new(settings, "loss", Direction::Minimize, 3);
        assert!(stopping.is_known(2, 0) && !stopping.is_known(3, 0));
        stopping.told(0, Some(&[(1, 9.0), (2, 4.0), (3, 3.0)]));
        stopping.told(1, None);
        assert!(stopping.is_known(4, 2) && !stopping.is_known(5, 2));
        stopping.told(2, Some(&[(1, 9.0), (2, 6.0)]));
        for number in [0, 1, 2, 3, 4, 6] {
            assert!(stopping.rule_of(number).thresholds.is_empty(), "{number}");
        }
        // Step 1 is of the warm-up, and only one has told step 3.
        let rule = stopping.rule_of(5);
        assert_eq!(rule.thresholds, [(2, -5.0)].into());
        assert!(rule.stops(&[(1, 100.0), (2, 5.5)]).is_some());
        assert!(rule.stops(&[(1, 100.0), (2, 5.0)]).is_none());
        // What is told later changes nothing about it.
        stopping.told(3, Some(&[(2, 1.0)]));
        assert_eq!(stopping.rule_of(5), rule);
        assert_eq!(stopping.rule_of(6).thresholds, [(2, -4.0)].into());
    }
}
