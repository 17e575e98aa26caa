//! Binary cross-entropy on the CPU.

use super::{BinaryCrossEntropy, check};
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
        let inputs = x.iter().zip(targets.host()).zip(weights.host());
        let mut terms = [0.0; 8];
        self.vectorised(
            #[inline(always)]
            || {
                // Eight sums, so that no addition waits for the one before.
                for (at, (d, ((&x, &t), &w))) in d.iter_mut().zip(inputs).enumerate() {
                    terms[at % 8] += (w * (x.softplus() - t * x)).wide();
                    *d = w * (x.sigmoid() - t);
                }
            },
        );
        terms.iter().sum()
    }
}
