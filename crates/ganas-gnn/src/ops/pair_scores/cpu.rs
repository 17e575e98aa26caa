//! Scores of pairs on the CPU.

use super::{PairDerivatives, PairInputs, PairScores, check};
use crate::ops::expect_shape;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> PairScores for Cpu<T> {
    fn pair_scores_fwd(&self, scores: ViewMut<'_, Self>, inputs: PairInputs<'_, Self>) {
        let [_, n, c] = check(scores.shape(), inputs);
        if n == 0 || c == 0 {
            return;
        }
        let (scores, a, b) = (scores.host(), inputs.a.host(), inputs.b.host());
        let (w, offset) = (&inputs.w.host()[..c], inputs.w.host()[c]);
        self.vectorised(#[inline(always)] move || {
            for (row, a) in scores.chunks_exact_mut(n).zip(a.chunks_exact(c)) {
                for (s, b) in row.iter_mut().zip(b.chunks_exact(c)) {
                    let mut sum = offset;
                    for ((&x, &y), &w) in a.iter().zip(b).zip(w) {
                        sum += w * (x + y).max(T::zero());
                    }
                    *s = sum;
                }
            }
        });
    }

    fn pair_scores_bwd(
        &self,
        out: PairDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: PairInputs<'_, Self>,
    ) {
        let [m, n, c] = check(d_scores.shape(), inputs);
        expect_shape("pair_scores: d_a", out.d_a.shape(), [m, c]);
        expect_shape("pair_scores: d_b", out.d_b.shape(), [n, c]);
        expect_shape("pair_scores: d_w", out.d_w.shape(), [1, c + 1]);
        let (d_a, d_b, d_w) = (out.d_a.host(), out.d_b.host(), out.d_w.host());
        let (d_w, d_offset) = d_w.split_at_mut(c);
        let (d_scores, a, b, w) = (
            d_scores.host(),
            inputs.a.host(),
            inputs.b.host(),
            inputs.w.host(),
        );
        d_a.fill(T::zero());
        d_b.fill(T::zero());
        if n == 0 || c == 0 {
            return;
        }
        self.vectorised(#[inline(always)] move || {
            for ((row, a), d_a) in d_scores
                .chunks_exact(n)
                .zip(a.chunks_exact(c))
                .zip(d_a.chunks_exact_mut(c))
            {
                for ((&d, b), d_b) in row
                    .iter()
                    .zip(b.chunks_exact(c))
                    .zip(d_b.chunks_exact_mut(c))
                {
                    d_offset[0] += d;
                    for k in 0..c {
                        let hidden = a[k] + b[k];
                        let active = if hidden > T::zero() {
                            T::one()
                        } else {
                            T::zero()
                        };
                        let slope = d * w[k] * active;
                        d_a[k] += slope;
                        d_b[k] += slope;
                        d_w[k] += d * hidden * active;
                    }
                }
            }
        });
    }
}
