//! Performance profiles.

use super::float;

/// For each threshold τ, the share of runs whose score is at most τ, where less is better; of several tables the mean of their
/// shares, so that each counts once, however many runs it has.
///
/// It is the distribution of scores over runs of Agarwal et al. (NeurIPS 2021), after the performance profiles of Dolan and Moré
/// (Mathematical Programming 91(2), 2002), with a score such as the regret of which less is better. `None` when a table has no runs,
/// or there is no table.
pub fn performance_profile<S: AsRef<[f64]>>(tables: &[S], thresholds: &[f64]) -> Option<Vec<f64>> {
    if tables.is_empty() || tables.iter().any(|scores| scores.as_ref().is_empty()) {
        return None;
    }
    let mut shares = vec![0.0; thresholds.len()];
    for scores in tables {
        let mut sorted = scores.as_ref().to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        for (share, threshold) in shares.iter_mut().zip(thresholds) {
            let reached = sorted.partition_point(|score| score <= threshold);
            *share += float(reached) / float(sorted.len()) / float(tables.len());
        }
    }
    Some(shares)
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
        let tables = [0, 1].map(|i| golden.values(&format!("profile.table{i}")));
        let shares = performance_profile(&tables, golden.values("profile.thresholds")).unwrap();
        golden.check("profile.shares", &shares, Tolerance::F64);
    }

    proptest! {
        /// It rises from 0 to 1, and repeating the runs of a table changes nothing.
        #[test]
        fn a_distribution_function(
            a in proptest::collection::vec(0.0..1.0f64, 1..20), b in proptest::collection::vec(0.0..1.0f64, 1..20),
        ) {
            let thresholds: Vec<f64> = (-1..12).map(|i| f64::from(i) / 10.0).collect();
            let shares = performance_profile(&[a.clone(), b.clone()], &thresholds).unwrap();
            prop_assert!(shares[0] == 0.0 && (shares[12] - 1.0).abs() < 1e-12);
            prop_assert!(shares.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
            let twice = [a.clone(), a].concat();
            let again = performance_profile(&[twice, b], &thresholds).unwrap();
            prop_assert!(shares.iter().zip(&again).all(|(x, y)| (x - y).abs() < 1e-12));
        }
    }

    #[test]
    fn nothing_has_no_profile() {
        let empty: [&[f64]; 0] = [];
        assert_eq!(performance_profile(&empty, &[0.0]), None);
        assert_eq!(performance_profile(&[&[0.5][..], &[]], &[0.0]), None);
    }
}
