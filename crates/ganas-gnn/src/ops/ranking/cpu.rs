//! The ranking loss on the CPU.

use std::cmp::Ordering;

use super::{Ranking, check};
use crate::cpu::at;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Ranking for Cpu<T> {
    fn ranking_loss(
        &self,
        d_scores: ViewMut<'_, Self>,
        scores: View<'_, Self>,
        ranks: &Vec<u32>,
        partners: &Vec<u32>,
    ) -> f64 {
        check(
            d_scores.shape(),
            scores.shape(),
            ranks.len(),
            partners.len(),
        );
        let (d_scores, scores) = (d_scores.host(), scores.host());
        d_scores.fill(T::zero());
        if ranks.is_empty() {
            return 0.0;
        }
        let mut loss = 0.0;
        let mut pairs = 0;
        for permutation in partners.chunks_exact(ranks.len()) {
            for (i, &j) in permutation.iter().enumerate() {
                let j = at(j);
                let sign = match ranks[i].cmp(&ranks[j]) {
                    Ordering::Equal => continue,
                    Ordering::Greater => T::one(),
                    Ordering::Less => -T::one(),
                };
                let margin = sign * (scores[i] - scores[j]);
                pairs += 1;
                loss += T::softplus(-margin).wide();
                let slope = -sign * T::sigmoid(-margin);
                d_scores[i] += slope;
                d_scores[j] -= slope;
            }
        }
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
