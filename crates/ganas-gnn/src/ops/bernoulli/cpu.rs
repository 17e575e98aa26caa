//! Bernoulli decisions on the CPU.

use super::{Bernoulli, Exploration, check};
use crate::cpu::{block_rows, for_each};
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Bernoulli for Cpu<T> {
    fn bernoulli_sample(
        &self,
        chosen: &mut Vec<u32>,
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Vec<u64>,
        uniforms: View<'_, Self>,
        exploration: Exploration,
    ) {
        check(
            &[scores.shape(), prior.shape(), uniforms.shape()],
            masks.len(),
        );
        let (temperature, mix) = (
            T::of(exploration.temperature),
            T::of(exploration.uniform_mix),
        );
        let logits = scores.host().iter().zip(prior.host().iter());
        let rows = logits.zip(masks).zip(uniforms.host());
        chosen.clear();
        chosen.extend(rows.map(|(((&s, &b), &mask), &u)| match legal(mask) {
            Legal::Only(action) => action,
            Legal::Both => {
                let p = (T::one() - mix) * T::sigmoid(s / temperature + b) + mix * T::sigmoid(b);
                u32::from(u < p)
            }
        }));
    }

    fn bernoulli_fwd(
        &self,
        log_prob: ViewMut<'_, Self>,
        entropy: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Vec<u64>,
        chosen: &Vec<u32>,
    ) {
        check(
            &[
                log_prob.shape(),
                entropy.shape(),
                scores.shape(),
                prior.shape(),
            ],
            masks.len(),
        );
        let n = block_rows(chosen.len(), WORK);
        let outputs = log_prob
            .host()
            .chunks_mut(n)
            .zip(entropy.host().chunks_mut(n));
        let logits = scores.host().chunks(n).zip(prior.host().chunks(n));
        let inputs = logits.zip(masks.chunks(n).zip(chosen.chunks(n)));
        for_each(
            outputs.zip(inputs),
            |((log_prob, entropy), ((scores, prior), (masks, chosen)))| {
                let outputs = log_prob.iter_mut().zip(entropy);
                let inputs = scores.iter().zip(prior).zip(masks.iter().zip(chosen));
                for ((log_prob, entropy), ((&s, &b), (&mask, &action))) in outputs.zip(inputs) {
                    (*log_prob, *entropy) = forward(s + b, mask, action);
                }
            },
        );
    }

    fn bernoulli_bwd(
        &self,
        d_scores: ViewMut<'_, Self>,
        [d_log_prob, d_entropy]: [View<'_, Self>; 2],
        scores: View<'_, Self>,
        prior: View<'_, Self>,
        masks: &Vec<u64>,
        chosen: &Vec<u32>,
    ) {
        check(
            &[
                d_scores.shape(),
                d_log_prob.shape(),
                d_entropy.shape(),
                scores.shape(),
                prior.shape(),
            ],
            masks.len(),
        );
        let n = block_rows(chosen.len(), WORK);
        let upstream = d_log_prob.host().chunks(n).zip(d_entropy.host().chunks(n));
        let logits = scores.host().chunks(n).zip(prior.host().chunks(n));
        let inputs = logits.zip(masks.chunks(n).zip(chosen.chunks(n)));
        for_each(
            d_scores.host().chunks_mut(n).zip(upstream).zip(inputs),
            |((d, (d_log_prob, d_entropy)), ((scores, prior), (masks, chosen)))| {
                let upstream = d_log_prob.iter().zip(d_entropy);
                let inputs = scores.iter().zip(prior).zip(masks.iter().zip(chosen));
                for ((d, (&d_log_prob, &d_entropy)), ((&s, &b), (&mask, &action))) in
                    d.iter_mut().zip(upstream).zip(inputs)
                {
                    *d = backward([d_log_prob, d_entropy], s + b, mask, action);
                }
            },
        );
    }
}

/// The work of a decision in multiply-adds of a product that take as long.
const WORK: usize = 1024;

/// The log-probability of an action, and the entropy of the decision.
fn forward<T: Element>(x: T, mask: u64, action: u32) -> (T, T) {
    match legal(mask) {
        Legal::Only(only) => {
            assert!(only == action, "bernoulli: action {action} is illegal");
            (T::zero(), T::zero())
        }
        Legal::Both => {
            let (miss, hit) = (T::softplus(x), T::softplus(-x));
            let p = T::sigmoid(x);
            let log_prob = if action == 1 { -hit } else { -miss };
            (log_prob, p * hit + (T::one() - p) * miss)
        }
    }
}

/// The derivative of the score.
fn backward<T: Element>([d_log_prob, d_entropy]: [T; 2], x: T, mask: u64, action: u32) -> T {
    match legal(mask) {
        Legal::Only(_) => T::zero(),
        Legal::Both => {
            let p = T::sigmoid(x);
            let hit = if action == 1 { T::one() } else { T::zero() };
            d_log_prob * (hit - p) - d_entropy * x * p * (T::one() - p)
        }
    }
}

enum Legal {
    Only(u32),
    Both,
}

fn legal(mask: u64) -> Legal {
    match mask {
        0b01 => Legal::Only(0),
        0b10 => Legal::Only(1),
        0b11 => Legal::Both,
        _ => panic!("bernoulli: the mask {mask:#b} must be 1, 2 or 3"),
    }
}
