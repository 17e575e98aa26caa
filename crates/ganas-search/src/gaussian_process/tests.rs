//! The regression against dense linear algebra, and the search on NAS-Bench-201.

use std::sync::Arc;

use ndarray::{Array1, Array2};

use super::kernel::Kernel;
use super::regression::Prediction;
use super::*;
use crate::MethodSearcher;
use crate::method_tests::Session;

/// Points of six decisions with five choices, and values.
fn data(n: usize) -> (Vec<Point>, Vec<f64>) {
    let point = |i: usize| -> Point {
        (0..6)
            .map(|d| u8::try_from((i * (d + 3) + i * i / 5 + d) % 5).unwrap())
            .collect()
    };
    let values = (0..n).map(|i| f64::from(narrow(i * 7 % 11)).sin() + 0.2);
    ((0..n).map(point).collect(), values.collect())
}

fn hyper() -> Hyper {
    Hyper {
        log_signal: 0.3,
        log_noise: -2.5,
        log_weights: vec![-1.0, -0.5, -2.0, 0.2, -1.5, -0.1],
    }
}

fn covariance(points: &[Point], hyper: &Hyper) -> Array2<f64> {
    let (kernel, n) = (Kernel::new(hyper), points.len());
    Array2::from_shape_fn((n, n), |(i, j)| {
        let noise = if i == j { hyper.noise() } else { 0.0 };
        kernel.between(&points[i], &points[j]) + noise
    })
}

/// Solution and determinant by Gaussian elimination with pivots, which shares nothing with the factor.
fn eliminate(mut a: Array2<f64>, mut b: Array1<f64>) -> (Array1<f64>, f64) {
    let n = b.len();
    let mut determinant = 1.0;
    for i in 0..n {
        let pivot = (i..n)
            .max_by(|&r, &s| a[[r, i]].abs().total_cmp(&a[[s, i]].abs()))
            .unwrap();
        if pivot != i {
            determinant = -determinant;
            b.swap(i, pivot);
            for column in 0..n {
                a.swap([i, column], [pivot, column]);
            }
        }
        determinant *= a[[i, i]];
        for row in i + 1..n {
            let factor = a[[row, i]] / a[[i, i]];
            for column in i..n {
                a[[row, column]] -= factor * a[[i, column]];
            }
            b[row] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[[i, j]] * b[j]).sum();
        b[i] = (b[i] - known) / a[[i, i]];
    }
    (b, determinant)
}

#[test]
fn mean_and_variance_are_those_of_dense_solutions() {
    let (points, values) = data(14);
    let (hyper, kernel) = (hyper(), Kernel::new(&hyper()));
    let regression = fit::given(&points, &values, hyper.clone());
    let k = covariance(&points, &hyper);
    let (weights, _) = eliminate(k.clone(), Array1::from(values));
    for new in data(30).0 {
        let of_new: Array1<f64> = points.iter().map(|p| kernel.between(p, &new)).collect();
        let mut prediction = Prediction::default();
        regression.predict(&mut prediction, &new);
        let (mean, variance) = regression.moments(&prediction);
        let (solved, _) = eliminate(k.clone(), of_new.clone());
        assert!((mean - of_new.dot(&weights)).abs() < 1e-10);
        assert!((variance - (hyper.signal() - of_new.dot(&solved))).abs() < 1e-10);
    }
}

#[test]
fn the_likelihood_is_that_of_a_normal_distribution() {
    let (points, values) = data(12);
    let hyper = hyper();
    let found = fit::given(&points, &values, hyper.clone()).log_likelihood();
    let y = Array1::from(values);
    let (solved, determinant) = eliminate(covariance(&points, &hyper), y.clone());
    let expected =
        -0.5 * y.dot(&solved) - 0.5 * determinant.ln() - 6.0 * (2.0 * std::f64::consts::PI).ln();
    assert!((found - expected).abs() < 1e-10, "{found} {expected}");
}

#[test]
fn slopes_are_those_of_the_likelihood() {
    let (points, values) = data(12);
    for kind in [hyper().log_weights, vec![-0.7]] {
        let hyper = Hyper {
            log_weights: kind,
            ..hyper()
        };
        let slopes = fit::given(&points, &values, hyper.clone()).slopes();
        assert_eq!(slopes.len(), hyper.len());
        for (i, slope) in slopes.into_iter().enumerate() {
            let likelihood = |change: f64| {
                let mut moved = hyper.to_vec();
                moved[i] += change;
                fit::given(&points, &values, Hyper::of_slice(&moved)).log_likelihood()
            };
            let expected = (likelihood(1e-5) - likelihood(-1e-5)) / 2e-5;
            assert!((slope - expected).abs() < 1e-6, "{i}: {slope} {expected}");
        }
    }
}

#[test]
fn what_is_believed_changes_the_variance_only() {
    let (points, values) = data(12);
    let mut regression = fit::given(&points, &values, hyper());
    let new = data(20).0.remove(17);
    let at = |regression: &Regression, point: &[u8]| {
        let mut prediction = Prediction::default();
        regression.predict(&mut prediction, point);
        regression.moments(&prediction)
    };
    let (mean, variance) = at(&regression, &new);
    regression.believe(new.clone());
    let (again, less) = at(&regression, &new);
    assert!((mean - again).abs() < 1e-12);
    assert!(less < 0.5 * variance, "{less} {variance}");
}

/// Only one decision matters, and the fit finds out which.
#[test]
fn a_fit_is_likelier_than_its_start_and_finds_what_matters() {
    let (points, _) = data(60);
    let values: Vec<f64> = points.iter().map(|p| f64::from(p[2]) - 2.0).collect();
    let prior = Prior::new(6, 6);
    let start = prior.mode();
    let fitted = fit(&points, &values, (&start, &prior), 40);
    let likelihood = |hyper: &Hyper| fit::given(&points, &values, hyper.clone()).log_likelihood();
    assert!(likelihood(&fitted) > likelihood(&start) + 10.0);
    let others = [0, 1, 3, 4, 5].map(|d| fitted.log_weights[d]);
    assert!(
        others.iter().all(|w| *w < fitted.log_weights[2]),
        "{fitted:?}"
    );
}

fn session(config: GaussianProcessConfig, seed: u64) -> Session {
    let space = ganas_space::by_name("nasbench201").unwrap();
    let search = GaussianProcess::new(config).unwrap();
    Session::new(
        Arc::clone(&space),
        Box::new(MethodSearcher::new(space, search, seed)),
    )
}

/// Six of 15,625 choices are right, so 40 random ones would have about three of them.
#[test]
fn finds_the_only_maximum_of_an_additive_metric() {
    for kernel in [KernelKind::Hamming, KernelKind::WeightedOverlap] {
        let config = GaussianProcessConfig {
            kernel,
            ..GaussianProcessConfig::default()
        };
        let mut session = session(config, 1);
        let convolutions = |arch: &Arch| {
            let labels = arch.labels().iter();
            Some(labels.map(|l| f64::from(u8::from(l.0 == 3))).sum())
        };
        while session.trials.len() < 60 {
            session.round(convolutions);
        }
        assert!(session.best() > 5.5, "{kernel:?}: {}", session.best());
    }
}

#[test]
fn equal_values_have_a_scale() {
    let (mean, deviation) = scale_of(&[3.0, 3.0]);
    assert!((mean - 3.0).abs() < 1e-12 && (deviation - 1.0).abs() < 1e-12);
}
