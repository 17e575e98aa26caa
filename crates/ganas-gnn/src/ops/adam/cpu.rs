//! Adam on the CPU, in one pass.

use super::{AdamBuffers, AdamStep, StepScalars};
use crate::cpu::{block_rows, for_each};
use crate::ops::Checked;
use crate::{Cpu, Element};

impl<T: Element> AdamStep for Cpu<T> {
    fn adam_step_kernel(
        &self,
        buffers: AdamBuffers<'_, Self>,
        scalars: StepScalars,
        Checked([n]): Checked<1>,
    ) {
        let AdamBuffers {
            params,
            m,
            v,
            grads,
        } = buffers;
        let [beta1, beta2, epsilon, grad_scale, step_size, root_scale] = [
            scalars.beta1,
            scalars.beta2,
            scalars.epsilon,
            scalars.grad_scale,
            scalars.step_size,
            scalars.root_scale,
        ]
        .map(T::of);
        let some = block_rows(n, WORK);
        for_each(
            params
                .chunks_mut(some)
                .zip(m.chunks_mut(some))
                .zip(v.chunks_mut(some))
                .zip(grads.chunks_mut(some)),
            |(((params, m), v), grads)| {
                let state = params.iter_mut().zip(m).zip(v).zip(grads);
                self.vectorised(
                    #[inline(always)]
                    move || {
                        for (((param, m), v), grad) in state {
                            let g = *grad * grad_scale;
                            *grad = T::zero();
                            *m = beta1 * *m + (T::one() - beta1) * g;
                            *v = beta2 * *v + (T::one() - beta2) * g * g;
                            *param -= step_size * *m / (v.sqrt() * root_scale + epsilon);
                        }
                    },
                );
            },
        );
    }

    fn sum_of_squares(&self, grads: &Vec<T>) -> f64 {
        let (blocks, rest) = grads.as_chunks::<8>();
        let mut sums = [0.0; 8];
        self.vectorised(
            #[inline(always)]
            || {
                for block in blocks {
                    for (sum, g) in sums.iter_mut().zip(block) {
                        *sum += g.wide() * g.wide();
                    }
                }
            },
        );
        sums.iter().sum::<f64>() + rest.iter().map(|g| g.wide() * g.wide()).sum::<f64>()
    }
}

/// The work of a scalar in multiply-adds of a product that take as long.
const WORK: usize = 64;
