//! Binary cross-entropy on the CPU.

use super::{BinaryCrossEntropy, Targets};
use crate::ops::Checked;
use crate::simd_rows;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> BinaryCrossEntropy for Cpu<T> {
    fn bce_kernel(
        &self,
        d_logits: ViewMut<'_, Self>,
        logits: View<'_, Self>,
        targets: Targets<'_, Self>,
        _: Checked<1>,
    ) -> f64 {
        let (d, x) = (d_logits.host(), logits.host());
        let (t, w) = (targets.values.host(), targets.weights.host());
        let mut loss = 0.0;
        self.vectorised(
            #[inline(always)]
            || {
                let inputs = x.chunks(BLOCK).zip(t.chunks(BLOCK)).zip(w.chunks(BLOCK));
                for (d, ((x, t), w)) in d.chunks_mut(BLOCK).zip(inputs) {
                    // The terms first, and then their sum, since a sum in order is not vectorised.
                    simd_rows::combine(d, x, t, |x, t| x.softplus() - t * x);
                    loss += d.iter().zip(w).map(|(&l, &w)| (l * w).wide()).sum::<f64>();
                    simd_rows::combine(d, x, t, |x, t| x.sigmoid() - t);
                    simd_rows::update(d, w, |d, w| d * w);
                }
            },
        );
        loss
    }
}

/// Elements that are summed at a time.
const BLOCK: usize = 64;
