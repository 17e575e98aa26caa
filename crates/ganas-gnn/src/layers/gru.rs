//! A GRU over a fixed number of steps, with a learned first state and a learned bias for each step, along the branches of
//! a tree: sequences that begin alike share the states of their beginning.

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
/// The states form a tree: the first state is the root, and each state of a step continues one of the step before.
/// Shapes: `x [s, inputs]` to `h [s, width]`, where `s` counts the states after the root, steps in order.
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

/// Which state each state continues.
#[derive(Debug)]
pub struct GruTree<D: Device> {
    /// For each step, and then the end: the number of its first state; the root is number 0.
    first: Vec<usize>,
    /// For each step: the number of the state before, one for each state of the step.
    parents: Vec<D::Ints>,
}

impl<D: Device> GruTree<D> {
    /// A tree that is its root.
    pub fn new() -> Self {
        Self {
            first: vec![1],
            parents: Vec::new(),
        }
    }

    /// Leaves the root only, keeping the memory.
    pub fn clear(&mut self) {
        self.first.truncate(1);
    }

    /// Adds a step whose states continue those with the given numbers, of the step before.
    pub fn push(&mut self, device: &D, parents: &[u32]) {
        let step = self.steps();
        if self.parents.len() == step {
            self.parents.push(device.ints());
        }
        device.write_ints(&mut self.parents[step], parents);
        self.first.push(self.first[step] + parents.len());
    }

    /// A tree of `n` sequences of `steps` steps that share the root only.
    pub fn separate(device: &D, steps: usize, n: u32) -> Self {
        let mut tree = Self::new();
        for step in 0..steps {
            let parents: Vec<u32> = match step.checked_sub(1) {
                None => vec![0; n as usize],
                Some(before) => (0..n)
                    .map(|i| u32::try_from(tree.first[before]).expect("invariant: few states") + i)
                    .collect(),
            };
            tree.push(device, &parents);
        }
        tree
    }

    /// The states that those of a step continue, the root among them: the first one, and how many.
    fn before(&self, step: usize) -> (usize, usize) {
        match step {
            0 => (0, 1),
            _ => (
                self.first[step - 1],
                self.first[step] - self.first[step - 1],
            ),
        }
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.first.len() - 1
    }

    /// The number of states, without the root.
    pub fn n_states(&self) -> usize {
        self.first[self.steps()] - 1
    }

    /// The states of a step among all but the root: the first one, and how many.
    pub fn step(&self, step: usize) -> (usize, usize) {
        (
            self.first[step] - 1,
            self.first[step + 1] - self.first[step],
        )
    }
}

impl<D: Device> Default for GruTree<D> {
    fn default() -> Self {
        Self::new()
    }
}

/// The inputs of states: `x_s = [own_s | shared_{r(s)}]`, where the second part is left out or is one of some rows that states
/// have in common, so that each of these is projected once.
#[derive(Debug)]
pub struct GruInput<'a, D: Device> {
    /// A row for each state.
    pub own: View<'a, D>,
    /// The rows in common, and for each state which of them is its own.
    pub shared: Option<(View<'a, D>, &'a D::Ints)>,
}

impl<'a, D: Device> From<View<'a, D>> for GruInput<'a, D> {
    fn from(own: View<'a, D>) -> Self {
        Self { own, shared: None }
    }
}

impl<D: Device> Clone for GruInput<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Device> Copy for GruInput<'_, D> {}

impl<D: Device> GruInput<'_, D> {
    /// The number of rows in common.
    fn n_shared(&self) -> usize {
        self.shared.map_or(0, |(rows, _)| rows.shape()[0])
    }
}

/// The derivatives of a [`GruInput`].
#[derive(Debug)]
pub struct GruInputDerivative<'a, D: Device> {
    /// Overwritten.
    pub own: ViewMut<'a, D>,
    /// Added to, since the rows in common may have other readers.
    pub shared: Option<ViewMut<'a, D>>,
}

/// States and gates, and scratch memory.
#[derive(Debug)]
pub struct GruCache<D: Device> {
    /// `[1 + s, width]`: the root, and the states after each step.
    states: Mat<D>,
    /// The state that each state continues, `[s, width]`.
    old: Mat<D>,
    gates: Mat<D>,
    gi: Mat<D>,
    /// The projections of the rows that inputs have in common; in the backward pass their derivatives.
    of_shared: Mat<D>,
    n_shared: usize,
    /// `h W_h` of each state that others continue, `[1 + s, 3 width]`; in the backward pass the derivative of that.
    projected: Mat<D>,
    /// The derivative of the projection of the state that each state continues, `[s, 3 width]`.
    d_gh: Mat<D>,
    ones: Mat<D>,
    d_old: Mat<D>,
    root: D::Ints,
    n_states: usize,
}

impl<D: Device> GruCache<D> {
    /// An empty cache; it grows at its first use.
    pub fn new(device: &D) -> Self {
        let mat = || Mat::empty(device);
        Self {
            states: mat(),
            old: mat(),
            gates: mat(),
            gi: mat(),
            of_shared: mat(),
            n_shared: 0,
            projected: mat(),
            d_gh: mat(),
            ones: mat(),
            d_old: mat(),
            root: device.ints(),
            n_states: 0,
        }
    }

    /// The states after each step, `[s, width]`.
    pub fn output(&self) -> View<'_, D> {
        self.states.rows(1, self.n_states)
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

    /// Prepares a cache for at most `n_states` states and `n_shared` rows that their inputs have in common, and writes the
    /// root.
    pub fn start<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        [n_states, n_shared]: [usize; 2],
        cache: &mut GruCache<B>,
    ) {
        let width = self.config.width;
        (cache.n_states, cache.n_shared) = (n_states, 0);
        cache.of_shared.reshape(device, n_shared, 3 * width);
        cache.states.reshape(device, n_states + 1, width);
        cache.old.reshape(device, n_states, width);
        cache.gates.reshape(device, n_states, 4 * width);
        cache.gi.reshape(device, n_states, 3 * width);
        cache.projected.reshape(device, n_states + 1, 3 * width);
        device.write_ints(&mut cache.root, &[0]);
        device.gather_fwd(
            cache.states.rows_mut(0, 1),
            params.view(self.initial),
            &cache.root,
            Old::Overwrite,
        );
    }

    /// The last step of the tree from its inputs, after [`start`](Self::start) and all steps before; rows in common may have
    /// been added since.
    pub fn step<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        x: GruInput<'_, B>,
        tree: &GruTree<B>,
        cache: &mut GruCache<B>,
    ) {
        let step = tree.steps() - 1;
        self.project(device, params, x, tree.step(step), cache);
        let of_shared = x.shared.map(|(_, of)| (of, 0));
        self.advance(device, params, step, of_shared, tree, cache);
    }

    /// All steps from the inputs of all states.
    pub fn forward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        x: GruInput<'_, B>,
        tree: &GruTree<B>,
        cache: &mut GruCache<B>,
    ) {
        let n_states = tree.n_states();
        self.start(device, params, [n_states, x.n_shared()], cache);
        self.project(device, params, x, (0, n_states), cache);
        for step in 0..tree.steps() {
            let of_shared = x.shared.map(|(_, of)| (of, tree.step(step).0));
            self.advance(device, params, step, of_shared, tree, cache);
        }
    }

    /// Fills `gi` of the `n` states from `first` on, without the rows in common; these are projected when they are new.
    fn project<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        x: GruInput<'_, B>,
        (first, n): (usize, usize),
        cache: &mut GruCache<B>,
    ) {
        let (c, weight, own) = (cache, params.view(self.weight_i), x.own.shape()[1]);
        let gi = c.gi.rows_mut(first, n);
        device.product(gi, x.own, weight.rows(0, own), Old::Overwrite);
        let Some((shared, _)) = x.shared else {
            return;
        };
        let (known, rows) = (c.n_shared, x.n_shared());
        let weight = weight.rows(own, self.config.inputs - own);
        let (to, new) = (
            c.of_shared.rows_mut(known, rows - known),
            shared.rows(known, rows - known),
        );
        device.product(to, new, weight, Old::Overwrite);
        c.n_shared = rows;
    }

    /// Each state is projected once, however many states continue it. `of_shared` says which of the rows in common is that of
    /// each state of the step, from some entry on.
    fn advance<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        step: usize,
        of_shared: Option<(&B::Ints, usize)>,
        tree: &GruTree<B>,
        cache: &mut GruCache<B>,
    ) {
        let (c, parents) = (cache, &tree.parents[step]);
        let (first, n) = tree.before(step);
        let (projected, weight) = (c.projected.rows_mut(first, n), params.view(self.weight_h));
        device.product(projected, c.states.rows(first, n), weight, Old::Overwrite);
        let (first, n) = tree.step(step);
        let to = c.old.rows_mut(first, n);
        device.gather_fwd(to, c.states.view(), parents, Old::Overwrite);
        let old = c.old.rows(first, n);
        device.gru_gates_fwd(
            c.states.rows_mut(first + 1, n),
            c.gates.rows_mut(first, n),
            GruInputs {
                gi: c.gi.rows(first, n),
                shared: of_shared.map(|(of, start)| (c.of_shared.rows(0, c.n_shared), of, start)),
                bias_i: params.view(self.bias_i).rows(step, 1),
                gh: (c.projected.view(), parents),
                bias_h: params.view(self.bias_h),
                old,
            },
        );
    }

    /// Prepares the memory for the derivatives of all states and the root, `[1 + s, width]`, and returns the part for
    /// the states, `[s, width]`, which must be written before the backward pass.
    pub fn d_output<'a, B: Backend>(
        &self,
        device: &B,
        d_states: &'a mut Mat<B>,
        n_states: usize,
    ) -> ViewMut<'a, B> {
        d_states.reshape(device, n_states + 1, self.config.width);
        d_states.rows_mut(0, 1).clear(device);
        d_states.rows_mut(1, n_states)
    }

    /// Adds to the gradients and writes the derivatives of the inputs, from `d_states`, of which the
    /// [`d_output`](Self::d_output) was written. `x` are the inputs of the forward pass. The cache and `d_states` are used up.
    #[expect(
        clippy::too_many_arguments,
        reason = "outputs, upstream, inputs: a backward pass"
    )]
    pub fn backward<B: Backend>(
        &self,
        device: &B,
        params: &Params<B>,
        grads: &mut Grads<B>,
        d_x: GruInputDerivative<'_, B>,
        d_states: &mut Mat<B>,
        x: GruInput<'_, B>,
        tree: &GruTree<B>,
        cache: &mut GruCache<B>,
    ) {
        let GruConfig { inputs, width, .. } = self.config;
        let (n_states, c) = (tree.n_states(), cache);
        c.d_old.reshape(device, n_states, width);
        c.d_gh.reshape(device, n_states, 3 * width);
        // One for each state and the root.
        if c.ones.n_rows() <= n_states {
            let one = <B::Elem as num_traits::One>::one();
            c.ones
                .set(device, &vec![one; n_states + 1], n_states + 1, 1);
        }
        for step in (0..tree.steps()).rev() {
            let (first, n) = tree.step(step);
            // The inputs' products of the forward pass are no longer needed: their memory holds their derivatives.
            device.gru_gates_bwd(
                GruDerivatives {
                    d_gi: c.gi.rows_mut(first, n),
                    d_gh: c.d_gh.rows_mut(first, n),
                    d_old: c.d_old.rows_mut(first, n),
                },
                d_states.rows(first + 1, n),
                c.gates.rows(first, n),
                c.old.rows(first, n),
            );
            let ones = c.ones.rows(0, n).transposed();
            let d_bias_i = grads.view_mut(self.bias_i).rows(step, 1);
            device.product(d_bias_i, ones, c.gi.rows(first, n), Old::Add);
            // What the states before get from those that continue them: their sums first, and then one product.
            let parents = &tree.parents[step];
            let (before, n_before) = tree.before(step);
            c.projected.rows_mut(before, n_before).clear(device);
            device.gather_bwd(c.projected.view_mut(), c.d_gh.rows(first, n), parents);
            device.gather_bwd(d_states.view_mut(), c.d_old.rows(first, n), parents);
            let weight = params.view(self.weight_h).transposed();
            let (d, d_before) = (
                c.projected.rows(before, n_before),
                d_states.rows_mut(before, n_before),
            );
            device.product(d_before, d, weight, Old::Add);
        }
        device.gather_bwd(grads.view_mut(self.initial), d_states.rows(0, 1), &c.root);
        let n_parents = tree.first.iter().rev().nth(1).copied().unwrap_or(0);
        let (d, ones) = (
            c.projected.rows(0, n_parents),
            c.ones.rows(0, n_parents).transposed(),
        );
        device.product(grads.view_mut(self.bias_h), ones, d, Old::Add);
        let (d_weight, parents) = (grads.view_mut(self.weight_h), c.states.rows(0, n_parents));
        device.product(d_weight, parents.transposed(), d, Old::Add);
        let own = x.own.shape()[1];
        let d_weight = grads.view_mut(self.weight_i).rows(0, own);
        device.product(d_weight, x.own.transposed(), c.gi.view(), Old::Add);
        let weight = params.view(self.weight_i).rows(0, own).transposed();
        device.product(d_x.own, c.gi.view(), weight, Old::Overwrite);
        if let (Some((shared, of)), Some(d_shared)) = (x.shared, d_x.shared) {
            c.of_shared.view_mut().clear(device);
            device.gather_bwd(c.of_shared.view_mut(), c.gi.view(), of);
            let (d, rest) = (c.of_shared.view(), inputs - own);
            let d_weight = grads.view_mut(self.weight_i).rows(own, rest);
            device.product(d_weight, shared.transposed(), d, Old::Add);
            let weight = params.view(self.weight_i).rows(own, rest).transposed();
            device.product(d_shared, d, weight, Old::Add);
        }
    }
}
