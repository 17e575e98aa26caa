//! The encoder of finished graphs, with each distinct embedding of each layer computed once.

use std::ops::Range;

use super::{Encoder, EncoderCache};
use crate::ops::colour_conv::ColourConv;
use crate::ops::graph_conv::{ConvDerivatives, ConvInputs, Direction};
use crate::ops::list_readout::NodeLists;
use crate::ops::projections::{ProjectionDerivatives, ProjectionInputs};
use crate::refinement::{Level, Refined, Refinement};
use crate::{Backend, Backward, Device, Forward, GraphBatch, Mat, View, ViewMut};

/// Colours and embeddings after each layer, and scratch memory.
#[derive(Debug)]
pub struct RefinedCache<D: Device> {
    refinement: Refinement<D>,
    /// For each graph, the colours of its nodes, or their numbers where all are computed.
    lists: NodeLists<D>,
    lists_of: Option<Refined>,
    labels: D::Ints,
    outputs: Vec<Mat<D>>,
    projected: Mat<D>,
    d_x: Mat<D>,
    /// For devices that compute all embeddings, with the numbers of all nodes for the read-out.
    all: EncoderCache<D>,
    numbers: Vec<u32>,
}

impl<D: Device> RefinedCache<D> {
    /// An empty cache; it grows at its first use.
    pub fn new(device: &D) -> Self {
        Self {
            refinement: Refinement::new(),
            lists: NodeLists::new(device),
            lists_of: None,
            labels: device.ints(),
            outputs: Vec::new(),
            projected: Mat::empty(device),
            d_x: Mat::empty(device),
            all: EncoderCache::new(device),
            numbers: Vec::new(),
        }
    }
}

impl<D: Device> RefinedCache<D> {
    /// Writes the lists of a batch that has changed: the nodes of each graph, or their colours.
    fn write_lists(&mut self, device: &D, graphs: &GraphBatch<D>, of: Refined) {
        if self.lists_of == Some(of) {
            return;
        }
        self.lists_of = Some(of);
        if !device.shares_embeddings() {
            self.numbers.clear();
            self.numbers.extend((0_u32..).take(graphs.n_nodes()));
        }
        let of = lists(device, graphs, &self.refinement, &self.numbers);
        self.lists.write(device, of);
    }
}

/// What is read out of each graph: the colours of its nodes, or their numbers where all are computed.
fn lists<'a, D: Device>(
    device: &D,
    graphs: &'a GraphBatch<D>,
    refinement: &'a Refinement<D>,
    numbers: &'a [u32],
) -> [&'a [u32]; 2] {
    let nodes = if device.shares_embeddings() {
        refinement.colours()
    } else {
        numbers
    };
    [graphs.starts(), nodes]
}

impl Encoder {
    /// Encodes whole graphs and reads them out, `[mean over the nodes | last node]`, into `readout [graphs, 2 width]`.
    ///
    /// The same function as [`forward`](Self::forward) and a read-out. Nodes with equal neighbourhoods share their rows,
    /// unless the device computes all embeddings; the graphs must be [prepared](GraphBatch::prepare).
    ///
    /// # Panics
    ///
    /// For an encoder that does not see both directions.
    pub fn forward_refined<B: Backend>(
        &self,
        pass: Forward<'_, B>,
        graphs: &GraphBatch<B>,
        readout: &mut Mat<B>,
        cache: &mut RefinedCache<B>,
    ) {
        let (Forward { device, params }, config) = (pass, self.config);
        assert!(
            config.direction == Direction::Both,
            "graphs are refined for both directions"
        );
        let (c, layers) = (cache, self.layers.len());
        readout.reshape(device, graphs.n_graphs(), 2 * config.width);
        let of = (graphs.contents(), config.n_labels, layers);
        if !device.shares_embeddings() {
            self.forward(pass, graphs, &mut c.all);
            c.write_lists(device, graphs, of);
            device.list_readout_fwd(readout.view_mut(), c.all.output(), &c.lists);
            return;
        }
        c.outputs.resize_with(layers, || Mat::empty(device));
        let weight = |l: usize| params.view(self.layers[l].weight);
        let convolve = |out: &mut Mat<B>, projected: View<'_, B>, l: usize, level: &Level<B>| {
            out.reshape(device, level.n_outputs, config.width);
            let bias = params.view(self.layers[l].bias);
            let inputs = ConvInputs { projected, bias };
            device.colour_conv_fwd(out.view_mut(), inputs, self.colour_conv(level));
        };
        let project = |to: &mut Mat<B>, input: View<'_, B>, l: usize, read: &[Range<usize>]| {
            to.reshape(device, input.shape()[0], 3 * config.width);
            let inputs = ProjectionInputs {
                x: input,
                weight: weight(l),
                read,
            };
            device.projections_fwd(to.view_mut(), inputs);
        };
        let start = c.refinement.start(device, graphs, config.n_labels, layers);
        let ((first, following), projected) = (start, &mut c.projected);
        let (output, outputs) = c.outputs.split_first_mut().expect("an encoder has layers");
        let read_as = following.read_as();
        // The inputs of the first layer are the labels, one-hot: its weights are their projections. What later layers compute
        // is found out meanwhile.
        let of_first = || {
            convolve(output, weight(0), 0, first);
            if layers > 1 {
                project(projected, output.view(), 1, &read_as);
            }
        };
        device.overlap(of_first, || following.refine(device, graphs));
        for l in 1..layers {
            let level = &c.refinement.levels()[l];
            if l > 1 {
                project(&mut c.projected, outputs[l - 2].view(), l, &level.read_as);
            }
            convolve(&mut outputs[l - 1], c.projected.view(), l, level);
        }
        c.write_lists(device, graphs, of);
        let output = c.outputs[layers - 1].view();
        device.list_readout_fwd(readout.view_mut(), output, &c.lists);
    }

    /// Adds to the gradients, from the derivative of the read-out.
    pub fn backward_refined<B: Backend>(
        &self,
        pass: &mut Backward<'_, B>,
        d_readout: View<'_, B>,
        graphs: &GraphBatch<B>,
        cache: &mut RefinedCache<B>,
    ) {
        let (c, width, device) = (cache, self.config.width, pass.device);
        if !device.shares_embeddings() {
            c.d_x.reshape(device, graphs.n_nodes(), width);
            let of = lists(device, graphs, &c.refinement, &c.numbers);
            c.lists.write_readers(device, of, graphs.n_nodes());
            device.list_readout_bwd(c.d_x.view_mut(), d_readout, &c.lists);
            let d_out = c.d_x.view_mut();
            self.backward(pass, d_out, graphs, &mut c.all);
            return;
        }
        // Who reads what in a layer is found out while the derivatives of the one after it are computed.
        let last = self.layers.len() - 1;
        let n_colours = c.refinement.levels()[last].n_outputs;
        c.d_x.reshape(device, n_colours, width);
        let of = lists(device, graphs, &c.refinement, &c.numbers);
        c.lists.write_readers(device, of, n_colours);
        let (d_x, lists, refinement) = (&mut c.d_x, &c.lists, &mut c.refinement);
        let of_readout = || device.list_readout_bwd(d_x.view_mut(), d_readout, lists);
        device.overlap(of_readout, || refinement.write_readers(device, last));
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let level = &c.refinement.levels()[l];
            c.projected.reshape(device, level.n_inputs, 3 * width);
            let d = ConvDerivatives {
                d_projected: c.projected.view_mut(),
                d_bias: pass.grads.view_mut(layer.bias),
                d_out: c.d_x.view_mut(),
            };
            device.colour_conv_bwd(d, c.outputs[l].view(), self.colour_conv(level));
            let (d_weight, d) = (pass.grads.view_mut(layer.weight), c.projected.view());
            if l == 0 {
                add_rows(device, d_weight, d, &mut c.labels);
                continue;
            }
            c.d_x.reshape(device, level.n_inputs, width);
            let (d_x, read_as) = (c.d_x.view_mut(), level.read_as.clone());
            let out = ProjectionDerivatives { d_weight, d_x };
            let inputs = ProjectionInputs {
                x: c.outputs[l - 1].view(),
                weight: pass.params.view(layer.weight),
                read: &read_as,
            };
            let refinement = &mut c.refinement;
            device.overlap(
                || device.projections_bwd(out, d, inputs),
                || refinement.write_readers(device, l - 1),
            );
        }
    }
}

impl Encoder {
    /// What a layer goes along.
    fn colour_conv<'a, D: Device>(&self, level: &'a Level<D>) -> ColourConv<'a, D> {
        ColourConv {
            level,
            activation: self.config.activation,
        }
    }
}

/// `to += from`, row by row.
fn add_rows<B: Backend>(device: &B, to: ViewMut<'_, B>, from: View<'_, B>, rows: &mut B::Ints) {
    let n = from.shape()[0];
    if device.ints_len(rows) != n {
        let all: Vec<u32> = (0_u32..).take(n).collect();
        device.write_ints(rows, &all);
    }
    device.gather_bwd(to, from, rows);
}
