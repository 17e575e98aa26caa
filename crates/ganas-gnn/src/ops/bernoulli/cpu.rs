//! Bernoulli decisions on the CPU.

use super::{Bernoulli, BernoulliIn, BernoulliOut, Choices, Draw, Logits};
use crate::cpu::{block_rows, for_each};
use crate::ops::Checked;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Bernoulli for Cpu<T> {
    fn bernoulli_sample_kernel(
        &self,
        chosen: &mut Vec<u32>,
        Logits { scores, prior }: Logits<'_, Self>,
        draw: Draw<'_, Self>,
        Checked([n]): Checked<1>,
    ) {
        let Draw {
            masks,
            uniforms,
            exploration,
        } = draw;
        let (temperature, mix) = (
            T::of(exploration.temperature),
            T::of(exploration.uniform_mix),
        );
        masks.iter().for_each(|&mask| check_mask(mask));
        chosen.clear();
        chosen.resize(n, 0);
        let [scores, prior, uniforms] = [scores, prior, uniforms].map(View::host);
        self.vectorised(
            #[inline(always)]
            || {
                let inputs = scores.iter().zip(prior).zip(uniforms).zip(masks);
                for (action, (((&s, &b), &u), &mask)) in chosen.iter_mut().zip(inputs) {
                    let p =
                        (T::one() - mix) * T::sigmoid(s / temperature + b) + mix * T::sigmoid(b);
                    *action = if mask == BOTH {
                        u32::from(u < p)
                    } else {
                        u32::from(mask == HIT)
                    };
                }
            },
        );
    }

    fn bernoulli_fwd_kernel(
        &self,
        BernoulliOut { log_prob, entropy }: BernoulliOut<'_, Self>,
        Logits { scores, prior }: Logits<'_, Self>,
        Choices { masks, chosen }: Choices<'_, Self>,
        Checked([n]): Checked<1>,
    ) {
        let n = block_rows(n, WORK);
        let outputs = log_prob
            .host()
            .chunks_mut(n)
            .zip(entropy.host().chunks_mut(n));
        let logits = scores.host().chunks(n).zip(prior.host().chunks(n));
        let inputs = logits.zip(masks.chunks(n).zip(chosen.chunks(n)));
        for_each(
            outputs.zip(inputs),
            |((log_prob, entropy), ((scores, prior), (masks, chosen)))| {
                check_actions(masks, chosen);
                let outputs = log_prob.iter_mut().zip(entropy);
                let inputs = scores.iter().zip(prior).zip(masks.iter().zip(chosen));
                self.vectorised(
                    #[inline(always)]
                    || {
                        for ((log_prob, entropy), ((&s, &b), (&mask, &action))) in
                            outputs.zip(inputs)
                        {
                            (*log_prob, *entropy) = forward(s + b, mask, action);
                        }
                    },
                );
            },
        );
    }

    fn bernoulli_bwd_kernel(
        &self,
        d_scores: ViewMut<'_, Self>,
        d: BernoulliIn<'_, Self>,
        Choices { masks, chosen }: Choices<'_, Self>,
        Checked([n]): Checked<1>,
    ) {
        let BernoulliIn {
            d_log_prob,
            d_entropy,
            logits: Logits { scores, prior },
        } = d;
        let n = block_rows(n, WORK);
        let upstream = d_log_prob.host().chunks(n).zip(d_entropy.host().chunks(n));
        let logits = scores.host().chunks(n).zip(prior.host().chunks(n));
        let inputs = logits.zip(masks.chunks(n).zip(chosen.chunks(n)));
        for_each(
            d_scores.host().chunks_mut(n).zip(upstream).zip(inputs),
            |((d, (d_log_prob, d_entropy)), ((scores, prior), (masks, chosen)))| {
                let upstream = d_log_prob.iter().zip(d_entropy);
                let inputs = scores.iter().zip(prior).zip(masks.iter().zip(chosen));
                let rows = d.iter_mut().zip(upstream).zip(inputs);
                self.vectorised(
                    #[inline(always)]
                    || {
                        for ((d, (&d_log_prob, &d_entropy)), ((&s, &b), (&mask, &action))) in rows {
                            let d_logit = backward([d_log_prob, d_entropy], s + b, action);
                            *d = if mask == BOTH { d_logit } else { T::zero() };
                        }
                    },
                );
            },
        );
    }
}

/// The work of a decision in multiply-adds of a product that take as long.
const WORK: usize = 128;

/// The mask under which 1 is the only legal action.
const HIT: u64 = 0b10;

/// The mask under which both actions are legal.
const BOTH: u64 = 0b11;

fn check_mask(mask: u64) {
    assert!(
        (1..=BOTH).contains(&mask),
        "bernoulli: the mask {mask:#b} must be 1, 2 or 3"
    );
}

fn check_actions(masks: &[u64], actions: &[u32]) {
    for (&mask, &action) in masks.iter().zip(actions) {
        check_mask(mask);
        let is_legal = action < 2 && mask >> action & 1 == 1;
        assert!(
            is_legal,
            "bernoulli: action {action} is illegal under {mask:#b}"
        );
    }
}

/// The log-probability of an action, 1 or 0, and the entropy of the decision; without branches.
#[inline(always)]
fn forward<T: Element>(x: T, mask: u64, action: u32) -> (T, T) {
    let (miss, hit) = (T::softplus(x), T::softplus(-x));
    let p = T::sigmoid(x);
    let log_prob = if action == 1 { -hit } else { -miss };
    let entropy = p * hit + (T::one() - p) * miss;
    if mask == BOTH {
        (log_prob, entropy)
    } else {
        (T::zero(), T::zero())
    }
}

/// The derivative of the logit of a decision with two legal actions; without branches.
#[inline(always)]
fn backward<T: Element>([d_log_prob, d_entropy]: [T; 2], x: T, action: u32) -> T {
    let p = T::sigmoid(x);
    let hit = if action == 1 { T::one() } else { T::zero() };
    d_log_prob * (hit - p) - d_entropy * x * p * (T::one() - p)
}
