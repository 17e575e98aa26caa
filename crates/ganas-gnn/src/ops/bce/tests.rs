//! Binary cross-entropy against the definition, and its gradient.

use super::{BinaryCrossEntropy as _, Targets};
use crate::Cpu;
use crate::testing::{Tolerance, check_gradient, mat, values};

const TARGETS: [f64; 6] = [0.0, 1.0, 1.0, 0.0, 0.3, 1.0];
const WEIGHTS: [f64; 6] = [1.0, 2.0, 0.5, 0.0, 1.5, 0.25];

fn loss(x: &[f64]) -> (f64, Vec<f64>) {
    let device = Cpu::<f64>::new();
    let mut d = mat(&device, &[9.0; 6], 2, 3);
    let loss = device.bce(
        d.view_mut(),
        mat(&device, x, 2, 3).view(),
        Targets {
            values: mat(&device, &TARGETS, 2, 3).view(),
            weights: mat(&device, &WEIGHTS, 2, 3).view(),
        },
    );
    (loss, d.view().host().to_vec())
}

#[test]
fn equals_the_definition() {
    let x = values(1, 6);
    let mut expected = 0.0;
    for i in 0..6 {
        let p: f64 = 1.0 / (1.0 + (-x[i]).exp());
        expected -= WEIGHTS[i] * (TARGETS[i] * p.ln() + (1.0 - TARGETS[i]) * (1.0 - p).ln());
    }
    Tolerance::ROUNDING.check("loss", &[loss(&x).0], &[expected]);
}

#[test]
fn gradient() {
    let x = values(1, 6);
    check_gradient("logits", &x, &loss(&x).1, |x| loss(x).0);
}

#[test]
fn large_logits_do_not_overflow() {
    let (loss, d) = loss(&[800.0, 800.0, -800.0, -800.0, 0.0, 0.0]);
    let expected = 800.0 + 400.0 + 1.75 * 2.0_f64.ln();
    Tolerance::ROUNDING.check("loss", &[loss], &[expected]);
    assert!(d.iter().all(|x| x.is_finite()));
}

struct Case([usize; 2]);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{random, read, unset};
        let Self([rows, cols]) = *self;
        let [x, t, w] = [1, 2, 3].map(|seed| random(device, seed, rows, cols));
        let mut d = unset(device, rows, cols);
        let loss = device.bce(
            d.view_mut(),
            x.view(),
            Targets {
                values: t.view(),
                weights: w.view(),
            },
        );
        vec![("loss", vec![loss]), ("d_logits", read(device, d.view()))]
    }
}

#[test]
fn devices_agree() {
    for shape in [[0, 3], [1, 1], [7, 24], [300, 178]] {
        crate::testing::agree(&Case(shape), Tolerance::F32_POINTWISE);
    }
}
