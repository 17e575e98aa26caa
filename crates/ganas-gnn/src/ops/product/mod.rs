//! Matrix product: `C = op(A) op(B)` or `C += op(A) op(B)`, where `op` is nothing or transposition.
//!
//! Adjoint: `d_A = d_C Bᵀ`, `d_B = Aᵀ d_C`, which are products again; `product_bwd` is both, with one barrier after them.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;
mod tile;

use super::Checked;
use crate::device::copied;
use crate::{Device, View, ViewMut};

/// A matrix on the right-hand side of a product.
#[derive(Debug)]
pub struct Operand<'a, D: Device> {
    pub(crate) view: View<'a, D>,
    pub(crate) transposed: bool,
}

copied!(Operand);

impl<D: Device> Operand<'_, D> {
    /// Rows and columns after transposition.
    pub fn shape(self) -> [usize; 2] {
        let [rows, cols] = self.view.shape();
        if self.transposed {
            [cols, rows]
        } else {
            [rows, cols]
        }
    }
}

impl<'a, D: Device> From<View<'a, D>> for Operand<'a, D> {
    fn from(view: View<'a, D>) -> Self {
        Self {
            view,
            transposed: false,
        }
    }
}

impl<'a, D: Device> View<'a, D> {
    /// The transpose, as an operand of a product.
    pub fn transposed(self) -> Operand<'a, D> {
        Operand {
            view: self,
            transposed: true,
        }
    }
}

/// How an output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// The result replaces what was there.
    Set,
    /// The result is added to what was there.
    Add,
}

/// Devices that multiply matrices.
pub trait Product: Device {
    /// `out = a b` or `out += a b`; shapes `[m, n]`, `[m, k]`, `[k, n]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn product<'a>(
        &self,
        out: ViewMut<'_, Self>,
        a: impl Into<Operand<'a, Self>>,
        b: impl Into<Operand<'a, Self>>,
        write: Write,
    ) {
        let factors = [a.into(), b.into()];
        let sizes = check(out.shape(), factors);
        self.product_kernel(out, factors, write, sizes);
    }

    /// The adjoint of `y = x w`, from `d = d_y`: `d_w += xᵀ d`, and `d_x = d wᵀ` or `d_x += d wᵀ`.
    /// Shapes: `x [m, k]`, `w [k, n]`, `d [m, n]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn product_bwd(
        &self,
        out: ProductDerivatives<'_, Self>,
        d: View<'_, Self>,
        x: View<'_, Self>,
        w: View<'_, Self>,
    ) {
        check(out.d_w.shape(), [x.transposed(), d.into()]);
        check(out.d_x.shape(), [d.into(), w.transposed()]);
        let sizes = check(d.shape(), [x.into(), w.into()]);
        self.product_bwd_kernel(out, d, [x, w], sizes);
    }

    /// The kernel of [`product`](Self::product), for the sizes `m`, `k` and `n`.
    fn product_kernel(
        &self,
        out: ViewMut<'_, Self>,
        factors: [Operand<'_, Self>; 2],
        write: Write,
        sizes: Checked<3>,
    );

    /// The kernel of [`product_bwd`](Self::product_bwd) of the factors `x` and `w`; by default one product after the other.
    fn product_bwd_kernel(
        &self,
        out: ProductDerivatives<'_, Self>,
        d: View<'_, Self>,
        [x, w]: [View<'_, Self>; 2],
        Checked([m, k, n]): Checked<3>,
    ) {
        let of_w = [x.transposed(), d.into()];
        self.product_kernel(out.d_w, of_w, Write::Add, Checked([k, m, n]));
        let of_x = [d.into(), w.transposed()];
        self.product_kernel(out.d_x, of_x, out.write, Checked([m, n, k]));
    }
}

/// Where the derivatives of a product `x w` go.
#[derive(Debug)]
pub struct ProductDerivatives<'a, D: Device> {
    /// Of `w`; added to.
    pub d_w: ViewMut<'a, D>,
    /// Of `x`.
    pub d_x: ViewMut<'a, D>,
    /// Whether `d_x` is set or added to.
    pub write: Write,
}

/// `m`, `k` and `n`.
fn check<D: Device>(out: [usize; 2], [a, b]: [Operand<'_, D>; 2]) -> Checked<3> {
    let ([m, k], [k2, n]) = (a.shape(), b.shape());
    assert!(
        k == k2 && out == [m, n],
        "product: {out:?} = {:?} {:?} does not fit",
        a.shape(),
        b.shape()
    );
    Checked([m, k, n])
}
