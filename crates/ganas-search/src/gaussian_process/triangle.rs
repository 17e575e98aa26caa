//! A lower triangular matrix that grows row by row: the Cholesky factor of a covariance matrix.
//!
//! Row `i` follows from the rows before it and from row `i` of the covariance matrix alone, so a factor that has grown is the
//! same, to the last bit, as one that is made at once.

/// The factor `L` of `L Lᵀ = K`.
#[derive(Clone, Debug, Default)]
pub(super) struct Triangle {
    /// The rows up to the diagonal, one after the other.
    rows: Vec<f64>,
    n: usize,
}

impl Triangle {
    /// Row `i` up to the diagonal.
    pub(super) fn row(&self, i: usize) -> &[f64] {
        let start = i * (i + 1) / 2;
        &self.rows[start..=start + i]
    }

    /// Appends the row of a covariance, of which `row` has what is left of the diagonal and `diagonal` the last entry.
    ///
    /// A diagonal that rounding has left without anything gets `floor`, so that the factor stays one.
    pub(super) fn push(&mut self, row: &[f64], diagonal: f64, floor: f64) {
        let solved = self.solve(row);
        let left = diagonal - dot(&solved, &solved);
        self.rows.extend(solved);
        self.rows.push(left.max(floor).sqrt());
        self.n += 1;
    }

    /// `x` in `L x = b`, where `b` may be shorter than the matrix.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = Vec::with_capacity(b.len());
        self.solve_on(&mut x, b);
        x
    }

    /// Continues a solution of which the first entries are there.
    pub(super) fn solve_on(&self, x: &mut Vec<f64>, b: &[f64]) {
        for i in x.len()..b.len() {
            let row = self.row(i);
            x.push((b[i] - dot(&row[..i], x)) / row[i]);
        }
    }

    /// `x` in `Lᵀ x = b`.
    pub(super) fn solve_transposed(&self, mut b: Vec<f64>) -> Vec<f64> {
        for i in (0..b.len()).rev() {
            let row = self.row(i);
            b[i] /= row[i];
            let x = b[i];
            for (b, entry) in b[..i].iter_mut().zip(row) {
                *b -= entry * x;
            }
        }
        b
    }

    /// `L⁻¹`, row by row.
    pub(super) fn inverse(&self) -> Self {
        // Column j of the inverse solves L x = e_j; row i of it needs the rows before it only.
        let mut rows: Vec<f64> = Vec::with_capacity(self.rows.len());
        for i in 0..self.n {
            let row = self.row(i);
            let mut sums = vec![0.0; i + 1];
            for (k, entry) in row[..i].iter().enumerate() {
                let start = k * (k + 1) / 2;
                for (sum, above) in sums.iter_mut().zip(&rows[start..=start + k]) {
                    *sum -= entry * above;
                }
            }
            sums[i] = 1.0;
            rows.extend(sums.into_iter().map(|sum| sum / row[i]));
        }
        Self { rows, n: self.n }
    }

    /// The sum of the logarithms of the diagonal: half the logarithm of the determinant of `K`.
    pub(super) fn half_log_determinant(&self) -> f64 {
        (0..self.n).map(|i| self.row(i)[i].ln()).sum()
    }
}

/// The dot product, in an order that does not depend on the machine.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut sums = [0.0; LANES];
    let (in_lanes, rest) = (a.chunks_exact(LANES), a.chunks_exact(LANES).remainder());
    let of_b = b.chunks_exact(LANES);
    let last = of_b.remainder();
    for (a, b) in in_lanes.zip(of_b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = rest.iter().zip(last).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a positive definite matrix.
    fn covariance(n: usize) -> Vec<Vec<f64>> {
        let number = |i: usize| f64::from(u32::try_from(i).unwrap());
        let entry = |i: usize, j: usize| {
            (-0.1 * (number(i) - number(j)).abs()).exp() + f64::from(u8::from(i == j))
        };
        (0..n)
            .map(|i| (0..n).map(|j| entry(i, j)).collect())
            .collect()
    }

    fn factor(k: &[Vec<f64>]) -> Triangle {
        let mut triangle = Triangle::default();
        for (i, row) in k.iter().enumerate() {
            triangle.push(&row[..i], row[i], 0.0);
        }
        triangle
    }

    #[test]
    fn the_factor_times_its_transpose_is_the_matrix() {
        let k = covariance(23);
        let l = factor(&k);
        for (i, row) in k.iter().enumerate() {
            for (j, entry) in row[..=i].iter().enumerate() {
                let product = dot(&l.row(i)[..=j], l.row(j));
                assert!((product - entry).abs() < 1e-12, "{i} {j}");
            }
        }
    }

    #[test]
    fn solutions_solve() {
        let k = covariance(19);
        let l = factor(&k);
        let b: Vec<f64> = (0..19).map(|i| f64::from(i).sin()).collect();
        let x = l.solve_transposed(l.solve(&b));
        for (row, b) in k.iter().zip(&b) {
            assert!((dot(row, &x) - b).abs() < 1e-10);
        }
        let mut begun = l.solve(&b[..7]);
        l.solve_on(&mut begun, &b);
        assert_eq!(begun, l.solve(&b));
        let inverse = l.inverse();
        for i in 0..19 {
            let column: Vec<f64> = (0..19)
                .map(|k| if k < i { 0.0 } else { inverse.row(k)[i] })
                .collect();
            for j in 0..19 {
                let identity = dot(l.row(j), &column[..=j]);
                let expected = f64::from(u8::from(i == j));
                assert!((identity - expected).abs() < 1e-12, "{i} {j}");
            }
        }
    }
}
