//! The measurements against their definitions, on small distributions.

use std::f64::consts::LN_2;

use ganas_eval::SearchMetric;
use ganas_space::nasbench101::NasBench101;
use ganas_space::nasbench201::NasBench201;

use super::measures::{Distributions, Judged, measures};
use super::*;
use crate::SearchError;
use crate::toy::{Toy, sorted};

/// What sums of a few rounded numbers differ by.
const ROUNDING: f64 = 1e-12;

fn landscape() -> Landscape {
    let value = |_, arch: &_| {
        let sum: u8 = sorted(arch).iter().sum();
        Ok::<_, SearchError>(Some(SearchMetric::maximized(f64::from(sum))))
    };
    Landscape::new(&Toy(3), value).unwrap()
}

/// Half of the sum of both Kullback-Leibler divergences from the mixture, class by class.
fn by_definition(p: &[f64], q: &[f64]) -> f64 {
    let term = |a: f64, m: f64| if a > 0.0 { a * (a / m).ln() } else { 0.0 };
    let terms = p.iter().zip(q).map(|(&p, &q)| {
        let m = 0.5 * (p + q);
        0.5 * (term(p, m) + term(q, m))
    });
    terms.sum()
}

#[test]
fn a_space_is_listed_with_its_classes() {
    let landscape = landscape();
    assert_eq!((landscape.n_episodes(), landscape.n_classes()), (27, 10));
    assert!(landscape.optimum().total_cmp(&6.0).is_eq());
    // 222, then 122, then 112 and 022.
    let levels = [1, 2, 3, 4, 100].map(|size| landscape.highest_level(size));
    assert_eq!(
        levels.map(f64::to_bits),
        [6.0, 5.0, 4.0, 4.0, 0.0].map(f64::to_bits)
    );
    let nothing = Landscape::new(&NasBench201::new(), |_, _| Ok::<_, SearchError>(None));
    let error = nothing.unwrap_err().to_string();
    assert!(
        error.contains("no architecture of it has a value"),
        "{error}"
    );
}

#[test]
fn a_space_that_is_too_large_is_refused_with_its_size() {
    let value = |_, _: &_| -> Result<_, SearchError> { panic!("nothing is evaluated") };
    let error = Landscape::new(&NasBench101::new(), value).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains(
            "`nasbench101` cannot be measured exactly: it has more than 1000000 decision"
        ),
        "{error}"
    );
}

#[test]
fn divergences_agree_with_their_definition() {
    let p = [0.1, 0.05, 0.0, 0.25, 0.2, 0.05, 0.05, 0.1, 0.1, 0.1];
    for truth in [&[0, 1, 2][..], &[3, 4], &[2, 9, 5, 7]] {
        let uniform = |of: &[usize]| -> Vec<f64> {
            let q = 1.0 / f64::from(u32::try_from(of.len()).unwrap());
            let classes = 0..p.len();
            classes
                .map(|c| if of.contains(&c) { q } else { 0.0 })
                .collect()
        };
        let of = Distributions {
            generated: &p,
            truth,
        };
        let expected = by_definition(&p, &uniform(truth));
        assert!((of.divergence() - expected).abs() < ROUNDING);
        let without = truth.iter().map(|cell| {
            let others: Vec<usize> = truth.iter().copied().filter(|c| c != cell).collect();
            by_definition(&p, &uniform(&others))
        });
        let mean = without.sum::<f64>() / f64::from(u32::try_from(truth.len()).unwrap());
        assert!((of.pair_divergence() - mean).abs() < ROUNDING);
        // Divergence is convex, and the truth set is the mean of what is left without one of it.
        assert!(of.divergence() <= of.pair_divergence() + ROUNDING);
    }
    let disjoint = Distributions {
        generated: &[0.0, 1.0],
        truth: &[0],
    };
    assert!((disjoint.divergence() - LN_2).abs() < ROUNDING);
    let equal = Distributions {
        generated: &[0.5, 0.5],
        truth: &[0, 1],
    };
    assert!(equal.divergence().abs() < ROUNDING);
}

#[test]
fn the_best_discriminator_estimates_the_divergence_and_no_other_more() {
    let (generated, truth) = ([0.4, 0.3, 0.2, 0.1], [0, 1]);
    let of = Distributions {
        generated: &generated,
        truth: &truth,
    };
    // Beside a cell, the truth set is the other one.
    let best = |towards: f64| {
        let d = |other: usize, x: usize| {
            let q = if x == other { 1.0 } else { 0.0 };
            (1.0 - towards) * q / (q + generated[x]) + towards * 0.5
        };
        Judged {
            truth: 0.5 * (d(1, 1).ln() + d(0, 0).ln()),
            classes: (0..4)
                .map(|x| 0.5 * ((1.0 - d(1, x)).ln() + (1.0 - d(0, x)).ln()))
                .collect(),
        }
    };
    let exact = of.pair_divergence();
    assert!((of.estimate(&best(0.0)) - exact).abs() < ROUNDING);
    let mut last = exact;
    for towards in [0.1, 0.3, 0.6, 1.0] {
        let estimate = of.estimate(&best(towards));
        assert!(estimate < last, "{towards}: {estimate} after {last}");
        last = estimate;
    }
    // One that knows nothing estimates nothing.
    assert!(last.abs() < ROUNDING);
}

#[test]
fn measures_follow_from_the_distributions() {
    let landscape = landscape();
    let class = |ops: [u8; 3]| {
        let arch = crate::toy::arch(ops);
        landscape.class(ganas_space::SearchSpace::key(&Toy(3), &arch))
    };
    let truth = [[2, 2, 1], [0, 2, 2]].map(|ops| class(ops).unwrap());
    let mut generated = vec![0.08; 10];
    generated[class([2, 2, 2]).unwrap()] = 0.28;
    let judged = Judged {
        truth: 0.5_f64.ln(),
        classes: vec![0.5_f64.ln(); 10],
    };
    let of = Distributions {
        generated: &generated,
        truth: &truth,
    };
    let event = measures(&landscape, of, &judged, 3);
    assert_eq!(event.kind, KIND);
    let value = |name: &str| event.values.iter().find(|(n, _)| n == name).unwrap().1;
    // The level is 4, that of 022, which is also the third best value: 222, 122, 022 and 112 reach it.
    assert!(value("gap").abs() < ROUNDING);
    assert!((value("p_level") - (0.28 + 3.0 * 0.08)).abs() < ROUNDING);
    assert!((value("kl_optimum") + 0.28_f64.ln()).abs() < ROUNDING);
    assert!((value("js") - of.divergence()).abs() < ROUNDING);
    assert!(value("js_estimate").abs() < ROUNDING);
}
