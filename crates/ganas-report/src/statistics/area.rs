//! The area under a curve of steps.

/// The mean of a step function between its first point and `end`, which is its area divided by the width: each value holds from
/// its `x` to the next one, the last one until `end`. Points from `end` on do not count.
///
/// `None` when no point lies before `end`.
///
/// # Panics
///
/// When the `x` do not ascend.
#[must_use]
pub fn mean_of_steps(points: &[(f64, f64)], end: f64) -> Option<f64> {
    let ascend = points.windows(2).all(|pair| pair[0].0 <= pair[1].0);
    assert!(ascend, "invariant: the points of a curve ascend");
    let n = points.partition_point(|(x, _)| *x < end);
    let first = points[..n].first()?.0;
    let next = points[..n].iter().skip(1).map(|(x, _)| *x);
    let ends = next.chain([end]);
    let area: f64 = (points[..n].iter().zip(ends))
        .map(|((x, y), end)| y * (end - x))
        .sum();
    Some(area / (end - first))
}

#[cfg(test)]
mod tests {
    use ganas_testkit::Tolerance;
    use proptest::prelude::*;

    use super::super::golden;
    use super::*;

    #[test]
    fn agrees_with_numpy() {
        let golden = golden();
        let x = golden.values("area.x").iter().copied();
        let points: Vec<(f64, f64)> = x.zip(golden.values("area.y").iter().copied()).collect();
        let mean = mean_of_steps(&points, golden.values("area.end")[0]).unwrap();
        golden.check("area.mean", &[mean], Tolerance::F64);
    }

    #[test]
    fn what_lies_behind_the_end_does_not_count() {
        let points = [(1.0, 2.0), (3.0, 4.0), (5.0, 100.0)];
        assert_eq!(mean_of_steps(&points, 5.0), Some(3.0));
        assert_eq!(mean_of_steps(&points, 2.0), Some(2.0));
        assert_eq!(mean_of_steps(&points, 1.0), None);
        assert_eq!(mean_of_steps(&[], 1.0), None);
    }

    proptest! {
        /// The mean lies between the extremes, and a point that repeats the value before it changes nothing.
        #[test]
        fn a_mean_of_values(
            steps in proptest::collection::vec((0.01..9.0f64, -5.0..5.0f64), 1..20), rest in 0.01..9.0f64,
        ) {
            let mut x = 0.0;
            let points: Vec<(f64, f64)> = steps.iter().map(|(width, y)| { x += width; (x, *y) }).collect();
            let end = x + rest;
            let mean = mean_of_steps(&points, end).unwrap();
            let low = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
            let high = points.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(low - 1e-12 <= mean && mean <= high + 1e-12);
            let mut more = points.clone();
            more.push((x + rest / 2.0, points.last().unwrap().1));
            prop_assert!((mean_of_steps(&more, end).unwrap() - mean).abs() < 1e-12);
        }
    }
}
