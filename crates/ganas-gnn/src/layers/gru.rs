//! A GRU over a fixed number of steps, with a learned first state and a learned bias for each step.

use crate::ops::gru_gates::{GruDerivatives, GruInputs};
use crate::ops::product::Old;
use crate::{Backend, Device, Grads, Init, Layout, Mat, ParamId, Params, View, ViewMut};

/// The shape of a [`Gru`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GruConfig {
    /// The number of steps.
    pub steps: usize,
    /// The width of the inputs.
    pub inputs: usize,
    /// The width of the state.
    pub width: usize,
}

/// `h_{t+1} = GRU(x_t, h_t)`, with `h_0` learned, and the input bias `b_i` a different row for each step, which tells
/// the network where it is.
///
/// Shapes, with steps as the slow index: `x [steps * n, inputs]` to `h [steps * n, width]`.
/// PyTorch: `torch.nn.GRUCell` (whose weights are the transposes), with `bias_ih` replaced by a row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Gru {
    config: GruConfig,
    initial: ParamId,
    weight_i: ParamId,
    bias_i: ParamId,
    weight_h: ParamId,
    bias_h: ParamId,
}

/// States and gates of all steps, and scratch memory.
#[derive(Debug)]
pub struct GruCache<D: Device> {
    /// `[(steps + 1) * n, width]`: the states before each step, and after the last.
    states: Mat<D>,
    gates: Mat<D>,
    gi: Mat<D>,
    gh: Mat<D>,
    ones: Mat<D>,
    n: usize,
}

impl<D: Device> GruCache<D> {
    /// An empty cache; it grows at its first use.
    pub fn new(device: &D) -> Self {
        let mat = || Mat::empty(device);
        Self {
            states: mat(),
            gates: mat(),
            gi: mat(),
            gh: mat(),
            ones: mat(),
            n: 0,
        }
    }

    /// The states after each step, `[steps * n, width]`.
    pub fn output(&self) -> View<'_, D> {
        self.states.rows(self.n, self.states.n_rows() - self.n)
    }

    /// The state after one step, `[n, width]`.
    pub fn step_output(&self, step: usize) -> View<'_, D> {
        self.states.rows((step + 1) * self.n, self.n)
    }
}

impl Gru {
    /// Adds the parameters `{name}.initial`, `{name}.weight_i`, `{name}.bias_i`, `{name}.weight_h` and `{name}.bias_h`.
    pub fn new(layout: &mut Layout, name: &str, config: GruConfig) -> Self {
        let GruConfig {
            steps,
            inputs,
            width,
        } = config;
        Self {
            config,
            initial: layout.bias(format!("{name}.initial"), width),
            weight_i: layout.weight(format!("{name}.weight_i"), inputs, 3 * width),
            bias_i: layout.matrix(format!("{name}.bias_i"), steps, 3 * width, Init::Zeros),
            weight_h: layout.weight(format!("{name}.weight_h"), width, 3 * width),
            bias_h: layout.bias(format!("{name}.bias_h"), 3 * width),
        }
    }

    /// Prepares a cache for `n` sequences: the first states.
    pub fn start<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        n: usize,
        cache: &mut GruCache<B>,
    ) {
        let GruConfig { steps, width, .. } = self.config;
        cache.n = n;
        cache.states.reshape(device, (steps + 1) * n, width);
        cache.gates.reshape(device, steps * n, 4 * width);
        cache.gi.reshape(device, steps * n, 3 * width);
        cache.gh.reshape(device, n, 3 * width);
        if cache.ones.n_rows() != n {
            let one = <B::Elem as num_traits::One>::one();
            cache.ones.set(device, &vec![one; n], n, 1);
        }
        let first = cache.states.rows_mut(0, n);
        device.product(
            first,
            cache.ones.view(),
            params.view(self.initial),
            Old::Overwrite,
        );
    }

    /// One step from the inputs `x [n, inputs]`, after [`start`](Self::start) and all steps before.
    pub fn step<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        step: usize,
        x: View<'_, B>,
        cache: &mut GruCache<B>,
    ) {
        let n = cache.n;
        let gi = cache.gi.rows_mut(step * n, n);
        device.product(gi, x, params.view(self.weight_i), Old::Overwrite);
        self.advance(device, params, step, cache);
    }

    /// All steps from the inputs `x [steps * n, inputs]`.
    pub fn forward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        x: View<'_, B>,
        cache: &mut GruCache<B>,
    ) {
        self.start(device, params, x.shape()[0] / self.config.steps, cache);
        device.product(
            cache.gi.view_mut(),
            x,
            params.view(self.weight_i),
            Old::Overwrite,
        );
        for step in 0..self.config.steps {
            self.advance(device, params, step, cache);
        }
    }

    fn advance<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        step: usize,
        cache: &mut GruCache<B>,
    ) {
        let n = cache.n;
        let GruCache {
            states,
            gates,
            gi,
            gh,
            ..
        } = cache;
        let old = states.rows(step * n, n);
        device.product(
            gh.view_mut(),
            old,
            params.view(self.weight_h),
            Old::Overwrite,
        );
        device.gru_gates_fwd(
            states.rows_mut(step * n, 2 * n),
            gates.rows_mut(step * n, n),
            GruInputs {
                gi: gi.rows(step * n, n),
                bias_i: params.view(self.bias_i).rows(step, 1),
                gh: gh.view(),
                bias_h: params.view(self.bias_h),
            },
        );
    }

    /// Prepares the memory for the derivatives of all states, `[(steps + 1) * n, width]`, and returns the part for those
    /// after each step, `[steps * n, width]`, which must be written before the backward pass.
    pub fn d_output<'a, B: Backend>(
        &self,
        device: &B,
        d_states: &'a mut Mat<B>,
        n: usize,
    ) -> ViewMut<'a, B> {
        d_states.reshape(device, (self.config.steps + 1) * n, self.config.width);
        d_states.rows_mut(0, n).clear(device);
        d_states.rows_mut(n, self.config.steps * n)
    }

    /// Adds to the gradients and fills `d_x [steps * n, inputs]`, from `d_states`, of which the
    /// [`d_output`](Self::d_output) was written. `x` are the inputs of the forward pass. The cache and `d_states` are
    /// used up.
    #[expect(
        clippy::too_many_arguments,
        reason = "outputs, upstream, inputs: a backward pass"
    )]
    pub fn backward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        grads: &mut Grads<B>,
        d_x: &mut Mat<B>,
        d_states: &mut Mat<B>,
        x: View<'_, B>,
        cache: &mut GruCache<B>,
    ) {
        let GruConfig { steps, inputs, .. } = self.config;
        let GruCache {
            states,
            gates,
            gi,
            gh,
            ones,
            n,
        } = cache;
        let n = *n;
        for step in (0..steps).rev() {
            // The products of the forward pass are no longer needed: their memory holds their derivatives.
            device.gru_gates_bwd(
                GruDerivatives {
                    d_gi: gi.rows_mut(step * n, n),
                    d_gh: gh.view_mut(),
                    d_states: d_states.rows_mut(step * n, 2 * n),
                },
                gates.rows(step * n, n),
                states.rows(step * n, 2 * n),
            );
            let column_sum = ones.view().transposed();
            let d_bias_i = grads.view_mut(self.bias_i).rows(step, 1);
            device.product(d_bias_i, column_sum, gi.rows(step * n, n), Old::Add);
            device.product(grads.view_mut(self.bias_h), column_sum, gh.view(), Old::Add);
            let old = states.rows(step * n, n).transposed();
            device.product(grads.view_mut(self.weight_h), old, gh.view(), Old::Add);
            let d_old = d_states.rows_mut(step * n, n);
            device.product(
                d_old,
                gh.view(),
                params.view(self.weight_h).transposed(),
                Old::Add,
            );
        }
        let d_first = d_states.rows(0, n);
        device.product(
            grads.view_mut(self.initial),
            ones.view().transposed(),
            d_first,
            Old::Add,
        );
        device.product(
            grads.view_mut(self.weight_i),
            x.transposed(),
            gi.view(),
            Old::Add,
        );
        d_x.reshape(device, steps * n, inputs);
        device.product(
            d_x.view_mut(),
            gi.view(),
            params.view(self.weight_i).transposed(),
            Old::Overwrite,
        );
    }
}
