//! The aggregation of GraphConv over distinct inputs and outputs.
//!
//! As [`graph_conv`](super::graph_conv) with both directions, but a row of `P` stands for all nodes with one input, and a
//! row of `out` for all nodes with one output. With the input `r(o)` of an output's own node, and the multisets `p(o)` and
//! `s(o)` of the inputs of its predecessors and successors,
//!
//! `out_o = act(P_root_{r(o)} + Σ_{i in p(o)} P_pred_i + Σ_{i in s(o)} P_succ_i + b)`.
//!
//! Adjoint, with `e_o = d_out_o act'(out_o)`: `d_P_root_i = Σ_{o: r(o) = i} e_o`, `d_P_pred_i = Σ_{o: i in p(o)} e_o`,
//! `d_P_succ_i = Σ_{o: i in s(o)} e_o`, `d_b += Σ_o e_o`. Each output is summed by one thread, in ascending order.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use super::bias_activation::Activation;
use super::expect_shape;
use crate::refinement::Level;
use crate::{Device, View, ViewMut};

/// How the outputs of a layer come from its inputs; opaque outside of this crate.
#[derive(Debug)]
pub struct Colours<'a, D: Device>(pub(crate) &'a Level<D>);

impl<D: Device> Clone for Colours<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Device> Copy for Colours<'_, D> {}

/// Devices that aggregate over distinct neighbours.
pub trait ColourConvolve: Device {
    /// Fills `out [outputs, c]` from `projected [inputs, 3c]` and `bias [1, c]`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn colour_conv_fwd(
        &self,
        out: ViewMut<'_, Self>,
        projected: View<'_, Self>,
        bias: View<'_, Self>,
        colours: Colours<'_, Self>,
        activation: Activation,
    );

    /// Fills `d_projected` and adds to `d_bias`, from `d_out` and `out`; `d_out` is scratch memory then.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn colour_conv_bwd(
        &self,
        d_projected: ViewMut<'_, Self>,
        d_bias: ViewMut<'_, Self>,
        d_out: ViewMut<'_, Self>,
        out: View<'_, Self>,
        colours: Colours<'_, Self>,
        activation: Activation,
    );
}

/// The width.
fn check<D: Device>(
    colours: Colours<'_, D>,
    out: [usize; 2],
    projected: [usize; 2],
    bias: [usize; 2],
) -> usize {
    let (c, level) = (bias[1], colours.0);
    expect_shape("colour_conv: out", out, [level.n_outputs, c]);
    expect_shape("colour_conv: projected", projected, [level.n_inputs, 3 * c]);
    expect_shape("colour_conv: bias", bias, [1, c]);
    c
}
