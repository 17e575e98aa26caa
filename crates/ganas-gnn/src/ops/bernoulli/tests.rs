//! Bernoulli decisions: probabilities, entropy, sampling, gradient.

use super::{Bernoulli as _, BernoulliIn, BernoulliOut, Choices, Draw, Exploration, Logits};
use crate::testing::{Tolerance, check_gradient, close, mat, values, weighted_sum};
use crate::{Cpu, Mat};

const N: usize = 5;

/// From a probability to the uniform numbers on both sides of it.
const STEP: f64 = 1e-9;

const MASKS: [u64; N] = [0b11, 0b11, 0b01, 0b10, 0b11];
const CHOSEN: [u32; N] = [0, 1, 0, 1, 1];
const PRIOR: [f64; N] = [-0.5, 0.25, 4.0, 1.0, -1.5];

fn forward(scores: &[f64]) -> (Cpu<f64>, Mat<Cpu<f64>>, Mat<Cpu<f64>>) {
    let device = Cpu::new();
    let [mut log_prob, mut entropy] = [(); 2].map(|()| mat(&device, &[9.0; N], N, 1));
    device.bernoulli_fwd(
        BernoulliOut {
            log_prob: log_prob.view_mut(),
            entropy: entropy.view_mut(),
        },
        Logits {
            scores: mat(&device, scores, N, 1).view(),
            prior: mat(&device, &PRIOR, N, 1).view(),
        },
        Choices {
            masks: &MASKS.to_vec(),
            chosen: &CHOSEN.to_vec(),
        },
    );
    (device, log_prob, entropy)
}

#[test]
fn equals_the_definition() {
    let logits = [0.0, 2.0, 1.0, -3.0, -40.0];
    let scores: Vec<f64> = logits.iter().zip(PRIOR).map(|(x, b)| x - b).collect();
    let (device, log_prob, entropy) = forward(&scores);
    let p = |x: f64| 1.0 / (1.0 + (-x).exp());
    let h = |p: f64| -p * p.ln() - (1.0 - p) * (1.0 - p).ln();
    close(
        &device,
        log_prob.view(),
        &[0.5_f64.ln(), p(2.0).ln(), 0.0, 0.0, -40.0],
        Tolerance::ROUNDING,
    );
    close(
        &device,
        entropy.view(),
        &[2.0_f64.ln(), h(p(2.0)), 0.0, 0.0, 41.0 * (-40.0_f64).exp()],
        Tolerance::ROUNDING,
    );
}

#[test]
fn gradient() {
    let (scores, up_log_prob, up_entropy) = (values(1, N), values(2, N), values(3, N));
    let device = Cpu::<f64>::new();
    let mut d_scores = mat(&device, &[9.0; N], N, 1);
    device.bernoulli_bwd(
        d_scores.view_mut(),
        BernoulliIn {
            d_log_prob: mat(&device, &up_log_prob, N, 1).view(),
            d_entropy: mat(&device, &up_entropy, N, 1).view(),
            logits: Logits {
                scores: mat(&device, &scores, N, 1).view(),
                prior: mat(&device, &PRIOR, N, 1).view(),
            },
        },
        Choices {
            masks: &MASKS.to_vec(),
            chosen: &CHOSEN.to_vec(),
        },
    );
    check_gradient("scores", &scores, d_scores.view().host(), |x| {
        let (_, log_prob, entropy) = forward(x);
        weighted_sum(log_prob.view().host(), &up_log_prob)
            + weighted_sum(entropy.view().host(), &up_entropy)
    });
}

#[test]
fn sampling_follows_probability_and_mask() {
    let device = Cpu::<f64>::new();
    let mut chosen = Vec::new();
    let prior = 0.5;
    let mut draw = |logit: f64, mask: u64, u: f64, exploration| {
        device.bernoulli_sample(
            &mut chosen,
            Logits {
                scores: mat(&device, &[logit - prior], 1, 1).view(),
                prior: mat(&device, &[prior], 1, 1).view(),
            },
            Draw {
                masks: &vec![mask],
                uniforms: mat(&device, &[u], 1, 1).view(),
                exploration,
            },
        );
        chosen[0]
    };
    let p = 1.0 / (1.0 + (-1.5_f64).exp());
    assert_eq!(draw(1.5, 0b11, p - STEP, Exploration::NONE), 1);
    assert_eq!(draw(1.5, 0b11, p + STEP, Exploration::NONE), 0);
    assert_eq!(draw(50.0, 0b01, 0.0, Exploration::NONE), 0);
    assert_eq!(draw(-50.0, 0b10, 0.999, Exploration::NONE), 1);
    let mixed = Exploration {
        temperature: 1.0,
        uniform_mix: 0.4,
    };
    let unexplored = 1.0 / (1.0 + (-prior).exp());
    let p_mixed = 0.6 * p + 0.4 * unexplored;
    assert_eq!(draw(1.5, 0b11, p_mixed - STEP, mixed), 1);
    assert_eq!(draw(1.5, 0b11, p_mixed + STEP, mixed), 0);
    let hot = Exploration {
        temperature: 1e12,
        uniform_mix: 0.0,
    };
    assert_eq!(draw(1.5, 0b11, unexplored - STEP, hot), 1);
    assert_eq!(draw(1.5, 0b11, unexplored + STEP, hot), 0);
}

struct Case(usize);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{drawn_actions, evenly_spread, indices, masks, random, read, unset};
        let Self(n) = *self;
        let legal: Vec<u64> = (0..n).map(|i| [3, 3, 1, 2, 3][i % 5]).collect();
        let chosen: Vec<u32> = (0..n).map(|i| [0, 1, 0, 1, 1][i % 5]).collect();
        let (legal, chosen) = (masks(device, &legal), indices(device, &chosen));
        let (scores, prior) = (random(device, 1, n, 1), random(device, 2, n, 1));
        let [mut log_prob, mut entropy, mut d_scores] = [(); 3].map(|()| unset(device, n, 1));
        let (up_log_prob, up_entropy) = (random(device, 3, n, 1), random(device, 4, n, 1));
        let (scores, prior) = (scores.view(), prior.view());
        let logits = Logits { scores, prior };
        let choices = Choices {
            masks: &legal,
            chosen: &chosen,
        };
        let out = BernoulliOut {
            log_prob: log_prob.view_mut(),
            entropy: entropy.view_mut(),
        };
        device.bernoulli_fwd(out, logits, choices);
        let d = BernoulliIn {
            d_log_prob: up_log_prob.view(),
            d_entropy: up_entropy.view(),
            logits,
        };
        device.bernoulli_bwd(d_scores.view_mut(), d, choices);
        let uniforms = evenly_spread(device, n);
        let exploration = Exploration {
            temperature: 1.5,
            uniform_mix: 0.2,
        };
        let mut drawn = device.ints();
        let draw = Draw {
            masks: &legal,
            uniforms: uniforms.view(),
            exploration,
        };
        device.bernoulli_sample(&mut drawn, logits, draw);
        let drawn = drawn_actions(device, &drawn, n);
        let mats = [
            ("log_prob", log_prob),
            ("entropy", entropy),
            ("d_scores", d_scores),
        ];
        let mut results: Vec<_> = mats
            .map(|(name, mat)| (name, read(device, mat.view())))
            .into();
        results.push(("drawn", drawn));
        results
    }
}

#[test]
fn devices_agree() {
    for n in [0, 1, 5, 333] {
        crate::testing::agree(&Case(n), Tolerance::F32_POINTWISE);
    }
}
