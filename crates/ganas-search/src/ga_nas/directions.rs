//! Picking from the pool when there are several objectives: each pick goes in a direction of its own.
//!
//! A direction weighs the objectives, and the pick is the best of the pool in it by Chebyshev's scalarisation (Knowles,
//! "ParEGO", IEEE Transactions on Evolutionary Computation 10(1), 2006), so that picks are spread over the front, its
//! bent-in parts included. What is scalarised are the scores of the rankers, since nothing of the pool was evaluated.

use ganas_random::Stream;
use rand_distr::{Distribution as _, Exp1};

use super::config::Criterion;
use super::proposal::standardised_mean;
use crate::pareto::{NotFinite, Point, standings};

/// The weight of the sum of the shortfalls beside the largest of them, as in `ParEGO`: it prefers what dominates among
/// equals.
const SUM: f64 = 0.05;

/// The opinions of the rankers on a pool.
#[derive(Debug)]
pub(super) struct Directions {
    /// How far each architecture of the pool falls short of the best, in each objective, as a share of what the front
    /// spans; one opinion for each member.
    opinions: Vec<Vec<Vec<f64>>>,
}

impl Directions {
    /// `scores` has one row for each ranker: `ensemble` for the first objective, then those for the next.
    ///
    /// Members of the same number form an opinion each when picks are Thompson's; otherwise the means of all members are
    /// the only one.
    ///
    /// # Errors
    ///
    /// [`NotFinite`] for a score that is infinite or not a number.
    pub(super) fn new(
        scores: &[Vec<f64>],
        ensemble: usize,
        criterion: Criterion,
    ) -> Result<Self, NotFinite> {
        let of_objective = scores.chunks(ensemble);
        let opinions: Vec<Vec<Vec<f64>>> = if criterion == Criterion::Thompson {
            (0..ensemble)
                .map(|member| of_objective.clone().map(|m| m[member].clone()).collect())
                .collect()
        } else {
            vec![of_objective.map(standardised_mean).collect()]
        };
        let shortfalls = opinions.iter().map(|scores| shortfalls(scores));
        Ok(Self {
            opinions: shortfalls.collect::<Result<_, _>>()?,
        })
    }

    /// The numbers of `n` of the pool, or of all of it when there are fewer; the opinions take turns.
    pub(super) fn pick(&self, n: usize, mut stream: Stream) -> Vec<usize> {
        let size = self.opinions.first().map_or(0, Vec::len);
        let mut left = vec![true; size];
        let mut picked = Vec::new();
        for opinion in self.opinions.iter().cycle().take(n.min(size)) {
            let weights = weights(&mut stream, opinion[0].len());
            let shortfall = |i: usize| -> f64 {
                let weighted = opinion[i].iter().zip(&weights).map(|(s, w)| s * w);
                let (largest, sum) = weighted.fold((f64::MIN, 0.0), |(largest, sum), s| {
                    (f64::max(largest, s), sum + s)
                });
                largest + SUM * sum
            };
            let best = (0..size)
                .filter(|&i| left[i])
                .min_by(|&a, &b| shortfall(a).total_cmp(&shortfall(b)));
            if let Some(best) = best {
                left[best] = false;
                picked.push(best);
            }
        }
        picked
    }
}

/// Weights that are positive and sum to 1, uniformly distributed.
fn weights(stream: &mut Stream, n: usize) -> Vec<f64> {
    let drawn: Vec<f64> = Exp1
        .sample_iter(stream)
        .take(n)
        .map(|x: f64| x + 1e-12)
        .collect();
    let sum: f64 = drawn.iter().sum();
    drawn.into_iter().map(|weight| weight / sum).collect()
}

/// How far each of the pool falls short of the best, in each objective, as a share of what the front of the pool spans.
fn shortfalls(scores: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, NotFinite> {
    let size = scores.first().map_or(0, Vec::len);
    let points: Vec<Point> = (0..size)
        .map(|i| Point::new(scores.iter().map(|of| of[i]).collect()))
        .collect::<Result<_, _>>()?;
    let front: Vec<&Point> = standings(&points)
        .iter()
        .zip(&points)
        .filter(|(standing, _)| standing.front == 0)
        .map(|(_, point)| point)
        .collect();
    let range = |objective: usize| {
        let values = front.iter().map(|point| point.values()[objective]);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
    };
    let ranges: Vec<(f64, f64)> = (0..scores.len()).map(range).collect();
    let of_point = |point: &Point| {
        let pairs = point.values().iter().zip(&ranges);
        pairs
            .map(|(value, (low, high))| (high - value) / (high - low).max(1e-9))
            .collect()
    };
    Ok(points.iter().map(of_point).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Purpose, Streams};

    fn stream(seed: u64) -> Stream {
        Streams { seed }.get(Purpose::Direction, 0, 0, 0)
    }

    /// A front of five and two that are dominated.
    fn scores() -> Vec<Vec<f64>> {
        vec![
            vec![0.0, 1.0, 2.0, 3.0, 4.0, 0.5, 1.5],
            vec![40.0, 30.0, 20.0, 10.0, 0.0, 20.0, 10.0],
        ]
    }

    #[test]
    fn picks_are_spread_over_the_front() {
        for criterion in [Criterion::Thompson, Criterion::Mean] {
            let directions = Directions::new(&scores(), 1, criterion).unwrap();
            let mut firsts = std::collections::BTreeSet::new();
            for seed in 0..50 {
                let picked = directions.pick(7, stream(seed));
                assert!(picked[0] < 5, "the first pick is on the front: {picked:?}");
                firsts.insert(picked[0]);
                let mut all = picked.clone();
                all.sort_unstable();
                assert_eq!(all, [0, 1, 2, 3, 4, 5, 6], "nothing is picked twice");
            }
            assert_eq!(firsts.len(), 5, "{firsts:?}");
        }
    }

    #[test]
    fn a_pool_of_equals_is_picked_in_order() {
        let equal = vec![vec![1.0; 3]; 4];
        let directions = Directions::new(&equal, 2, Criterion::Thompson).unwrap();
        assert_eq!(directions.pick(2, stream(1)), [0, 1]);
        let bad = vec![vec![1.0, f64::NAN]; 2];
        assert!(Directions::new(&bad, 1, Criterion::Mean).is_err());
    }

    #[test]
    fn weights_are_positive_and_sum_to_one() {
        let mut stream = stream(3);
        for n in 2..5 {
            let weights = weights(&mut stream, n);
            assert!(weights.iter().all(|w| *w > 0.0));
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
