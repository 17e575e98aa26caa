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
        let inputs = logits.host().iter().zip(targets.host()).zip(weights.host());
        let mut loss = 0.0;
        for (d, ((&x, &t), &w)) in d_logits.host().iter_mut().zip(inputs) {
            loss += (w * (T::softplus(x) - t * x)).wide();
            *d = w * (T::sigmoid(x) - t);
        }
        loss
    }
}
