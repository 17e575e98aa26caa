//! Categorical decisions on the CPU.

use super::{Categorical, CategoricalIn, CategoricalOut, Choices, Draw, Exploration};
use crate::cpu::{block_rows, for_each};
use crate::index::to_usize;
use crate::ops::Checked;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Categorical for Cpu<T> {
    fn categorical_sample_kernel(
        &self,
        chosen: &mut Vec<u32>,
        logits: View<'_, Self>,
        draw: Draw<'_, Self>,
        Checked([_, actions]): Checked<2>,
    ) {
        let Draw {
            masks,
            uniforms,
            exploration,
        } = draw;
        chosen.clear();
        let rows = logits
            .host()
            .chunks_exact(actions)
            .zip(masks)
            .zip(uniforms.host());
        chosen.extend(rows.map(|((logits, &mask), &u)| sample(logits, mask, u, exploration)));
    }

    fn categorical_fwd_kernel(
        &self,
        out: CategoricalOut<'_, Self>,
        logits: View<'_, Self>,
        Choices { masks, chosen }: Choices<'_, Self>,
        Checked([n_rows, actions]): Checked<2>,
    ) {
        let n = block_rows(n_rows, WORK * actions);
        let outputs = (out.log_probs.host().chunks_mut(n * actions))
            .zip(out.log_prob.host().chunks_mut(n))
            .zip(out.entropy.host().chunks_mut(n));
        let inputs = logits.host().chunks(n * actions);
        let inputs = inputs.zip(masks.chunks(n).zip(chosen.chunks(n)));
        for_each(
            outputs.zip(inputs),
            |(((log_probs, log_prob), entropy), (logits, (masks, chosen)))| {
                let rows = log_probs
                    .chunks_exact_mut(actions)
                    .zip(logits.chunks_exact(actions))
                    .zip(masks.iter().zip(chosen))
                    .zip(log_prob.iter_mut().zip(entropy));
                for (((log_probs, logits), (&mask, &action)), (log_prob, entropy)) in rows {
                    (*log_prob, *entropy) = forward(log_probs, logits, mask, action);
                }
            },
        );
    }

    fn categorical_bwd_kernel(
        &self,
        d_logits: ViewMut<'_, Self>,
        d: CategoricalIn<'_, Self>,
        Choices { masks, chosen }: Choices<'_, Self>,
        Checked([n_rows, actions]): Checked<2>,
    ) {
        let n = block_rows(n_rows, WORK * actions);
        let upstream = (d.d_log_prob.host().chunks(n)).zip(d.d_entropy.host().chunks(n));
        let inputs = d.log_probs.host().chunks(n * actions);
        let inputs = inputs.zip(masks.chunks(n).zip(chosen.chunks(n)));
        for_each(
            (d_logits.host().chunks_mut(n * actions)).zip(upstream.zip(inputs)),
            |(d_logits, ((d_log_prob, d_entropy), (log_probs, (masks, chosen))))| {
                let rows = d_logits
                    .chunks_exact_mut(actions)
                    .zip(log_probs.chunks_exact(actions))
                    .zip(masks.iter().zip(chosen))
                    .zip(d_log_prob.iter().zip(d_entropy));
                for (((d_logits, log_probs), (&mask, &action)), (&d_log_prob, &d_entropy)) in rows {
                    backward(d_logits, log_probs, [d_log_prob, d_entropy], mask, action);
                }
            },
        );
    }
}

/// The work of an action of a decision in multiply-adds of a product that take as long.
const WORK: usize = 512;

/// Fills the log-probabilities of a row; returns that of the action, and the entropy.
fn forward<T: Element>(log_probs: &mut [T], logits: &[T], mask: u64, action: u32) -> (T, T) {
    let shift = log_sum_exp(legal(mask, logits));
    let mut sum = T::zero();
    for (a, (l, &x)) in log_probs.iter_mut().zip(logits).enumerate() {
        *l = T::zero();
        if is_legal(mask, a) {
            *l = x - shift;
            sum += l.exponential() * *l;
        }
    }
    assert!(
        is_legal(mask, to_usize(action)),
        "categorical: action {action} is illegal under {mask:#b}"
    );
    (log_probs[to_usize(action)], -sum)
}

/// Fills the derivatives of the logits of a row.
fn backward<T: Element>(
    d_logits: &mut [T],
    log_probs: &[T],
    [d_log_prob, d_entropy]: [T; 2],
    mask: u64,
    action: u32,
) {
    let entropy = -legal(mask, log_probs)
        .map(|l| l.exponential() * l)
        .sum::<T>();
    for (a, (d, &l)) in d_logits.iter_mut().zip(log_probs).enumerate() {
        *d = T::zero();
        if is_legal(mask, a) {
            let p = l.exponential();
            let hit = if a == to_usize(action) {
                T::one()
            } else {
                T::zero()
            };
            *d = d_log_prob * (hit - p) - d_entropy * p * (l + entropy);
        }
    }
}

fn is_legal(mask: u64, action: usize) -> bool {
    mask >> action & 1 == 1
}

/// The entries of a row at legal actions.
fn legal<T: Element>(mask: u64, row: &[T]) -> impl Iterator<Item = T> + Clone + '_ {
    row.iter()
        .enumerate()
        .filter(move |(a, _)| is_legal(mask, *a))
        .map(|(_, &x)| x)
}

fn log_sum_exp<T: Element>(values: impl Iterator<Item = T> + Clone) -> T {
    let largest = values.clone().fold(T::neg_infinity(), T::max);
    assert!(
        largest > T::neg_infinity(),
        "categorical: a row has no legal action with a finite logit"
    );
    largest + values.map(|x| (x - largest).exponential()).sum::<T>().ln()
}

fn sample<T: Element>(logits: &[T], mask: u64, u: T, exploration: Exploration) -> u32 {
    let temperature = T::of(exploration.temperature);
    let mix = T::of(exploration.uniform_mix);
    let scaled = legal(mask, logits).map(|x| x / temperature);
    let shift = log_sum_exp(scaled.clone());
    let uniform = T::one() / T::of_count(scaled.clone().count());
    let mut cumulative = T::zero();
    let mut last = 0;
    let actions =
        (0..64_u32).filter(|&a| is_legal(mask, to_usize(a)) && to_usize(a) < logits.len());
    for (a, x) in actions.zip(scaled) {
        cumulative += (T::one() - mix) * (x - shift).exponential() + mix * uniform;
        last = a;
        if u < cumulative {
            break;
        }
    }
    // Rounding may leave the sum below u: then the last legal action is meant.
    last
}
