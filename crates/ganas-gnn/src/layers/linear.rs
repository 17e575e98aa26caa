//! A linear layer with activation.

use crate::ops::affine::AffineInputs;
use crate::ops::bias_activation::Activation;
use crate::ops::product::Write;
use crate::{Backend, Backward, Forward, Init, Layout, Mat, ParamId, View, ViewMut};

/// `y = act(x W + b)`; shapes `x [n, inputs]`, `W [inputs, outputs]`, `b [1, outputs]`, `y [n, outputs]`.
///
/// PyTorch: `torch.nn.Linear` (whose weight is the transpose of `W`), then the activation.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    weight: ParamId,
    bias: ParamId,
    outputs: usize,
    activation: Activation,
}

impl Linear {
    /// Adds the parameters `{name}.weight` and `{name}.bias` to a layout, for a shape of inputs and outputs.
    pub fn new(layout: &mut Layout, name: &str, shape: [usize; 2], activation: Activation) -> Self {
        let [fan_in, fan_out] = shape;
        let init = Init::Glorot {
            gain: 1.0,
            fan_in,
            fan_out,
        };
        Self::with_init(layout, name, shape, activation, init)
    }

    /// As [`new`](Self::new), with the weights starting as given.
    pub fn with_init(
        layout: &mut Layout,
        name: &str,
        [inputs, outputs]: [usize; 2],
        activation: Activation,
        init: Init,
    ) -> Self {
        Self {
            weight: layout.matrix(format!("{name}.weight"), inputs, outputs, init),
            bias: layout.bias(format!("{name}.bias"), outputs),
            outputs,
            activation,
        }
    }

    /// Fills `y`.
    pub fn forward<B: Backend>(&self, pass: Forward<'_, B>, y: &mut Mat<B>, x: View<'_, B>) {
        let Forward { device, params } = pass;
        y.reshape(device, x.shape()[0], self.outputs);
        let inputs = AffineInputs {
            x,
            weight: params.view(self.weight),
            bias: params.view(self.bias),
            activation: self.activation,
        };
        device.affine_fwd(y.view_mut(), inputs);
    }

    /// Adds to the gradients; overwrites `d_y` with the derivative before the activation.
    pub fn backward<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        d_y: &mut Mat<B>,
        y: View<'_, B>,
        x: View<'_, B>,
    ) {
        let Backward { device, grads, .. } = pass;
        let d_bias = grads.view_mut(self.bias);
        device.bias_activation_bwd(d_y.view_mut(), d_bias, y, self.activation);
        let d_weight = grads.view_mut(self.weight);
        device.product(d_weight, x.transposed(), d_y.view(), Write::Add);
    }

    /// After [`backward`](Self::backward): the derivative with respect to `x`, written or added.
    pub fn backward_input<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        d_x: ViewMut<'_, B>,
        d_y: View<'_, B>,
        write: Write,
    ) {
        device.product(d_x, d_y, params.view(self.weight).transposed(), write);
    }
}
