//! Adam on the CPU, in one pass.

use super::{AdamStep, StepScalars};
use crate::{Cpu, Element};

impl<T: Element> AdamStep for Cpu<T> {
    fn adam_step(
        &self,
        params: &mut Vec<T>,
        m: &mut Vec<T>,
        v: &mut Vec<T>,
        grads: &mut Vec<T>,
        scalars: StepScalars,
    ) {
        let n = params.len();
        assert!(
            [m.len(), v.len(), grads.len()] == [n; 3],
            "adam: buffers of one length"
        );
        let [beta1, beta2, epsilon, grad_scale, step_size, root_scale] = [
            scalars.beta1,
            scalars.beta2,
            scalars.epsilon,
            scalars.grad_scale,
            scalars.step_size,
            scalars.root_scale,
        ]
        .map(T::of);
        let state = params
            .iter_mut()
            .zip(m.iter_mut())
            .zip(v.iter_mut())
            .zip(grads.iter_mut());
        self.vectorised(#[inline(always)] move || {
            for (((param, m), v), grad) in state {
                let g = *grad * grad_scale;
                *grad = T::zero();
                *m = beta1 * *m + (T::one() - beta1) * g;
                *v = beta2 * *v + (T::one() - beta2) * g * g;
                *param -= step_size * *m / (v.sqrt() * root_scale + epsilon);
            }
        });
    }

    fn sum_of_squares(&self, grads: &Vec<T>) -> f64 {
        grads.iter().map(|g| g.wide() * g.wide()).sum()
    }
}
