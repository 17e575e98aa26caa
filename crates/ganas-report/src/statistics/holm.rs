//! Holm's correction for several tests.
//!
//! Sture Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6(2), 1979.

use super::float;

/// p-values such that those below α are rejected with a probability of at most α that any of them is true: the i-th smallest of n
/// is multiplied by n - i + 1, and none is below one that was smaller before. They stand in the order of the argument.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut highest: f64 = 0.0;
    for (i, &at) in order.iter().enumerate() {
        highest = highest.max((p[at] * float(p.len() - i)).min(1.0));
        adjusted[at] = highest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use ganas_testkit::Tolerance;
    use proptest::prelude::*;

    use super::super::golden;
    use super::*;

    #[test]
    fn agrees_with_statsmodels() {
        let golden = golden();
        for n in [1, 4, 12] {
            let adjusted = holm(golden.values(&format!("holm.{n}.p")));
            let name = format!("holm.{n}.adjusted");
            golden.check(&name, &adjusted, Tolerance::F64);
        }
        assert_eq!(holm(&[]), [0.0; 0]);
    }

    proptest! {
        /// It is never below the p-value nor above Bonferroni's, keeps the order, and the smallest is Bonferroni's.
        #[test]
        fn between_none_and_bonferroni(p in proptest::collection::vec(0.0..1.0f64, 1..15)) {
            let adjusted = holm(&p);
            let n = float(p.len());
            for (i, (&a, &p_i)) in adjusted.iter().zip(&p).enumerate() {
                prop_assert!(p_i <= a && a <= (n * p_i).min(1.0));
                for (j, &p_j) in p.iter().enumerate() {
                    prop_assert!(p_i > p_j || adjusted[i] <= adjusted[j]);
                }
            }
            let smallest = p.iter().copied().fold(1.0, f64::min);
            let of_smallest = adjusted.iter().copied().fold(1.0, f64::min);
            prop_assert!((of_smallest - (n * smallest).min(1.0)).abs() < 1e-12);
        }
    }
}
