//! Queries to a target as a survival curve.
//!
//! E. L. Kaplan and Paul Meier, "Nonparametric Estimation from Incomplete Observations", JASA 53(282), 1958.

use serde::{Deserialize, Serialize};

use super::proportion::two_sided_z;
use super::{Interval, float};

/// When a run reached a target, or until when it did not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The queries at which it was reached, or after which the run ended without it.
    pub time: f64,
    /// Whether it was reached. A run that did not reach it is censored: it would have needed more than it had.
    pub reached: bool,
}

/// A step of a survival curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurvivalStep {
    /// From here on.
    pub time: f64,
    /// How many runs had come so far without the target.
    pub at_risk: usize,
    /// How many of them reached it here.
    pub reached: usize,
    /// The estimated share of runs that have not reached it after that.
    pub survival: f64,
    /// The interval of that share by Greenwood's variance on the scale of log(-log), which stays between 0 and 1; none where the
    /// share is 1 or 0, for which it is not defined.
    pub interval: Option<Interval>,
}

/// The estimated share of runs that have not reached a target after so many queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survival {
    /// The number of runs.
    pub n: usize,
    /// How many of them reached the target.
    pub reached: usize,
    /// A step at each time at which a run reached it; before the first the share is 1.
    pub steps: Vec<SurvivalStep>,
    /// The last time at which a run was looked at: nothing is known of what comes after.
    pub last: f64,
}

impl Survival {
    /// The Kaplan-Meier estimate, S(t) = Π (1 - dᵢ / nᵢ) over the times tᵢ ≤ t at which dᵢ of the nᵢ runs that were left reached the
    /// target. Runs that ended without it at the same time count as left.
    ///
    /// # Panics
    ///
    /// When the level does not lie between 0 and 1.
    #[must_use]
    pub fn estimate(observations: &[Observation], level: f64) -> Self {
        let z = two_sided_z(level);
        let mut sorted = observations.to_vec();
        sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
        let mut steps = Vec::new();
        let (mut survival, mut greenwood) = (1.0, 0.0);
        let mut at_risk = sorted.len();
        for tied in sorted.chunk_by(|a, b| a.time.total_cmp(&b.time).is_eq()) {
            let reached = tied.iter().filter(|o| o.reached).count();
            if reached > 0 {
                let (d, n) = (float(reached), float(at_risk));
                survival *= 1.0 - d / n;
                greenwood += d / (n * (n - d));
                steps.push(SurvivalStep {
                    time: tied[0].time,
                    at_risk,
                    reached,
                    survival,
                    interval: (reached < at_risk).then(|| log_log(survival, greenwood, z)),
                });
            }
            at_risk -= tied.len();
        }
        Self {
            n: sorted.len(),
            reached: steps.iter().map(|step| step.reached).sum(),
            steps,
            last: sorted.last().map_or(0.0, |o| o.time),
        }
    }

    /// The share of runs that have not reached the target after so many queries.
    #[must_use]
    pub fn at(&self, time: f64) -> f64 {
        let n = self.steps.partition_point(|step| step.time <= time);
        self.steps[..n].last().map_or(1.0, |step| step.survival)
    }

    /// The first time after which half of the runs, or more, have reached the target; `None` when fewer did.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let step = self.steps.iter().find(|step| step.survival <= 0.5 + 1e-12);
        step.map(|step| step.time)
    }

    /// Between which times the median lies: where the interval of the share contains one half. An end is missing where the runs were
    /// too short to know it.
    #[must_use]
    pub fn median_interval(&self) -> (Option<f64>, Option<f64>) {
        let end = |step: &SurvivalStep, pick: fn(Interval) -> f64| {
            step.interval.map_or(step.survival, pick) <= 0.5
        };
        let first = |pick: fn(Interval) -> f64| {
            let step = self.steps.iter().find(|step| end(step, pick));
            step.map(|step| step.time)
        };
        (first(|i| i.low), first(|i| i.high))
    }
}

/// exp(-exp(log(-log S) ± z √(V / log² S))), where V is the sum of Greenwood's formula.
fn log_log(survival: f64, greenwood: f64, z: f64) -> Interval {
    let log = survival.ln();
    let half = z * greenwood.sqrt() / log;
    let end = |shift: f64| (-((-log).ln() + shift).exp()).exp();
    // The logarithm is negative, and so is `half`.
    Interval {
        low: end(-half),
        high: end(half),
    }
}

#[cfg(test)]
mod tests {
    use ganas_testkit::Tolerance;
    use proptest::prelude::*;

    use super::super::golden;
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        let golden = golden();
        let tolerance = Tolerance::F64;
        for name in ["some", "ties", "none"] {
            let of = |part: &str| golden.values(&format!("survival.{name}.{part}"));
            let observations: Vec<Observation> = (of("time").iter().zip(of("reached")))
                .map(|(&time, reached)| Observation {
                    time,
                    reached: *reached > 0.0,
                })
                .collect();
            let survival = Survival::estimate(&observations, 0.95);
            // SciPy has a step at the times at which a run was censored, too.
            let at: Vec<f64> = of("quantiles").iter().map(|&t| survival.at(t)).collect();
            golden.check(&format!("survival.{name}.survival"), &at, tolerance);
            let intervals = |pick: fn(Interval) -> f64| -> Vec<f64> {
                let steps = of("quantiles").iter().filter_map(|time| {
                    let n = survival.steps.partition_point(|step| step.time <= *time);
                    survival.steps[..n].last()?.interval.map(pick)
                });
                steps.collect()
            };
            let (low, high) = (intervals(|i| i.low), intervals(|i| i.high));
            golden.check(&format!("survival.{name}.low"), &low, tolerance);
            golden.check(&format!("survival.{name}.high"), &high, tolerance);
        }
    }

    fn observed(times: &[(f64, bool)]) -> Survival {
        let all: Vec<Observation> = (times.iter())
            .map(|&(time, reached)| Observation { time, reached })
            .collect();
        Survival::estimate(&all, 0.95)
    }

    /// One of four is censored between the others: the shares are 3/4, then 3/4 · 1/2, then 0.
    #[test]
    #[expect(clippy::float_cmp, reason = "shares of quarters are exact")]
    fn censored_runs_count_until_they_end() {
        let survival = observed(&[(4.0, true), (2.0, false), (1.0, true), (3.0, true)]);
        let shares: Vec<f64> = survival.steps.iter().map(|s| s.survival).collect();
        assert_eq!(shares, [0.75, 0.375, 0.0]);
        assert_eq!(
            (survival.n, survival.reached, survival.median()),
            (4, 3, Some(3.0))
        );
        let shares = [0.0, 1.0, 2.9, 3.0, 9.0].map(|t| survival.at(t));
        assert!(shares == [1.0, 0.75, 0.75, 0.375, 0.0], "{shares:?}");
    }

    #[test]
    fn a_median_that_was_not_reached_is_unknown() {
        let survival = observed(&[(5.0, true), (9.0, false), (9.0, false), (9.0, false)]);
        assert_eq!((survival.median(), survival.last), (None, 9.0));
        assert_eq!(survival.median_interval().1, None);
        let none = observed(&[]);
        assert_eq!((none.n, none.median(), none.at(3.0)), (0, None, 1.0));
    }

    proptest! {
        /// Without censoring the curve is the share of larger times, and it falls.
        #[test]
        fn of_complete_observations(times in proptest::collection::vec(1..30u32, 1..40)) {
            let all: Vec<(f64, bool)> = times.iter().map(|&t| (f64::from(t), true)).collect();
            let survival = observed(&all);
            for t in 0..31u32 {
                let later = float(times.iter().filter(|&&time| time > t).count());
                let share = later / float(times.len());
                prop_assert!((survival.at(f64::from(t)) - share).abs() < 1e-12);
            }
            for step in &survival.steps {
                if let Some(Interval { low, high }) = step.interval {
                    prop_assert!(0.0 <= low && low <= step.survival && step.survival <= high && high <= 1.0);
                }
            }
        }

        /// A run that is censored at the end is worth more than one that is left out.
        #[test]
        fn dropping_censored_runs_would_flatter(times in proptest::collection::vec(1..30u32, 1..40), censored in 1..9usize) {
            let reached: Vec<(f64, bool)> = times.iter().map(|&t| (f64::from(t), true)).collect();
            let mut all = reached.clone();
            all.extend(std::iter::repeat_n((30.0, false), censored));
            let (without, with) = (observed(&reached), observed(&all));
            for t in 0..30u32 {
                let t = f64::from(t);
                prop_assert!(with.at(t) >= without.at(t) - 1e-12);
            }
        }
    }
}
