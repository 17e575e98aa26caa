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

use super::product::{Product, Write};
use super::{Checked, expect_shape};
use crate::device::copied;
use crate::{Device, View, ViewMut};

/// What projections are computed from.
#[derive(Debug)]
pub struct ProjectionInputs<'a, D: Device> {
    /// The rows, `[n, k]`.
    pub x: View<'a, D>,
    /// The weights of all parts, `[k, parts c]`.
    pub weight: View<'a, D>,
    /// The rows that are read of each part.
    pub read: &'a [Range<usize>],
}

copied!(ProjectionInputs);

/// Where the derivatives of projections go.
#[derive(Debug)]
pub struct ProjectionDerivatives<'a, D: Device> {
    /// Of the weight; added to.
    pub d_weight: ViewMut<'a, D>,
    /// Of the rows; overwritten.
    pub d_x: ViewMut<'a, D>,
}

/// Devices that project rows.
pub trait Projections: Product {
    /// Fills what is read of `projected [n, parts c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit, or a range is no part of the rows.
    fn projections_fwd(&self, projected: ViewMut<'_, Self>, inputs: ProjectionInputs<'_, Self>) {
        let sizes = check(projected.shape(), &inputs);
        self.projections_fwd_kernel(projected, inputs, sizes);
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
        inputs: ProjectionInputs<'_, Self>,
    ) {
        let sizes @ Checked([n, k, _]) = check(d_projected.shape(), &inputs);
        let weight = inputs.weight.shape();
        expect_shape("projections: d_weight", out.d_weight.shape(), weight);
        expect_shape("projections: d_x", out.d_x.shape(), [n, k]);
        let first = &inputs.read[0];
        assert!(*first == (0..n), "projections: every row has a first part");
        self.projections_bwd_kernel(out, d_projected, inputs, sizes);
    }

    /// The kernel of [`projections_fwd`](Self::projections_fwd), for `n`, `k` and `c`; by default a product for each part.
    fn projections_fwd_kernel(
        &self,
        mut projected: ViewMut<'_, Self>,
        ProjectionInputs { x, weight, read }: ProjectionInputs<'_, Self>,
        Checked([_, k, c]): Checked<3>,
    ) {
        for (p, rows) in read.iter().enumerate() {
            let (first, n) = (rows.start, rows.len());
            let to = projected.reborrow().rows(first, n).columns(p * c, c);
            let factors = [x.rows(first, n).into(), weight.columns(p * c, c).into()];
            self.product_kernel(to, factors, Write::Set, Checked([n, k, c]));
        }
    }

    /// The kernel of [`projections_bwd`](Self::projections_bwd), for `n`, `k` and `c`; by default two products for each part.
    fn projections_bwd_kernel(
        &self,
        out: ProjectionDerivatives<'_, Self>,
        d_projected: View<'_, Self>,
        ProjectionInputs { x, weight, read }: ProjectionInputs<'_, Self>,
        Checked([_, k, c]): Checked<3>,
    ) {
        let ProjectionDerivatives {
            mut d_weight,
            mut d_x,
        } = out;
        let mut write = Write::Set;
        for (p, rows) in read.iter().enumerate() {
            let (first, n) = (rows.start, rows.len());
            let d = d_projected.rows(first, n).columns(p * c, c);
            let to = d_weight.reborrow().columns(p * c, c);
            let factors = [x.rows(first, n).transposed(), d.into()];
            self.product_kernel(to, factors, Write::Add, Checked([k, n, c]));
            let factors = [d.into(), weight.columns(p * c, c).transposed()];
            let to = d_x.reborrow().rows(first, n);
            self.product_kernel(to, factors, write, Checked([n, c, k]));
            write = Write::Add;
        }
    }
}

/// Rows, inputs, and outputs of a part.
fn check<D: Device>(projected: [usize; 2], inputs: &ProjectionInputs<'_, D>) -> Checked<3> {
    let ([n, k], read) = (inputs.x.shape(), inputs.read);
    let c = projected[1] / read.len();
    let weight = inputs.weight.shape();
    expect_shape("projections: projected", projected, [n, read.len() * c]);
    expect_shape("projections: weight", weight, [k, read.len() * c]);
    for rows in read {
        assert!(
            rows.start <= rows.end && rows.end <= n,
            "projections: rows {rows:?} of {n}"
        );
    }
    Checked([n, k, c])
}
