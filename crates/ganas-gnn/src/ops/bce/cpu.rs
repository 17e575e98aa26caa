//! Binary cross-entropy on the CPU.

use super::{BinaryCrossEntropy, check};
use crate::lanes;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> BinaryCrossEntropy for Cpu<T> {
    fn bce(
        &self,
        d_logits: ViewMut<'_, Self>,
        logits: View<'_, Self>,
        targets: View<'_, Self>,
        weights: View<'_, Self>,
    ) -> f64 {
        check(
            d_logits.shape(),
            [logits.shape(), targets.shape(), weights.shape()],
        );
        let (d, x) = (d_logits.host(), logits.host());
        let (t, w) = (targets.host(), weights.host());
        let mut loss = 0.0;
        self.vectorised(
            #[inline(always)]
            || {
                let inputs = x.chunks(BLOCK).zip(t.chunks(BLOCK)).zip(w.chunks(BLOCK));
                for (d, ((x, t), w)) in d.chunks_mut(BLOCK).zip(inputs) {
                    // The terms first, and then their sum, since a sum in order is not vectorised.
                    lanes::combine(d, x, t, |x, t| x.softplus() - t * x);
                    loss += d.iter().zip(w).map(|(&l, &w)| (l * w).wide()).sum::<f64>();
                    lanes::combine(d, x, t, |x, t| x.sigmoid() - t);
                    lanes::update(d, w, |d, w| d * w);
                }
            },
        );
        loss
    }
}

/// Elements that are summed at a time.
const BLOCK: usize = 64;
