//! Affine maps against their parts, on every device.

use super::AffineInputs;
use crate::ops::bias_activation::{Activation, BiasActivation as _};
use crate::ops::product::{Product as _, Write};
use crate::testing::{OnDevice, Tolerance, agree, random, read, unset};
use crate::{Backend, Cpu};

struct Case([usize; 3], Activation);

impl OnDevice for Case {
    fn results<B: Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        let Self([n, inputs, outputs], activation) = *self;
        let (x, weight) = (
            random(device, 1, n, inputs),
            random(device, 2, inputs, outputs),
        );
        let bias = random(device, 3, 1, outputs);
        let mut y = unset(device, n, outputs);
        let inputs = AffineInputs {
            x: x.view(),
            weight: weight.view(),
            bias: bias.view(),
            activation,
        };
        device.affine_fwd(y.view_mut(), inputs);
        vec![("y", read(device, y.view()))]
    }
}

#[test]
fn equals_its_parts() {
    let device = Cpu::<f64>::new();
    for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
        let (x, weight, bias) = (
            random(&device, 1, 7, 5),
            random(&device, 2, 5, 3),
            random(&device, 3, 1, 3),
        );
        let mut y = unset(&device, 7, 3);
        device.product(y.view_mut(), x.view(), weight.view(), Write::Set);
        device.bias_activation_fwd(y.view_mut(), bias.view(), activation);
        let found = Case([7, 5, 3], activation).results(&device);
        assert_eq!(found[0].1, read(&device, y.view()));
    }
}

#[test]
fn devices_agree() {
    for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
        // The last shape is one whose depth is shared out.
        for shape in [[0, 3, 2], [1, 1, 1], [65, 33, 7], [70, 300, 129]] {
            agree(&Case(shape, activation), Tolerance::F32_SUM);
        }
    }
}
