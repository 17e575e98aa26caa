//! The graph encoder: GraphConv layers on one-hot labels.

use crate::ops::bias_activation::Activation;
use crate::ops::graph_conv::{ConvDerivatives, ConvInputs, Direction, GraphConv};
use crate::ops::product::{ProductDerivatives, Write};
use crate::{
    Backend, Backward, Device, Forward, GraphBatch, Init, Layout, Mat, ParamId, View, ViewMut,
};

/// The shape of an [`Encoder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    /// The number of labels; labels are `0..n_labels`.
    pub n_labels: usize,
    /// The width of every layer.
    pub width: usize,
    /// The number of layers, at least 1.
    pub layers: usize,
    /// Which neighbours a node sees.
    pub direction: Direction,
    /// The activation after every layer.
    pub activation: Activation,
}

/// A stack of GraphConv layers: `x^0` is the one-hot label,
/// `x^{l+1}_i = act(W_root x^l_i + W_pred Σ_{j in pred(i)} x^l_j + W_succ Σ_{j in succ(i)} x^l_j + b)`.
///
/// Morris et al., "Weisfeiler and Leman Go Neural", AAAI 2019. Since `x^0` is one-hot, the first layer looks up rows of
/// its weights. The weights of a layer stand side by side, `[W_root | W_pred | W_succ]`, so a layer is one product.
/// Shapes: labels of `n` nodes to `[n, width]`.
/// PyTorch Geometric: `GraphConv(..., aggr="add")` with a second neighbour weight for the reversed edges.
#[derive(Clone, Debug)]
pub struct Encoder {
    pub(super) config: EncoderConfig,
    pub(super) layers: Vec<ConvLayer>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ConvLayer {
    pub(super) weight: ParamId,
    pub(super) bias: ParamId,
}

/// The outputs of all layers, and scratch memory.
#[derive(Debug)]
pub struct EncoderCache<D: Device> {
    outputs: Vec<Mat<D>>,
    projected: Mat<D>,
    d_x: Mat<D>,
}

impl<D: Device> EncoderCache<D> {
    /// An empty cache; it grows at its first use.
    pub fn new(device: &D) -> Self {
        Self {
            outputs: Vec::new(),
            projected: Mat::empty(device),
            d_x: Mat::empty(device),
        }
    }

    /// The embeddings of the nodes, `[n, width]`.
    ///
    /// # Panics
    ///
    /// Before the first forward pass.
    pub fn output(&self) -> View<'_, D> {
        self.outputs
            .last()
            .expect("invariant: forward comes first")
            .view()
    }
}

/// The embeddings of nodes that are added little by little, with the projections that later nodes need.
#[derive(Debug)]
pub struct EncoderRows<D: Device> {
    outputs: Vec<Mat<D>>,
    projected: Vec<Mat<D>>,
    labels: D::Ints,
    n_nodes: usize,
}

impl<D: Device> EncoderRows<D> {
    /// No nodes.
    pub fn new(device: &D) -> Self {
        Self {
            outputs: Vec::new(),
            projected: Vec::new(),
            labels: device.ints(),
            n_nodes: 0,
        }
    }

    /// The embeddings of the nodes so far, `[n, width]`.
    ///
    /// # Panics
    ///
    /// Before [`Encoder::start_rows`].
    pub fn output(&self) -> View<'_, D> {
        let last = self.outputs.last();
        last.expect("invariant: start comes first")
            .rows(0, self.n_nodes)
    }
}

impl Encoder {
    /// Adds the parameters `{name}.{layer}.weight` and `{name}.{layer}.bias` to a layout.
    ///
    /// # Panics
    ///
    /// For 0 layers.
    pub fn new(layout: &mut Layout, name: &str, config: EncoderConfig) -> Self {
        assert!(config.layers > 0, "an encoder has at least 1 layer");
        let EncoderConfig {
            n_labels, width, ..
        } = config;
        let columns = config.direction.projections() * width;
        let layers = (0..config.layers)
            .map(|layer| {
                let inputs = if layer == 0 { n_labels } else { width };
                let init = Init::Glorot {
                    gain: 1.0,
                    fan_in: inputs,
                    fan_out: width,
                };
                ConvLayer {
                    weight: layout.matrix(format!("{name}.{layer}.weight"), inputs, columns, init),
                    bias: layout.bias(format!("{name}.{layer}.bias"), width),
                }
            })
            .collect();
        Self { config, layers }
    }

    /// What its layers go along.
    fn conv<'a, D: Device>(&self, graphs: &'a GraphBatch<D>) -> GraphConv<'a, D> {
        GraphConv {
            graphs,
            direction: self.config.direction,
            activation: self.config.activation,
        }
    }

    /// Fills the cache; the embeddings are then its [`output`](EncoderCache::output).
    pub fn forward<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        graphs: &GraphBatch<B>,
        cache: &mut EncoderCache<B>,
    ) {
        let EncoderConfig {
            width, direction, ..
        } = self.config;
        let n = graphs.n_nodes();
        let EncoderCache {
            outputs, projected, ..
        } = cache;
        outputs.resize_with(self.layers.len(), || Mat::empty(device));
        for (l, layer) in self.layers.iter().enumerate() {
            projected.reshape(device, n, direction.projections() * width);
            let weight = params.view(layer.weight);
            if l == 0 {
                let labels = &graphs.labels;
                device.gather_fwd(projected.view_mut(), weight, labels, Write::Set);
            } else {
                device.product(
                    projected.view_mut(),
                    outputs[l - 1].view(),
                    weight,
                    Write::Set,
                );
            }
            outputs[l].reshape(device, n, width);
            let inputs = ConvInputs {
                projected: projected.view(),
                bias: params.view(layer.bias),
            };
            device.graph_conv_fwd(outputs[l].view_mut(), inputs, self.conv(graphs));
        }
    }

    /// Prepares for at most `capacity` nodes that are added by `extend`.
    ///
    /// # Panics
    ///
    /// When nodes see successors: their embeddings are then never final.
    pub fn start_rows<B: Backend>(&self, device: &B, capacity: usize, rows: &mut EncoderRows<B>) {
        let EncoderConfig {
            width, direction, ..
        } = self.config;
        assert!(
            direction == Direction::Predecessors,
            "only an encoder over predecessors can grow"
        );
        rows.n_nodes = 0;
        for (mats, columns) in [
            (&mut rows.outputs, width),
            (&mut rows.projected, direction.projections() * width),
        ] {
            mats.resize_with(self.layers.len(), || Mat::empty(device));
            for mat in mats {
                mat.reshape(device, capacity, columns);
            }
        }
    }

    /// Embeds the nodes that were added to `nodes` since the last call; the others keep their embeddings.
    pub(crate) fn extend<B: Backend>(
        &self,
        Forward { device, params }: Forward<'_, B>,
        nodes: &GraphBatch<B>,
        rows: &mut EncoderRows<B>,
    ) {
        let (first, n) = (rows.n_nodes, nodes.n_nodes());
        let new = n - first;
        rows.n_nodes = n;
        if new == 0 {
            return;
        }
        device.write_ints(&mut rows.labels, nodes.labels_from(first));
        for (l, layer) in self.layers.iter().enumerate() {
            let weight = params.view(layer.weight);
            let projected = rows.projected[l].rows_mut(first, new);
            if l == 0 {
                device.gather_fwd(projected, weight, &rows.labels, Write::Set);
            } else {
                let input = rows.outputs[l - 1].rows(first, new);
                device.product(projected, input, weight, Write::Set);
            }
            let inputs = ConvInputs {
                projected: rows.projected[l].rows(0, n),
                bias: params.view(layer.bias),
            };
            let out = rows.outputs[l].rows_mut(first, new);
            device.graph_conv_fwd(out, inputs, self.conv(nodes));
        }
    }

    /// Adds to the gradients, from the derivative `d_out [n, width]` of the embeddings, which is scratch memory then.
    pub fn backward<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        mut d_out: ViewMut<'_, B>,
        graphs: &GraphBatch<B>,
        cache: &mut EncoderCache<B>,
    ) {
        let Backward {
            device,
            params,
            grads,
        } = pass;
        let EncoderConfig {
            width, direction, ..
        } = self.config;
        let n = graphs.n_nodes();
        let EncoderCache {
            outputs,
            projected,
            d_x,
        } = cache;
        projected.reshape(device, n, direction.projections() * width);
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let d_layer = if l + 1 == self.layers.len() {
                d_out.reborrow()
            } else {
                d_x.view_mut()
            };
            let d = ConvDerivatives {
                d_projected: projected.view_mut(),
                d_bias: grads.view_mut(layer.bias),
                d_out: d_layer,
            };
            device.graph_conv_bwd(d, outputs[l].view(), self.conv(graphs));
            if l == 0 {
                device.gather_bwd(
                    grads.view_mut(layer.weight),
                    projected.view(),
                    &graphs.labels,
                );
            } else {
                d_x.reshape(device, n, width);
                let out = ProductDerivatives {
                    d_w: grads.view_mut(layer.weight),
                    d_x: d_x.view_mut(),
                    write: Write::Set,
                };
                let (input, weight) = (outputs[l - 1].view(), params.view(layer.weight));
                device.product_bwd(out, projected.view(), input, weight);
            }
        }
    }
}
