//! Fitting the hyper-parameters: the maximum of the likelihood times a prior.

use super::kernel::{Hyper, Point};
use super::regression::Regression;

/// The range of the logarithms.
const BOUND: f64 = 12.0;

/// Steps begin with this size, in units of the logarithms.
const FIRST_STEP: f64 = 0.2;

/// What steps grow by while the slope keeps its sign, and shrink by when it changes (Riedmiller and Braun, "A Direct Adaptive
/// Method for Faster Backpropagation Learning: The RPROP Algorithm", 1993).
const GROWTH: f64 = 1.2;
const SHRINKAGE: f64 = 0.5;
const LARGEST_STEP: f64 = 1.0;
const SMALLEST_STEP: f64 = 1e-4;

/// The prior of the hyper-parameters: normal in their logarithms. Values are standardised, so a variance of 1 is expected of the
/// function and little of the noise; two architectures that differ in all decisions are expected to be correlated by `exp(-2)`.
#[derive(Clone, Debug)]
pub(super) struct Prior {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

impl Prior {
    /// For points of so many decisions, and so many weights: one for each of them, or one for all.
    pub(super) fn new(n_decisions: usize, n_weights: usize) -> Self {
        let n = u32::try_from(n_decisions.max(1)).expect("invariant: decisions are few");
        let mut means = vec![0.0, 0.01_f64.ln()];
        let mut deviations = vec![1.0, 1.5];
        means.extend(vec![(2.0 / f64::from(n)).ln(); n_weights]);
        deviations.extend(vec![1.0; n_weights]);
        Self { means, deviations }
    }

    /// The most likely hyper-parameters before anything is known.
    pub(super) fn mode(&self) -> Hyper {
        Hyper::of_slice(&self.means)
    }

    /// The logarithm of the density, up to a constant.
    fn log_density(&self, hyper: &[f64]) -> f64 {
        let scaled = self.scaled(hyper);
        scaled
            .map(|(difference, _)| -0.5 * difference * difference)
            .sum()
    }

    /// Adds its derivatives.
    fn add_slopes(&self, slopes: &mut [f64], hyper: &[f64]) {
        for (slope, (difference, deviation)) in slopes.iter_mut().zip(self.scaled(hyper)) {
            *slope -= difference / deviation;
        }
    }

    fn scaled(&self, hyper: &[f64]) -> impl Iterator<Item = (f64, f64)> {
        let parts = hyper.iter().zip(&self.means).zip(&self.deviations);
        parts.map(|((value, mean), deviation)| ((value - mean) / deviation, *deviation))
    }
}

/// The best hyper-parameters that so many steps of Rprop find from a start.
pub(super) fn fit(
    points: &[Point],
    values: &[f64],
    (start, prior): (&Hyper, &Prior),
    steps: usize,
) -> Hyper {
    let mut hyper = start.to_vec();
    let mut best = (f64::NEG_INFINITY, hyper.clone());
    let mut sizes = vec![FIRST_STEP; hyper.len()];
    let mut before = vec![0.0; hyper.len()];
    for step in 0..=steps {
        let regression = given(points, values, Hyper::of_slice(&hyper));
        let density = regression.log_likelihood() + prior.log_density(&hyper);
        if density > best.0 {
            best = (density, hyper.clone());
        }
        if step == steps {
            break;
        }
        let mut slopes = regression.slopes();
        prior.add_slopes(&mut slopes, &hyper);
        for (((value, size), before), slope) in hyper
            .iter_mut()
            .zip(&mut sizes)
            .zip(&mut before)
            .zip(slopes)
        {
            let agreement = slope * *before;
            if agreement > 0.0 {
                *size = (*size * GROWTH).min(LARGEST_STEP);
            } else if agreement < 0.0 {
                *size = (*size * SHRINKAGE).max(SMALLEST_STEP);
            }
            if slope.is_finite() && slope.abs() > 0.0 {
                *value = (*value + *size * slope.signum()).clamp(-BOUND, BOUND);
            }
            *before = slope;
        }
    }
    Hyper::of_slice(&best.1)
}

/// The regression of values.
pub(super) fn given(points: &[Point], values: &[f64], hyper: Hyper) -> Regression {
    let mut regression = Regression::new(hyper);
    for (point, value) in points.iter().zip(values) {
        regression.push(point.clone(), *value);
    }
    regression
}
