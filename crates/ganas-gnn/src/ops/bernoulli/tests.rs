//! Bernoulli decisions: probabilities, entropy, sampling, gradient.

use super::{Bernoulli as _, Exploration};
use crate::testing::{check_gradient, close, mat, values, weighted_sum};
use crate::{Cpu, Mat};

const N: usize = 5;
const MASKS: [u64; N] = [0b11, 0b11, 0b01, 0b10, 0b11];
const CHOSEN: [u32; N] = [0, 1, 0, 1, 1];

fn forward(logits: &[f64]) -> (Cpu<f64>, Mat<Cpu<f64>>, Mat<Cpu<f64>>) {
    let device = Cpu::new();
    let [mut log_prob, mut entropy] = [(); 2].map(|()| mat(&device, &[9.0; N], N, 1));
    device.bernoulli_fwd(
        log_prob.view_mut(),
        entropy.view_mut(),
        mat(&device, logits, N, 1).view(),
        &MASKS.to_vec(),
        &CHOSEN.to_vec(),
    );
    (device, log_prob, entropy)
}

#[test]
fn equals_the_definition() {
    let logits = [0.0, 2.0, 1.0, -3.0, -40.0];
    let (device, log_prob, entropy) = forward(&logits);
    let p = |x: f64| 1.0 / (1.0 + (-x).exp());
    let h = |p: f64| -p * p.ln() - (1.0 - p) * (1.0 - p).ln();
    close(
        &device,
        log_prob.view(),
        &[0.5_f64.ln(), p(2.0).ln(), 0.0, 0.0, -40.0],
        1e-12,
    );
    close(
        &device,
        entropy.view(),
        &[2.0_f64.ln(), h(p(2.0)), 0.0, 0.0, 41.0 * (-40.0_f64).exp()],
        1e-12,
    );
}

#[test]
fn gradient() {
    let (logits, up_log_prob, up_entropy) = (values(1, N), values(2, N), values(3, N));
    let device = Cpu::<f64>::new();
    let mut d_logits = mat(&device, &[9.0; N], N, 1);
    device.bernoulli_bwd(
        d_logits.view_mut(),
        mat(&device, &up_log_prob, N, 1).view(),
        mat(&device, &up_entropy, N, 1).view(),
        mat(&device, &logits, N, 1).view(),
        &MASKS.to_vec(),
        &CHOSEN.to_vec(),
    );
    check_gradient("logits", &logits, d_logits.view().host(), |x| {
        let (_, log_prob, entropy) = forward(x);
        weighted_sum(log_prob.view().host(), &up_log_prob)
            + weighted_sum(entropy.view().host(), &up_entropy)
    });
}

#[test]
fn sampling_follows_probability_and_mask() {
    let device = Cpu::<f64>::new();
    let mut chosen = Vec::new();
    let mut draw = |logit: f64, mask: u64, u: f64, exploration| {
        device.bernoulli_sample(
            &mut chosen,
            mat(&device, &[logit], 1, 1).view(),
            &vec![mask],
            mat(&device, &[u], 1, 1).view(),
            exploration,
        );
        chosen[0]
    };
    let p = 1.0 / (1.0 + (-1.5_f64).exp());
    assert_eq!(draw(1.5, 0b11, p - 1e-9, Exploration::NONE), 1);
    assert_eq!(draw(1.5, 0b11, p + 1e-9, Exploration::NONE), 0);
    assert_eq!(draw(50.0, 0b01, 0.0, Exploration::NONE), 0);
    assert_eq!(draw(-50.0, 0b10, 0.999, Exploration::NONE), 1);
    let mixed = Exploration {
        temperature: 1.0,
        uniform_mix: 0.4,
    };
    assert_eq!(draw(1.5, 0b11, 0.6 * p + 0.2 - 1e-9, mixed), 1);
    assert_eq!(draw(1.5, 0b11, 0.6 * p + 0.2 + 1e-9, mixed), 0);
}
