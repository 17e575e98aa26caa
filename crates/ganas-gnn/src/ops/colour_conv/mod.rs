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
use super::graph_conv::{ConvDerivatives, ConvInputs};
use super::{Checked, expect_shape};
use crate::device::copied;
use crate::refinement::Level;
use crate::{Device, View, ViewMut};

/// How the outputs of a layer come from its inputs, which is opaque outside of this crate, and what follows.
#[derive(Debug)]
pub struct ColourConv<'a, D: Device> {
    pub(crate) level: &'a Level<D>,
    pub(crate) activation: Activation,
}

copied!(ColourConv);

/// Devices that aggregate over distinct neighbours.
pub trait ColourConvolve: Device {
    /// Fills `out [outputs, c]` from the projections of inputs, `[inputs, 3c]`, and the bias.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn colour_conv_fwd(
        &self,
        out: ViewMut<'_, Self>,
        inputs: ConvInputs<'_, Self>,
        conv: ColourConv<'_, Self>,
    ) {
        let shapes = [inputs.projected.shape(), inputs.bias.shape()];
        let sizes = check(out.shape(), shapes, conv);
        self.colour_conv_fwd_kernel(out, inputs, conv, sizes);
    }

    /// Fills `d_projected` and adds to `d_bias`, from `d_out` and `out`.
    ///
    /// # Panics
    ///
    /// When the shapes do not fit.
    fn colour_conv_bwd(
        &self,
        d: ConvDerivatives<'_, Self>,
        out: View<'_, Self>,
        conv: ColourConv<'_, Self>,
    ) {
        let shapes = [d.d_projected.shape(), d.d_bias.shape()];
        let sizes = check(out.shape(), shapes, conv);
        expect_shape("colour_conv: d_out", d.d_out.shape(), out.shape());
        self.colour_conv_bwd_kernel(d, out, conv, sizes);
    }

    /// The kernel of [`colour_conv_fwd`](Self::colour_conv_fwd), for inputs, outputs and `c`.
    fn colour_conv_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        inputs: ConvInputs<'_, Self>,
        conv: ColourConv<'_, Self>,
        sizes: Checked<3>,
    );

    /// The kernel of [`colour_conv_bwd`](Self::colour_conv_bwd), for inputs, outputs and `c`.
    fn colour_conv_bwd_kernel(
        &self,
        d: ConvDerivatives<'_, Self>,
        out: View<'_, Self>,
        conv: ColourConv<'_, Self>,
        sizes: Checked<3>,
    );
}

/// Inputs, outputs and the width.
fn check<D: Device>(
    out: [usize; 2],
    [projected, bias]: [[usize; 2]; 2],
    conv: ColourConv<'_, D>,
) -> Checked<3> {
    let (c, level) = (bias[1], conv.level);
    expect_shape("colour_conv: out", out, [level.n_outputs, c]);
    expect_shape("colour_conv: projected", projected, [level.n_inputs, 3 * c]);
    expect_shape("colour_conv: bias", bias, [1, c]);
    Checked([level.n_inputs, level.n_outputs, c])
}
