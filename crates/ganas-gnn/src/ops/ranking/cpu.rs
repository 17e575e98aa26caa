//! The ranking loss on the CPU.

use std::cmp::Ordering;

use super::{Comparisons, Ranking};
use crate::index::to_usize;
use crate::ops::Checked;
use crate::simd_rows::{self, LANES};
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Ranking for Cpu<T> {
    fn ranking_loss_kernel(
        &self,
        d_scores: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        Comparisons { ranks, partners }: Comparisons<'_, Self>,
        Checked([n, _]): Checked<2>,
    ) -> f64 {
        let (d_scores, scores) = (d_scores.host(), scores.host());
        d_scores.fill(T::zero());
        let (mut loss, mut pairs) = (0.0, 0);
        self.vectorised(
            #[inline(always)]
            || {
                for permutation in partners.chunks_exact(n) {
                    for (first, partners) in (0..).step_by(LANES).zip(permutation.chunks(LANES)) {
                        let block = Pairs::new(first, partners, scores, ranks);
                        let (losses, slopes) = block.losses_and_slopes();
                        for (lane, &j) in partners.iter().enumerate() {
                            if block.signs[lane] != T::zero() {
                                pairs += 1;
                                loss += losses[lane].wide();
                                d_scores[first + lane] += slopes[lane];
                                d_scores[to_usize(j)] -= slopes[lane];
                            }
                        }
                    }
                }
            },
        );
        if pairs == 0 {
            return 0.0;
        }
        let scale = T::one() / T::of_count(pairs);
        for d in d_scores {
            *d *= scale;
        }
        loss * scale.wide()
    }
}

/// Some items, as many as are one instruction, and their partners.
struct Pairs<T> {
    /// 1 where the item is better than its partner, -1 where it is worse, 0 where they are equal, and where there is no pair.
    signs: [T; LANES],
    /// The difference of their scores.
    differences: [T; LANES],
}

impl<T: Element> Pairs<T> {
    /// The items from number `first` on.
    #[inline(always)]
    fn new(first: usize, partners: &[u32], scores: &[T], ranks: &[u32]) -> Self {
        let mut pairs = Self {
            signs: [T::zero(); LANES],
            differences: [T::zero(); LANES],
        };
        for (lane, &j) in partners.iter().enumerate() {
            let (i, j) = (first + lane, to_usize(j));
            pairs.signs[lane] = match ranks[i].cmp(&ranks[j]) {
                Ordering::Equal => T::zero(),
                Ordering::Greater => T::one(),
                Ordering::Less => -T::one(),
            };
            pairs.differences[lane] = scores[i] - scores[j];
        }
        pairs
    }

    /// The loss of each pair, and its derivative with respect to the difference.
    #[inline(always)]
    fn losses_and_slopes(&self) -> ([T; LANES], [T; LANES]) {
        let (mut losses, mut slopes) = ([T::zero(); LANES], [T::zero(); LANES]);
        simd_rows::combine(&mut losses, &self.signs, &self.differences, |s, d| {
            T::softplus(-(s * d))
        });
        simd_rows::combine(&mut slopes, &self.signs, &self.differences, |s, d| {
            -s * T::sigmoid(-(s * d))
        });
        (losses, slopes)
    }
}
