//! Matrix product: `C = op(A) op(B)` or `C += op(A) op(B)`, where `op` is nothing or transposition.
//!
//! Adjoint: `d_A = d_C Bᵀ`, `d_B = Aᵀ d_C`, which are products again; `product_bwd` is both, with one barrier after them.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;
mod tile;

use crate::{Device, View, ViewMut};

/// A matrix on the right-hand side of a product.
#[derive(Debug)]
pub struct Operand<'a, D: Device> {
    pub(crate) view: View<'a, D>,
    pub(crate) transposed: bool,
}

impl<D: Device> Clone for Operand<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Device> Copy for Operand<'_, D> {}

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

/// What happens to the old contents of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// They are overwritten.
    Overwrite,
    /// The result is added to them.
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
        old: Old,
    );

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
        self.product(out.d_w, x.transposed(), d, Old::Add);
        self.product(out.d_x, d, w.transposed(), out.old);
    }
}

/// Where the derivatives of a product `x w` go.
#[derive(Debug)]
pub struct ProductDerivatives<'a, D: Device> {
    /// Of `w`; added to.
    pub d_w: ViewMut<'a, D>,
    /// Of `x`.
    pub d_x: ViewMut<'a, D>,
    /// What happens to the old `d_x`.
    pub old: Old,
}

fn check<D: Device>(out: &ViewMut<'_, D>, a: Operand<'_, D>, b: Operand<'_, D>) -> [usize; 3] {
    let ([m, k], [k2, n]) = (a.shape(), b.shape());
    assert!(
        k == k2 && out.shape() == [m, n],
        "product: {:?} = {:?} {:?} does not fit",
        out.shape(),
        a.shape(),
        b.shape()
    );
    [m, k, n]
}
