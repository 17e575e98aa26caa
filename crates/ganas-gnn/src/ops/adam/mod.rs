//! Adam, and clipping by the global norm.
//!
//! `m = β1 m + (1 - β1) g`, `v = β2 v + (1 - β2) g²`,
//! `θ = θ - (lr / (1 - β1^t)) m / (sqrt(v) / sqrt(1 - β2^t) + ε)` (Kingma and Ba, "Adam: A Method for Stochastic
//! Optimization", 2015). PyTorch: `torch.optim.Adam`, preceded by `clip_grad_norm_` when a bound is given.

mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::Checked;
use crate::{Device, Grads, Layout, Params};

/// The parameters of Adam; the defaults are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamConfig {
    /// Decay of the first moment, in `[0, 1)`.
    pub beta1: f64,
    /// Decay of the second moment, in `[0, 1)`.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Gradients whose global norm is larger are scaled down to it; `None` leaves them alone.
    pub max_norm: Option<f64>,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            max_norm: None,
        }
    }
}

/// The size of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepSize {
    /// The learning rate.
    pub learning_rate: f64,
    /// Multiplies the gradients first.
    pub gradient_scale: f64,
}

/// The scalars of one step, bias corrections included.
#[derive(Clone, Copy, Debug)]
pub struct StepScalars {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    /// Multiplies the gradients first.
    grad_scale: f64,
    /// `lr / (1 - β1^t)`.
    step_size: f64,
    /// `1 / sqrt(1 - β2^t)`.
    root_scale: f64,
}

/// What a step changes.
#[derive(Debug)]
pub struct AdamBuffers<'a, D: Device> {
    /// The parameters.
    pub params: &'a mut D::Floats,
    /// First moments.
    pub m: &'a mut D::Floats,
    /// Second moments.
    pub v: &'a mut D::Floats,
    /// The gradients.
    pub grads: &'a mut D::Floats,
}

/// Devices that update parameters.
pub trait AdamStep: Device {
    /// One step over all scalars; gradients are left at zero.
    ///
    /// # Panics
    ///
    /// When the buffers differ in length.
    fn adam_step(&self, buffers: AdamBuffers<'_, Self>, scalars: StepScalars) {
        let AdamBuffers {
            params,
            m,
            v,
            grads,
        } = &buffers;
        let n = self.floats_len(params);
        assert!(
            [m, v, grads]
                .iter()
                .all(|floats| self.floats_len(floats) == n),
            "adam: buffers of one length"
        );
        self.adam_step_kernel(buffers, scalars, Checked([n]));
    }

    /// The kernel of [`adam_step`](Self::adam_step), for `n` scalars.
    fn adam_step_kernel(&self, buffers: AdamBuffers<'_, Self>, scalars: StepScalars, n: Checked<1>);

    /// The sum of the squares of all gradients, summed in a fixed order in double precision.
    fn sum_of_squares(&self, grads: &Self::Floats) -> f64;
}

/// The optimiser's state.
#[derive(Debug)]
pub struct Adam<D: Device> {
    config: AdamConfig,
    steps: u32,
    m: D::Floats,
    v: D::Floats,
}

/// The optimiser's state on the host, for checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamState<T> {
    /// Steps taken.
    pub steps: u32,
    /// First moments.
    pub m: Vec<T>,
    /// Second moments.
    pub v: Vec<T>,
}

impl<D: AdamStep> Grads<D> {
    /// The global norm: the root of the sum of the squares of all gradients.
    #[must_use]
    pub fn norm(&self, device: &D) -> f64 {
        device.sum_of_squares(&self.floats).sqrt()
    }
}

impl<D: AdamStep> Adam<D> {
    /// An optimiser for the parameters of a layout.
    pub fn new(device: &D, layout: &Layout, config: AdamConfig) -> Self {
        Self {
            config,
            steps: 0,
            m: device.floats(layout.len()),
            v: device.floats(layout.len()),
        }
    }

    /// Forgets all steps, keeping the memory.
    pub fn reset(&mut self, device: &D) {
        for moments in [&mut self.m, &mut self.v] {
            let len = device.floats_len(moments);
            device.clear(moments, 0, len);
        }
        self.steps = 0;
    }

    /// Takes a step and sets the gradients to zero; returns the norm that the gradients had.
    ///
    /// The norm is the device's to compute only when it is needed: without a bound, `None` is returned.
    pub fn step(
        &mut self,
        device: &D,
        params: &mut Params<D>,
        grads: &mut Grads<D>,
        learning_rate: f64,
    ) -> Option<f64> {
        let max_norm = self.config.max_norm;
        let norm = max_norm.map(|_| grads.norm(device));
        // As clip_grad_norm_ does, the scale is slightly below bound / norm.
        let gradient_scale = match (max_norm, norm) {
            (Some(bound), Some(norm)) => (bound / (norm + 1e-6)).min(1.0),
            _ => 1.0,
        };
        let size = StepSize {
            learning_rate,
            gradient_scale,
        };
        self.step_of(device, params, grads, size);
        norm
    }

    /// Takes a step of a given size, whatever the norm of the gradients, and sets them to zero.
    pub fn step_of(
        &mut self,
        device: &D,
        params: &mut Params<D>,
        grads: &mut Grads<D>,
        size: StepSize,
    ) {
        self.steps += 1;
        let steps = i32::try_from(self.steps).expect("invariant: fewer than 2^31 steps");
        let AdamConfig {
            beta1,
            beta2,
            epsilon,
            ..
        } = self.config;
        let scalars = StepScalars {
            beta1,
            beta2,
            epsilon,
            grad_scale: size.gradient_scale,
            step_size: size.learning_rate / (1.0 - beta1.powi(steps)),
            root_scale: 1.0 / (1.0 - beta2.powi(steps)).sqrt(),
        };
        let buffers = AdamBuffers {
            params: &mut params.floats,
            m: &mut self.m,
            v: &mut self.v,
            grads: &mut grads.floats,
        };
        device.adam_step(buffers, scalars);
    }

    /// Copies the state to the host.
    pub fn state(&self, device: &D) -> AdamState<D::Elem> {
        let copy = |floats: &D::Floats| {
            let mut values = vec![D::Elem::default(); device.floats_len(floats)];
            device.read(&mut values, floats, 0);
            values
        };
        AdamState {
            steps: self.steps,
            m: copy(&self.m),
            v: copy(&self.v),
        }
    }

    /// Overwrites the state.
    ///
    /// # Panics
    ///
    /// When the state is of another layout.
    pub fn set_state(&mut self, device: &D, state: &AdamState<D::Elem>) {
        let len = device.floats_len(&self.m);
        assert!(
            state.m.len() == len && state.v.len() == len,
            "moments for {len} scalars"
        );
        device.write(&mut self.m, &state.m);
        device.write(&mut self.v, &state.v);
        self.steps = state.steps;
    }
}
