//! The networks of the ensemble: dense layers that predict the metric.

use ganas_gnn::layers::Linear;
use ganas_gnn::ops::adam::StepSize;
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::product::Write;
use ganas_gnn::{
    Adam, AdamConfig, Backend, Backward, Element, Forward, Grads, Layout, Mat, Params,
};
use ganas_random::Stream;
use ndarray::Array2;
use rand::seq::SliceRandom;

use super::config::BananasConfig;

/// A network with its optimiser, and memory for both: hidden layers with ReLU, then one number.
#[derive(Debug)]
pub(super) struct Network<B: Backend> {
    device: B,
    layers: Vec<Linear>,
    layout: Layout,
    params: Params<B>,
    grads: Grads<B>,
    adam: Adam<B>,
    x: Mat<B>,
    /// The output of each layer, and the derivative of the loss with respect to it.
    outputs: Vec<Mat<B>>,
    d_outputs: Vec<Mat<B>>,
}

/// The values of a metric: which features of each architecture are 1, and its value.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) ones: Vec<Vec<usize>>,
    pub(super) targets: Vec<f64>,
}

impl<B: Backend> Network<B> {
    pub(super) fn new(device: &B, config: &BananasConfig, n_features: usize) -> Self {
        let mut layout = Layout::default();
        let mut layers = Vec::new();
        let mut inputs = n_features;
        for layer in 0..config.layers {
            let shape = [inputs, config.width];
            let name = format!("hidden{layer}");
            layers.push(Linear::new(&mut layout, &name, shape, Activation::Relu));
            inputs = config.width;
        }
        layers.push(Linear::new(
            &mut layout,
            "value",
            [inputs, 1],
            Activation::Identity,
        ));
        let mats = || layers.iter().map(|_| Mat::empty(device)).collect();
        Self {
            params: Params::zeros(device, &layout),
            grads: Grads::zeros(device, &layout),
            // The decay of the second moment is that of naszilla, the small number that of Keras.
            adam: Adam::new(
                device,
                &layout,
                AdamConfig {
                    beta2: 0.99,
                    epsilon: 1e-7,
                    ..AdamConfig::default()
                },
            ),
            x: Mat::empty(device),
            outputs: mats(),
            d_outputs: mats(),
            device: device.clone(),
            layers,
            layout,
        }
    }

    /// Trains it from starting values of its own: the mean absolute error over minibatches in random order.
    pub(super) fn train(&mut self, config: &BananasConfig, values: &Values, rng: &mut Stream) {
        let start = self.layout.draw(rng);
        self.params.write(&self.device, &start);
        self.adam.reset(&self.device);
        let n_features = self.n_features();
        let mut order: Vec<usize> = (0..values.targets.len()).collect();
        for _ in 0..config.epochs {
            order.shuffle(rng);
            for minibatch in order.chunks(config.minibatch) {
                let ones = minibatch.iter().map(|&i| values.ones[i].as_slice());
                self.see(ones, minibatch.len(), n_features);
                self.forward();
                self.step(minibatch, &values.targets, config.learning_rate);
            }
        }
    }

    /// What it predicts.
    pub(super) fn predict(&mut self, ones: &[Vec<usize>]) -> Vec<f64> {
        let n_features = self.n_features();
        self.see(ones.iter().map(Vec::as_slice), ones.len(), n_features);
        self.forward();
        let mut values = Vec::new();
        let last = self.outputs.last().expect("invariant: there is a layer");
        last.read_column(&self.device, &mut values);
        values.into_iter().map(Element::wide).collect()
    }

    fn n_features(&self) -> usize {
        // The first parameter is the weight of the first layer.
        let first = self.layout.entries().next();
        let (weight, _) = first.expect("invariant: there is a layer");
        self.params.view(weight).shape()[0]
    }

    fn see<'a>(&mut self, ones: impl Iterator<Item = &'a [usize]>, n: usize, n_features: usize) {
        let mut x = Array2::from_elem((n, n_features), B::Elem::of(0.0));
        for (mut row, ones) in x.outer_iter_mut().zip(ones) {
            for &one in ones {
                row[one] = B::Elem::of(1.0);
            }
        }
        self.x.set(&self.device, x.view());
    }

    fn forward(&mut self) {
        let pass = Forward::new(&self.device, &self.params);
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, rest) = self.outputs.split_at_mut(i);
            let x = before.last().map_or(self.x.view(), Mat::view);
            layer.forward(pass, &mut rest[0], x);
        }
    }

    /// A backward pass of the mean absolute error, and a step.
    fn step(&mut self, minibatch: &[usize], targets: &[f64], learning_rate: f64) {
        let device = &self.device;
        let last = self.layers.len() - 1;
        let mut predicted = Vec::new();
        self.outputs[last].read_column(device, &mut predicted);
        let n = f64::of_count(minibatch.len());
        let slope = |(predicted, &i): (B::Elem, &usize)| {
            let error = predicted.wide() - targets[i];
            B::Elem::of(if error > 0.0 { 1.0 / n } else { -1.0 / n })
        };
        let slopes: Vec<B::Elem> = predicted.into_iter().zip(minibatch).map(slope).collect();
        self.d_outputs[last].set_column(device, &slopes);
        let mut pass = Backward::new(device, &self.params, &mut self.grads);
        for i in (0..=last).rev() {
            let (before, rest) = self.d_outputs.split_at_mut(i);
            let (d_y, y) = (&mut rest[0], self.outputs[i].view());
            let x = match i {
                0 => self.x.view(),
                _ => self.outputs[i - 1].view(),
            };
            self.layers[i].backward(&mut pass, d_y, y, x);
            if let Some(d_x) = before.last_mut() {
                d_x.reshape(device, x.shape()[0], x.shape()[1]);
                let to = d_x.view_mut();
                self.layers[i].backward_input(pass.forward(), to, d_y.view(), Write::Set);
            }
        }
        let size = StepSize {
            learning_rate,
            gradient_scale: 1.0,
        };
        self.adam
            .step_of(device, &mut self.params, &mut self.grads, size);
    }
}

#[cfg(test)]
mod tests {
    use ganas_gnn::Cpu;

    use super::*;
    use crate::streams::{Purpose, Streams};

    /// A sum of features is learnt, and two trainings from the same random numbers are the same.
    #[test]
    fn an_additive_metric_is_learnt() {
        let ones: Vec<Vec<usize>> = (0..80_usize)
            .map(|i| vec![i % 4, 4 + i / 4 % 4, 8 + i / 16])
            .collect();
        let value = |ones: &Vec<usize>| {
            let sum: usize = ones.iter().map(|one| one % 4).sum();
            f64::from(u32::try_from(sum).unwrap()) / 4.0 - 1.0
        };
        let values = Values {
            targets: ones.iter().map(value).collect(),
            ones,
        };
        let config = BananasConfig::light();
        let predicted = || {
            let mut network = Network::new(&Cpu::<f32>::new(), &config, 13);
            let mut rng = Streams { seed: 3 }.get(Purpose::Ensemble, 0, 0, 0);
            network.train(&config, &values, &mut rng);
            network.predict(&values.ones)
        };
        let found = predicted();
        assert_eq!(found, predicted());
        let errors = found
            .iter()
            .zip(&values.targets)
            .map(|(a, b)| (a - b).abs());
        let error = errors.sum::<f64>() / 80.0;
        assert!(error < 0.1, "{error}");
    }
}
