//! Categorical decisions: probabilities, entropy, sampling, gradient.

use super::{Categorical as _, CategoricalIn, CategoricalOut, Choices, Draw, Exploration};
use crate::testing::{Tolerance, check_gradient, close, mat, values, weighted_sum};
use crate::{Cpu, Mat};

const N: usize = 4;
const A: usize = 5;
const MASKS: [u64; N] = [0b11111, 0b01010, 0b10000, 0b00111];
const CHOSEN: [u32; N] = [2, 3, 4, 0];

fn forward(logits: &[f64]) -> (Cpu<f64>, [Mat<Cpu<f64>>; 3]) {
    let device = Cpu::new();
    let [mut log_prob, mut entropy] = [(); 2].map(|()| mat(&device, &[9.0; N], N, 1));
    let mut log_probs = mat(&device, &[9.0; N * A], N, A);
    device.categorical_fwd(
        CategoricalOut {
            log_prob: log_prob.view_mut(),
            entropy: entropy.view_mut(),
            log_probs: log_probs.view_mut(),
        },
        mat(&device, logits, N, A).view(),
        Choices {
            masks: &MASKS.to_vec(),
            chosen: &CHOSEN.to_vec(),
        },
    );
    (device, [log_prob, entropy, log_probs])
}

#[test]
fn equals_the_definition() {
    let logits: Vec<f64> = values(1, N * A).iter().map(|x| 3.0 * x).collect();
    let (device, [log_prob, entropy, _]) = forward(&logits);
    let (mut log_probs, mut entropies) = (Vec::new(), Vec::new());
    for row in 0..N {
        let legal: Vec<usize> = (0..A).filter(|a| MASKS[row] >> a & 1 == 1).collect();
        let total: f64 = legal.iter().map(|a| logits[row * A + a].exp()).sum();
        let p = |a: usize| logits[row * A + a].exp() / total;
        log_probs.push(p(CHOSEN[row] as usize).ln());
        entropies.push(-legal.iter().map(|&a| p(a) * p(a).ln()).sum::<f64>());
    }
    close(&device, log_prob.view(), &log_probs, Tolerance::ROUNDING);
    close(&device, entropy.view(), &entropies, Tolerance::ROUNDING);
}

#[test]
fn gradient() {
    let logits = values(1, N * A);
    let (up_log_prob, up_entropy) = (values(2, N), values(3, N));
    let (device, [_, _, log_probs]) = forward(&logits);
    let mut d_logits = mat(&device, &[9.0; N * A], N, A);
    device.categorical_bwd(
        d_logits.view_mut(),
        CategoricalIn {
            d_log_prob: mat(&device, &up_log_prob, N, 1).view(),
            d_entropy: mat(&device, &up_entropy, N, 1).view(),
            log_probs: log_probs.view(),
        },
        Choices {
            masks: &MASKS.to_vec(),
            chosen: &CHOSEN.to_vec(),
        },
    );
    check_gradient("logits", &logits, d_logits.view().host(), |x| {
        let (_, [log_prob, entropy, _]) = forward(x);
        weighted_sum(log_prob.view().host(), &up_log_prob)
            + weighted_sum(entropy.view().host(), &up_entropy)
    });
}

/// The share of each action over a fine grid of uniform numbers is its probability.
#[test]
fn sampling_follows_the_distribution() {
    let device = Cpu::<f32>::new();
    let logits = [0.0, 1.0, 50.0, 0.5, -1.0];
    let legal = [0, 1, 3, 4];
    let mask = 0b11011;
    let draws = 20_000;
    let uniforms: Vec<f64> = (0..draws)
        .map(|i| (f64::from(i) + 0.5) / f64::from(draws))
        .collect();
    let rows = uniforms.len();
    for (temperature, uniform_mix) in [(1.0, 0.0), (2.0, 0.0), (1.0, 1.0), (1.0, 0.5), (0.5, 0.1)] {
        let exploration = Exploration {
            temperature,
            uniform_mix,
        };
        let mut chosen = Vec::new();
        device.categorical_sample(
            &mut chosen,
            mat(&device, &logits.repeat(rows), rows, A).view(),
            Draw {
                masks: &vec![mask; rows],
                uniforms: mat(&device, &uniforms, rows, 1).view(),
                exploration,
            },
        );
        let total: f64 = legal
            .iter()
            .map(|&a: &usize| (logits[a] / temperature).exp())
            .sum();
        for (action, logit) in logits.iter().enumerate() {
            let p = (logit / temperature).exp() / total;
            let expected = if legal.contains(&action) {
                (1.0 - uniform_mix) * p + uniform_mix / 4.0
            } else {
                0.0
            };
            let count = chosen.iter().filter(|&&a| a as usize == action).count();
            let found = count as f64 / f64::from(draws);
            let what = format!("{exploration:?}: {action}");
            Tolerance::SHARE.check(&what, &[found], &[expected]);
        }
    }
}

/// The largest number below 1 draws the last legal action, whatever the rounding.
#[test]
fn sampling_at_the_edge() {
    let device = Cpu::<f32>::new();
    for mask in [0b00001, 0b10000, 0b01010, 0b11111] {
        let mut chosen = Vec::new();
        device.categorical_sample(
            &mut chosen,
            mat(&device, &[0.1, 0.2, 0.3, 0.1, 0.2], 1, A).view(),
            Draw {
                masks: &vec![mask],
                uniforms: mat(&device, &[1.0 - 1.0 / 16_777_216.0], 1, 1).view(),
                exploration: Exploration::NONE,
            },
        );
        assert_eq!(chosen, [63 - mask.leading_zeros()]);
    }
}

struct Case(usize, usize);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{drawn_actions, evenly_spread, indices, masks, random, read, unset};
        let Self(n, actions) = *self;
        let all = u64::MAX >> (64 - actions);
        let legal = |row: usize| {
            let mask = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) & all;
            if mask == 0 { 1 } else { mask }
        };
        let legal: Vec<u64> = (0..n).map(legal).collect();
        let chosen: Vec<u32> = legal.iter().map(|mask| mask.trailing_zeros()).collect();
        let (legal, chosen) = (masks(device, &legal), indices(device, &chosen));
        let logits = random(device, 1, n, actions);
        let [mut log_prob, mut entropy] = [(); 2].map(|()| unset(device, n, 1));
        let [mut log_probs, mut d_logits] = [(); 2].map(|()| unset(device, n, actions));
        let out = CategoricalOut {
            log_prob: log_prob.view_mut(),
            entropy: entropy.view_mut(),
            log_probs: log_probs.view_mut(),
        };
        let choices = Choices {
            masks: &legal,
            chosen: &chosen,
        };
        device.categorical_fwd(out, logits.view(), choices);
        let (d_log_prob, d_entropy) = (random(device, 2, n, 1), random(device, 3, n, 1));
        let d = CategoricalIn {
            d_log_prob: d_log_prob.view(),
            d_entropy: d_entropy.view(),
            log_probs: log_probs.view(),
        };
        device.categorical_bwd(d_logits.view_mut(), d, choices);
        let mut drawn = device.ints();
        let uniforms = evenly_spread(device, n);
        let exploration = Exploration {
            temperature: 1.5,
            uniform_mix: 0.2,
        };
        let draw = Draw {
            masks: &legal,
            uniforms: uniforms.view(),
            exploration,
        };
        device.categorical_sample(&mut drawn, logits.view(), draw);
        let drawn = drawn_actions(device, &drawn, n);
        let mats = [
            ("log_prob", log_prob),
            ("entropy", entropy),
            ("log_probs", log_probs),
            ("d_logits", d_logits),
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
    for (n, actions) in [(0, 3), (1, 1), (7, 5), (100, 33), (65, 64)] {
        crate::testing::agree(&Case(n, actions), Tolerance::F32_SUM);
    }
}
