//! Several projections of the same rows, each of which is needed for some of them only.
//!
//! `P[i, p] = x_i W_p` for the parts `p` that are read of row `i`: those whose range holds `i`.
//! Shapes: `x [n, k]`, `W = [W_0 | W_1 | …] [k, parts c]`, `P [n, parts c]`; what is not read is not written.
//!
//! Adjoint, over what is read: `d_W_p += Σ_i x_iᵀ d_P[i, p]`, `d_x_i = Σ_p d_P[i, p] W_pᵀ`.
//! One product for each part would do; as one operation, the parts that a row has in common are one product, and all of
//! them are shared out among threads at once.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::expect_shape;
use super::product::{Old, Product};
use crate::{View, ViewMut};

/// Devices that project rows; by default with one product for each part.
pub trait Projections: Product {
    /// Fills what is read of `projected [n, parts c]`, from `x [n, k]` and `weight [k, parts c]`; `read` has the rows of
    /// each part.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, or a range is no part of the rows.
    fn projections_fwd(
        &self,
        mut projected: ViewMut<'_, Self>,
        x: View<'_, Self>,
        weight: View<'_, Self>,
        read: &[Range<usize>],
    ) {
        let [_, _, c] = check(projected.shape(), x.shape(), weight.shape(), read);
        for (p, rows) in read.iter().enumerate() {
            let (first, n) = (rows.start, rows.len());
            let to = projected.reborrow().rows(first, n).columns(p * c, c);
            let weight = weight.columns(p * c, c);
            self.product(to, x.rows(first, n), weight, Old::Overwrite);
        }
    }

    /// Adds to `d_weight` and fills `d_x`, from what is read of `d_projected` and the inputs.
    /// Every row must be read by the first part.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, or a row is not read by the first part.
    fn projections_bwd(
        &self,
        out: ProjectionDerivatives<'_, Self>,
        d_projected: View<'_, Self>,
        x: View<'_, Self>,
        weight: View<'_, Self>,
        read: &[Range<usize>],
    ) {
        let [_, _, c] = check_derivatives(&out, d_projected, x, weight, read);
        let ProjectionDerivatives {
            mut d_weight,
            mut d_x,
        } = out;
        let mut old = Old::Overwrite;
        for (p, rows) in read.iter().enumerate() {
            let (first, n) = (rows.start, rows.len());
            let d = d_projected.rows(first, n).columns(p * c, c);
            let to = d_weight.reborrow().columns(p * c, c);
            self.product(to, x.rows(first, n).transposed(), d, Old::Add);
            let weight = weight.columns(p * c, c).transposed();
            self.product(d_x.reborrow().rows(first, n), d, weight, old);
            old = Old::Add;
        }
    }
}

/// Where the derivatives of projections go.
#[derive(Debug)]
pub struct ProjectionDerivatives<'a, D: crate::Device> {
    /// Of the weight; added to.
    pub d_weight: ViewMut<'a, D>,
    /// Of the rows; overwritten.
    pub d_x: ViewMut<'a, D>,
}

/// Rows, inputs, and outputs of a part.
fn check(
    projected: [usize; 2],
    [n, k]: [usize; 2],
    weight: [usize; 2],
    read: &[Range<usize>],
) -> [usize; 3] {
    let c = projected[1] / read.len();
    expect_shape("projections: projected", projected, [n, read.len() * c]);
    expect_shape("projections: weight", weight, [k, read.len() * c]);
    for rows in read {
        assert!(
            rows.start <= rows.end && rows.end <= n,
            "projections: rows {rows:?} of {n}"
        );
    }
    [n, k, c]
}

fn check_derivatives<D: crate::Device>(
    out: &ProjectionDerivatives<'_, D>,
    d_projected: View<'_, D>,
    x: View<'_, D>,
    weight: View<'_, D>,
    read: &[Range<usize>],
) -> [usize; 3] {
    expect_shape(
        "projections: d_weight",
        out.d_weight.shape(),
        weight.shape(),
    );
    expect_shape("projections: d_x", out.d_x.shape(), x.shape());
    let sizes @ [n, _, _] = check(d_projected.shape(), x.shape(), weight.shape(), read);
    assert!(read[0] == (0..n), "projections: every row has a first part");
    sizes
}
