//! Gaussian process regression: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, algorithm 2.1.

use super::kernel::{Hyper, Kernel, Point};
use super::triangle::{Triangle, dot};

/// The floor of what the Cholesky factor leaves of a variance, as a share of the signal.
const FLOOR: f64 = 1e-10;

/// A Gaussian process given values at points, to which more can be added.
///
/// With the covariance `K + n I = L Lᵀ` of the points and their values `y`, the function at `x` with covariances `k` has the mean
/// `vᵀ z` and the variance `k(x, x) - vᵀ v`, where `v = L⁻¹ k` and `z = L⁻¹ y`. All of these grow by an entry with each point.
#[derive(Clone, Debug)]
pub(super) struct Regression {
    hyper: Hyper,
    kernel: Kernel,
    points: Vec<Point>,
    factor: Triangle,
    z: Vec<f64>,
}

/// What is known of a point at which the function is predicted; it grows with the points of the regression.
#[derive(Clone, Debug, Default)]
pub(super) struct Prediction {
    v: Vec<f64>,
    mean: f64,
    explained: f64,
}

impl Regression {
    pub(super) fn new(hyper: Hyper) -> Self {
        Self {
            kernel: Kernel::new(&hyper),
            hyper,
            points: Vec::new(),
            factor: Triangle::default(),
            z: Vec::new(),
        }
    }

    /// The number of points.
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// Adds a point and its value.
    pub(super) fn push(&mut self, point: Point, value: f64) {
        self.push_row(point);
        let i = self.z.len();
        let row = self.factor.row(i);
        self.z.push((value - dot(&row[..i], &self.z)) / row[i]);
    }

    /// Adds a point whose value is taken to be the mean there, so that nothing changes but what is uncertain.
    pub(super) fn believe(&mut self, point: Point) {
        self.push_row(point);
        self.z.push(0.0);
    }

    fn push_row(&mut self, point: Point) {
        let row = self.covariances(&point, 0);
        let floor = FLOOR * self.hyper.signal();
        let diagonal = self.hyper.signal() + self.hyper.noise();
        self.factor.push(&row, diagonal, floor);
        self.points.push(point);
    }

    /// The covariances of a point with those from `first` on.
    fn covariances(&self, point: &[u8], first: usize) -> Vec<f64> {
        let points = self.points[first..].iter();
        points
            .map(|other| self.kernel.between(point, other))
            .collect()
    }

    /// Brings a prediction up to all points.
    pub(super) fn predict(&self, prediction: &mut Prediction, point: &[u8]) {
        let known = prediction.v.len();
        let covariances = self.covariances(point, known);
        for (i, covariance) in (known..).zip(covariances) {
            let row = self.factor.row(i);
            let v = (covariance - dot(&row[..i], &prediction.v)) / row[i];
            prediction.v.push(v);
            prediction.mean += v * self.z[i];
            prediction.explained += v * v;
        }
    }

    /// Mean and variance of the function at a point.
    pub(super) fn moments(&self, prediction: &Prediction) -> (f64, f64) {
        let variance = self.hyper.signal() - prediction.explained;
        (prediction.mean, variance.max(FLOOR * self.hyper.signal()))
    }

    /// The logarithm of the likelihood of the values, `-½ yᵀ (K + n I)⁻¹ y - ½ log det (K + n I) - ½ N log 2π`.
    pub(super) fn log_likelihood(&self) -> f64 {
        let n = self.z.iter().fold(0.0, |n, _| n + 1.0);
        -0.5 * dot(&self.z, &self.z)
            - self.factor.half_log_determinant()
            - 0.5 * n * (2.0 * std::f64::consts::PI).ln()
    }

    /// The derivatives of [`log_likelihood`](Self::log_likelihood) with respect to the hyper-parameters, in the order of
    /// [`Hyper::to_vec`]: `½ tr((a aᵀ - (K + n I)⁻¹) ∂K)` with `a = (K + n I)⁻¹ y` (equation 5.9 of the book).
    pub(super) fn slopes(&self) -> Vec<f64> {
        let n = self.len();
        let a = self.factor.solve_transposed(self.z.clone());
        let inverse_factor = self.factor.inverse();
        let mut slopes = vec![0.0; self.hyper.len()];
        // (K + n I)⁻¹ = L⁻ᵀ L⁻¹, of which each pair is summed over the rows of L⁻¹ that have both columns.
        let mut precision = vec![vec![0.0; n]; n];
        for k in 0..n {
            let row = inverse_factor.row(k);
            for (i, entry) in row.iter().enumerate() {
                let of_row = precision[i][..=i].iter_mut();
                of_row
                    .zip(row)
                    .for_each(|(sum, other)| *sum += entry * other);
            }
        }
        let noise = self.hyper.noise();
        for i in 0..n {
            let diagonal = 0.5 * (a[i] * a[i] - precision[i][i]);
            slopes[0] += diagonal * self.hyper.signal();
            slopes[1] += diagonal * noise;
            for j in 0..i {
                // Each pair stands for both of its orders.
                let factor = a[i] * a[j] - precision[i][j];
                let pair = [&*self.points[i], &*self.points[j]];
                let scaled = factor * self.kernel.between(pair[0], pair[1]);
                slopes[0] += scaled;
                self.kernel
                    .add_weight_slopes(&mut slopes[2..], scaled, pair);
            }
        }
        slopes
    }
}
