//! The expected improvement.

/// `E[max(f - best, 0)]` for a normal `f`: `s (u Φ(u) + φ(u))` with `u = (mean - best) / s`.
pub(super) fn expected_improvement(mean: f64, variance: f64, best: f64) -> f64 {
    let deviation = variance.sqrt();
    let u = (mean - best) / deviation;
    let density = (-0.5 * u * u).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let cumulative = 0.5 * libm::erfc(-u / std::f64::consts::SQRT_2);
    deviation * (u * cumulative + density)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the integral of `(f - best) p(f)` over what is better, by the midpoint rule.
    #[test]
    fn it_is_the_integral_of_what_is_better() {
        for (mean, variance, best) in [
            (0.0, 1.0, 0.0),
            (0.3, 0.5, 1.0),
            (-1.0, 2.0, 0.5),
            (2.0, 0.1, 1.0),
        ] {
            let deviation = f64::sqrt(variance);
            let n = 200_000;
            let width = 12.0 * deviation / f64::from(n);
            let integral: f64 = (0..n)
                .map(|i| {
                    let f = best + width * (f64::from(i) + 0.5);
                    let u = (f - mean) / deviation;
                    let density =
                        (-0.5 * u * u).exp() / (deviation * (2.0 * std::f64::consts::PI).sqrt());
                    (f - best) * density * width
                })
                .sum();
            let found = expected_improvement(mean, variance, best);
            assert!((found - integral).abs() < 1e-8, "{found} {integral}");
        }
    }
}
