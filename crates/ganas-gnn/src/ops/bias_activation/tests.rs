//! Bias and activation, and their gradient.

use super::{Activation, BiasActivation as _};
use crate::testing::{Tolerance, check_gradient, close, mat, values, weighted_sum};
use crate::{Cpu, Mat};

fn forward(x: &[f64], bias: &[f64], activation: Activation) -> (Cpu<f64>, Mat<Cpu<f64>>) {
    let device = Cpu::new();
    let mut y = mat(&device, x, x.len() / bias.len(), bias.len());
    device.bias_activation_fwd(
        y.view_mut(),
        mat(&device, bias, 1, bias.len()).view(),
        activation,
    );
    (device, y)
}

#[test]
fn values_of_each_activation() {
    for (activation, expected) in [
        (Activation::Identity, [1.5, -1.0]),
        (Activation::Relu, [1.5, 0.0]),
        (Activation::Tanh, [1.5_f64.tanh(), -(1.0_f64.tanh())]),
    ] {
        let (device, y) = forward(&[1.0, 1.0], &[0.5, -2.0], activation);
        close(&device, y.view(), &expected, Tolerance::ROUNDING);
    }
}

#[test]
fn gradient() {
    for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
        let (x, bias, upstream) = (values(1, 20), values(2, 5), values(3, 20));
        let (device, y) = forward(&x, &bias, activation);
        let mut d_y = mat(&device, &upstream, 4, 5);
        let mut d_bias = mat(&device, &[0.0; 5], 1, 5);
        device.bias_activation_bwd(d_y.view_mut(), d_bias.view_mut(), y.view(), activation);
        check_gradient("x", &x, d_y.view().host(), |x| {
            weighted_sum(forward(x, &bias, activation).1.view().host(), &upstream)
        });
        check_gradient("bias", &bias, d_bias.view().host(), |b| {
            weighted_sum(forward(&x, b, activation).1.view().host(), &upstream)
        });
    }
}

struct Case([usize; 2], Activation);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{random, read};
        let Self([n, c], activation) = *self;
        let (mut y, mut d_y) = (random(device, 1, n, c), random(device, 2, n, c));
        let (bias, mut d_bias) = (random(device, 3, 1, c), random(device, 4, 1, c));
        device.bias_activation_fwd(y.view_mut(), bias.view(), activation);
        device.bias_activation_bwd(d_y.view_mut(), d_bias.view_mut(), y.view(), activation);
        let mats = [("y", y), ("d_y", d_y), ("d_bias", d_bias)];
        mats.map(|(name, mat)| (name, read(device, mat.view())))
            .into()
    }
}

#[test]
fn devices_agree() {
    for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
        for shape in [[0, 3], [1, 1], [7, 24], [100, 65], [33, 128]] {
            crate::testing::agree(&Case(shape, activation), Tolerance::F32_POINTWISE);
        }
    }
}
