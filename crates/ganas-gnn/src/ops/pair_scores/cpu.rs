//! Scores of pairs on the CPU.

use super::{PairDerivatives, PairInputs, PairScores};
use crate::cpu::{block_rows, for_each};
use crate::ops::Checked;
use crate::simd_rows;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> PairScores for Cpu<T> {
    fn pair_scores_fwd_kernel(
        &self,
        scores: ViewMut<'_, Self>,
        inputs: PairInputs<'_, Self>,
        Checked([m, n, c]): Checked<3>,
    ) {
        if n == 0 || c == 0 {
            return;
        }
        let (scores, a, b) = (scores.host(), inputs.a.host(), inputs.b.host());
        let (w, offset) = (&inputs.w.host()[..c], inputs.w.host()[c]);
        let rows = block_rows(m, PAIR_WORK * n * c);
        for_each(
            scores.chunks_mut(rows * n).zip(a.chunks(rows * c)),
            |(scores, a)| {
                self.vectorised(
                    #[inline(always)]
                    || {
                        for (row, a) in scores.chunks_exact_mut(n).zip(a.chunks_exact(c)) {
                            for (s, b) in row.iter_mut().zip(b.chunks_exact(c)) {
                                *s = offset + simd_rows::sum(a, b, w, hidden_unit);
                            }
                        }
                    },
                );
            },
        );
    }

    fn pair_scores_bwd_kernel(
        &self,
        out: PairDerivatives<'_, Self>,
        d_scores: View<'_, Self>,
        inputs: PairInputs<'_, Self>,
        Checked([m, n, c]): Checked<3>,
    ) {
        let (d_a, d_b, d_w) = (out.d_a.host(), out.d_b.host(), out.d_w.host());
        let (d_w, d_offset) = d_w.split_at_mut(c);
        let (d, a, b) = (d_scores.host(), inputs.a.host(), inputs.b.host());
        let w = &inputs.w.host()[..c];
        d_a.fill(T::zero());
        d_b.fill(T::zero());
        if n == 0 || c == 0 {
            return;
        }
        // First the sums of the upstream derivatives of the pairs in which a unit is active, for each left member and
        // for each right one: rows of their own, which threads can share out.
        let rows = block_rows(m, PAIR_WORK * n * c);
        for_each(
            d_a.chunks_mut(rows * c)
                .zip(a.chunks(rows * c))
                .zip(d.chunks(rows * n)),
            |((d_a, a), d)| {
                let rows = d_a.chunks_exact_mut(c).zip(a.chunks_exact(c));
                self.vectorised(
                    #[inline(always)]
                    || {
                        for ((sums, a), d) in rows.zip(d.chunks_exact(n)) {
                            let pairs = b.chunks_exact(c).zip(d.iter().copied());
                            simd_rows::add_terms(sums, a, pairs, |x, y, d| active(d, x + y));
                        }
                    },
                );
            },
        );
        let columns = block_rows(n, PAIR_WORK * m * c);
        for_each(
            d_b.chunks_mut(columns * c)
                .zip(b.chunks(columns * c))
                .enumerate(),
            |(block, (d_b, b))| {
                let first = block * columns;
                let rows = d_b.chunks_exact_mut(c).zip(b.chunks_exact(c));
                self.vectorised(
                    #[inline(always)]
                    || {
                        for (j, (sums, b)) in (first..).zip(rows) {
                            let pairs = a.chunks_exact(c).zip(d.chunks_exact(n).map(|d| d[j]));
                            simd_rows::add_terms(sums, b, pairs, |x, y, d| active(d, x + y));
                        }
                    },
                );
            },
        );
        weigh(self, d_w, w, [(d_a, a), (d_b, b)]);
        d_offset[0] += d.iter().copied().sum();
    }
}

/// The work of a unit of a pair in multiply-adds of a product that take as long.
const PAIR_WORK: usize = 8;

/// What a unit of the hidden layer adds to a score: `w relu(x + y)`.
#[inline(always)]
pub(crate) fn hidden_unit<T: Element>(x: T, y: T, w: T) -> T {
    let sum = x + y;
    w * if sum > T::zero() { sum } else { T::zero() }
}

/// `d` where the unit with this sum is active.
#[inline(always)]
pub(crate) fn active<T: Element>(d: T, sum: T) -> T {
    if sum > T::zero() { d } else { T::zero() }
}

/// From the sums of the upstream derivatives of the active units, with the inputs of each side: adds to `d_w`, and weighs
/// the sums, which makes them the derivatives of the inputs.
///
/// Since `relu(a + b)` is `a + b` where it is active, this needs no pairs.
pub(crate) fn weigh<T: Element>(
    device: &Cpu<T>,
    d_w: &mut [T],
    w: &[T],
    sides: [(&mut [T], &[T]); 2],
) {
    let c = w.len();
    device.vectorised(
        #[inline(always)]
        || {
            for (sums, inputs) in sides {
                for (sums, x) in sums.chunks_exact_mut(c).zip(inputs.chunks_exact(c)) {
                    simd_rows::accumulate(d_w, sums, x, |u, x| u * x);
                    simd_rows::update(sums, w, |u, w| u * w);
                }
            }
        },
    );
}
