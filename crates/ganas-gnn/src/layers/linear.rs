//! A linear layer with activation.

use crate::ops::bias_activation::Activation;
use crate::ops::product::Old;
use crate::{Backend, Grads, Init, Layout, Mat, ParamId, Params, View, ViewMut};

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
    /// Adds the parameters `{name}.weight` and `{name}.bias` to a layout.
    pub fn new(
        layout: &mut Layout,
        name: &str,
        inputs: usize,
        outputs: usize,
        activation: Activation,
    ) -> Self {
        let init = Init::Glorot {
            gain: 1.0,
            fan_in: inputs,
            fan_out: outputs,
        };
        Self::with_init(layout, name, inputs, outputs, activation, init)
    }

    /// As [`new`](Self::new), with the weights starting as given.
    pub fn with_init(
        layout: &mut Layout,
        name: &str,
        inputs: usize,
        outputs: usize,
        activation: Activation,
        init: Init,
    ) -> Self {
        let weight = layout.matrix(format!("{name}.weight"), inputs, outputs, init);
        let bias = layout.bias(format!("{name}.bias"), outputs);
        Self {
            weight,
            bias,
            outputs,
            activation,
        }
    }

    /// Fills `y`.
    pub fn forward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        y: &mut Mat<B>,
        x: View<'_, B>,
    ) {
        y.reshape(device, x.shape()[0], self.outputs);
        let (weight, bias) = (params.view(self.weight), params.view(self.bias));
        device.affine_fwd(y.view_mut(), x, weight, bias, self.activation);
    }

    /// Adds to the gradients; overwrites `d_y` with the derivative before the activation.
    pub fn backward<B: Backend>(
        &self,
        device: &B,
        grads: &mut Grads<B>,
        d_y: &mut Mat<B>,
        y: View<'_, B>,
        x: View<'_, B>,
    ) {
        device.bias_activation_bwd(
            d_y.view_mut(),
            grads.view_mut(self.bias),
            y,
            self.activation,
        );
        device.product(
            grads.view_mut(self.weight),
            x.transposed(),
            d_y.view(),
            Old::Add,
        );
    }

    /// After [`backward`](Self::backward): the derivative with respect to `x`, written or added.
    pub fn backward_input<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        d_x: ViewMut<'_, B>,
        d_y: View<'_, B>,
        old: Old,
    ) {
        device.product(d_x, d_y, params.view(self.weight).transposed(), old);
    }
}
