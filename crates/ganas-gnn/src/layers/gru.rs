//! A GRU over a fixed number of steps, with a learned first state and a learned bias for each step, along the branches of
//! a tree: sequences that begin alike share the states of their beginning.

use crate::index::{to_u32, to_usize};
use crate::ops::gru_gates::{GruCached, GruDerivatives, GruInputs};
use crate::ops::list_readout::NodeLists;
use crate::ops::product::{ProductDerivatives, Write};
use crate::{Backend, Backward, Device, Forward, Init, Layout, Mat, ParamId, View, ViewMut};

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
                None => vec![0; to_usize(n)],
                Some(before) => (0..n).map(|i| to_u32(tree.first[before]) + i).collect(),
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

/// The inputs of states.
#[derive(Debug)]
pub enum GruInput<'a, D: Device> {
    /// A row for each state.
    Rows(View<'a, D>),
    /// Read-outs of lists of nodes, `x_s = [mean | last]`: the embeddings of all nodes, `[nodes, inputs / 2]`, and a list for
    /// each state. The nodes are projected, each once, and not their read-outs.
    ReadOuts(View<'a, D>, &'a NodeLists<D>),
}

impl<'a, D: Device> From<View<'a, D>> for GruInput<'a, D> {
    fn from(rows: View<'a, D>) -> Self {
        Self::Rows(rows)
    }
}

impl<D: Device> GruInput<'_, D> {
    /// The number of nodes that inputs are read out from.
    fn n_nodes(&self) -> usize {
        match self {
            Self::Rows(_) => 0,
            Self::ReadOuts(nodes, _) => nodes.shape()[0],
        }
    }
}

/// Inputs of a forward pass, and where their derivatives go.
#[derive(Debug)]
pub enum GruInputDerivative<'a, D: Device> {
    /// A row for each state.
    Rows {
        /// The inputs.
        x: View<'a, D>,
        /// Overwritten.
        d_x: ViewMut<'a, D>,
    },
    /// Read-outs of lists of nodes.
    ReadOuts {
        /// The embeddings of all nodes.
        nodes: View<'a, D>,
        /// A list for each state.
        lists: &'a NodeLists<D>,
        /// Added to, since nodes may have other readers.
        d_nodes: ViewMut<'a, D>,
    },
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
    /// The projections of nodes that inputs are read out from, `[nodes, 6 width]`, those for the mean and those for the last
    /// node; in the backward pass their derivatives.
    of_nodes: Mat<D>,
    /// How many of them are there.
    n_nodes: usize,
    /// `h W_h` of each state that others continue, `[1 + s, 3 width]`; in the backward pass the derivative of that.
    projected: Mat<D>,
    /// The derivative of the projection of the state that each state continues, `[s, 3 width]`.
    d_gh: Mat<D>,
    d_old: Mat<D>,
    /// The derivatives of all states and the root, `[1 + s, width]`.
    d_states: Mat<D>,
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
            of_nodes: mat(),
            n_nodes: 0,
            projected: mat(),
            d_gh: mat(),
            d_old: mat(),
            d_states: mat(),
            root: device.ints(),
            n_states: 0,
        }
    }

    /// The states after each step, `[s, width]`.
    pub fn output(&self) -> View<'_, D> {
        self.states.rows(1, self.n_states)
    }

    /// The states after each step, and where their derivatives go before the backward pass, both `[s, width]`.
    pub fn output_and_derivative(&mut self, device: &D) -> (View<'_, D>, ViewMut<'_, D>) {
        let (n, width) = (self.n_states, self.states.n_cols());
        self.d_states.reshape(device, n + 1, width);
        self.d_states.rows_mut(0, 1).clear(device);
        (self.states.rows(1, n), self.d_states.rows_mut(1, n))
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

    /// Prepares a cache for at most `n_states` states and `n_nodes` nodes that their inputs are read out from, and writes the
    /// root.
    pub fn start<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        [n_states, n_nodes]: [usize; 2],
        cache: &mut GruCache<B>,
    ) {
        let width = self.config.width;
        (cache.n_states, cache.n_nodes) = (n_states, 0);
        cache.of_nodes.reshape(device, n_nodes, 6 * width);
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
            Write::Set,
        );
    }

    /// The last step of the tree from the inputs of its states, after [`start`](Self::start) and all steps before; nodes may
    /// have been added since.
    pub fn step<B: Backend>(
        &self,
        pass: Forward<'_, B>,
        x: GruInput<'_, B>,
        tree: &GruTree<B>,
        cache: &mut GruCache<B>,
    ) {
        let step = tree.steps() - 1;
        self.project(pass, &x, tree.step(step), cache);
        self.advance(pass, step, tree, cache);
    }

    /// All steps from the inputs of all states.
    pub fn forward<B: Backend>(
        &self,
        pass: Forward<'_, B>,
        x: GruInput<'_, B>,
        tree: &GruTree<B>,
        cache: &mut GruCache<B>,
    ) {
        let n_states = tree.n_states();
        self.start(pass, [n_states, x.n_nodes()], cache);
        self.project(pass, &x, (0, n_states), cache);
        for step in 0..tree.steps() {
            self.advance(pass, step, tree, cache);
        }
    }

    /// Fills `gi` of the `n` states from `first` on; nodes are projected when they are new.
    fn project<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        x: &GruInput<'_, B>,
        (first, n): (usize, usize),
        cache: &mut GruCache<B>,
    ) {
        let (c, weight) = (cache, params.view(self.weight_i));
        let gi = c.gi.rows_mut(first, n);
        match x {
            GruInput::Rows(x) => device.product(gi, *x, weight, Write::Set),
            GruInput::ReadOuts(nodes, lists) => {
                let (known, n_nodes) = (c.n_nodes, x.n_nodes());
                let n_new = n_nodes - known;
                if n_new > 0 {
                    let new = nodes.rows(known, n_new);
                    for part in Part::BOTH {
                        let to = c.of_nodes.rows_mut(known, n_new);
                        let to = to.columns(part.column(self.config), 3 * self.config.width);
                        device.product(to, new, part.rows(weight), Write::Set);
                    }
                }
                c.n_nodes = n_nodes;
                device.projected_readout_fwd(gi, c.of_nodes.rows(0, n_nodes), lists);
            }
        }
    }

    /// Each state is projected once, however many states continue it.
    fn advance<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        step: usize,
        tree: &GruTree<B>,
        cache: &mut GruCache<B>,
    ) {
        let (c, parents) = (cache, &tree.parents[step]);
        let (first, n) = tree.before(step);
        let (projected, weight) = (c.projected.rows_mut(first, n), params.view(self.weight_h));
        device.product(projected, c.states.rows(first, n), weight, Write::Set);
        let (first, n) = tree.step(step);
        let to = c.old.rows_mut(first, n);
        device.gather_fwd(to, c.states.view(), parents, Write::Set);
        let old = c.old.rows(first, n);
        device.gru_gates_fwd(
            c.states.rows_mut(first + 1, n),
            c.gates.rows_mut(first, n),
            GruInputs {
                gi: c.gi.rows(first, n),
                bias_i: params.view(self.bias_i).rows(step, 1),
                gh: (c.projected.view(), parents),
                bias_h: params.view(self.bias_h),
                old,
            },
        );
    }

    /// Adds to the gradients and writes the derivatives of the inputs, which are those of the forward pass, from the derivatives
    /// of the [output](GruCache::output_and_derivative). The cache is used up.
    pub fn backward<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        input: GruInputDerivative<'_, B>,
        tree: &GruTree<B>,
        cache: &mut GruCache<B>,
    ) {
        let Backward {
            device,
            params,
            grads,
        } = pass;
        let width = self.config.width;
        let (n_states, c) = (tree.n_states(), cache);
        c.d_old.reshape(device, n_states, width);
        c.d_gh.reshape(device, n_states, 3 * width);
        for step in (0..tree.steps()).rev() {
            let (first, n) = tree.step(step);
            // The inputs' products of the forward pass are no longer needed: their memory holds their derivatives.
            device.gru_gates_bwd(
                GruDerivatives {
                    d_gi: c.gi.rows_mut(first, n),
                    d_gh: c.d_gh.rows_mut(first, n),
                    d_old: c.d_old.rows_mut(first, n),
                },
                c.d_states.rows(first + 1, n),
                GruCached {
                    gates: c.gates.rows(first, n),
                    old: c.old.rows(first, n),
                },
            );
            let d_bias_i = grads.view_mut(self.bias_i).rows(step, 1);
            device.column_sums(d_bias_i, c.gi.rows(first, n));
            // What the states before get from those that continue them: their sums first, and then one product.
            let parents = &tree.parents[step];
            let (before, n_before) = tree.before(step);
            c.projected.rows_mut(before, n_before).clear(device);
            device.gather_bwd(c.projected.view_mut(), c.d_gh.rows(first, n), parents);
            device.gather_bwd(c.d_states.view_mut(), c.d_old.rows(first, n), parents);
            let weight = params.view(self.weight_h).transposed();
            let (d, d_before) = (
                c.projected.rows(before, n_before),
                c.d_states.rows_mut(before, n_before),
            );
            device.product(d_before, d, weight, Write::Add);
        }
        let d_initial = grads.view_mut(self.initial);
        device.gather_bwd(d_initial, c.d_states.rows(0, 1), &c.root);
        let n_parents = tree.first.iter().rev().nth(1).copied().unwrap_or(0);
        let d = c.projected.rows(0, n_parents);
        device.column_sums(grads.view_mut(self.bias_h), d);
        let (d_weight, parents) = (grads.view_mut(self.weight_h), c.states.rows(0, n_parents));
        device.product(d_weight, parents.transposed(), d, Write::Add);
        let (mut d_weight, weight) = (grads.view_mut(self.weight_i), params.view(self.weight_i));
        match input {
            GruInputDerivative::Rows { x, d_x } => {
                let out = ProductDerivatives {
                    d_w: d_weight,
                    d_x,
                    write: Write::Set,
                };
                device.product_bwd(out, c.gi.view(), x, weight);
            }
            GruInputDerivative::ReadOuts {
                nodes,
                lists,
                mut d_nodes,
            } => {
                device.projected_readout_bwd(c.of_nodes.view_mut(), c.gi.view(), lists);
                for part in Part::BOTH {
                    let d = c.of_nodes.view();
                    let d = d.columns(part.column(self.config), 3 * width);
                    let out = ProductDerivatives {
                        d_w: part.rows_mut(d_weight.reborrow()),
                        d_x: d_nodes.reborrow(),
                        write: Write::Add,
                    };
                    device.product_bwd(out, d, nodes, part.rows(weight));
                }
            }
        }
    }
}

/// One of the two halves of a read-out, and of the weights that it meets.
#[derive(Clone, Copy, Debug)]
enum Part {
    Mean,
    Last,
}

impl Part {
    const BOTH: [Self; 2] = [Self::Mean, Self::Last];

    /// Where its columns begin in the projections of nodes.
    fn column(self, config: GruConfig) -> usize {
        match self {
            Self::Mean => 0,
            Self::Last => 3 * config.width,
        }
    }

    /// Its rows of the input weights.
    fn rows<D: Device>(self, weight: View<'_, D>) -> View<'_, D> {
        let half = weight.shape()[0] / 2;
        weight.rows(half * self as usize, half)
    }

    /// The same, to be written.
    fn rows_mut<D: Device>(self, weight: ViewMut<'_, D>) -> ViewMut<'_, D> {
        let half = weight.shape()[0] / 2;
        weight.rows(half * self as usize, half)
    }
}
