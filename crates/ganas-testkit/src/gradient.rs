//! Gradient checks by central differences.

use crate::Tolerance;

/// `Σ_i values_i weights_i`: a scalar loss whose derivative with respect to `values` is `weights`.
#[must_use]
pub fn weighted_sum(values: &[f64], weights: &[f64]) -> f64 {
    assert_eq!(values.len(), weights.len(), "one weight for each value");
    values.iter().zip(weights).map(|(v, w)| v * w).sum()
}

/// Panics unless `analytic` is the gradient of `loss` at `x`, by central differences with a step of 1e-6.
#[track_caller]
pub fn check_gradient(
    what: &str,
    x: &[f64],
    analytic: &[f64],
    mut loss: impl FnMut(&[f64]) -> f64,
) {
    const STEP: f64 = 1e-6;
    let mut moved = x.to_vec();
    let numeric: Vec<f64> = (0..x.len())
        .map(|i| {
            moved[i] = x[i] + STEP;
            let above = loss(&moved);
            moved[i] = x[i] - STEP;
            let below = loss(&moved);
            moved[i] = x[i];
            (above - below) / (2.0 * STEP)
        })
        .collect();
    Tolerance::GRADIENT.check(&format!("gradient of {what}"), analytic, &numeric);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_wrong_gradient() {
        let loss = |x: &[f64]| x[0].sin() * x[1];
        let x = [0.3, -0.7];
        check_gradient("right", &x, &[x[0].cos() * x[1], x[0].sin()], loss);
        let wrong = [x[0].cos() * x[1], x[0].sin() + 1e-6];
        assert!(std::panic::catch_unwind(|| check_gradient("wrong", &x, &wrong, loss)).is_err());
    }
}
