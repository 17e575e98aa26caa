//! The networks against PyTorch: outputs, losses, gradients, and ten steps of Adam.
//!
//! `cargo xtask golden` writes the files; the top of xtask/golden/gnn.py explains the names in them.

use ganas_testkit::golden::Golden;
use ndarray::Array2;

use super::*;
use crate::layers::EncoderConfig;
use crate::ops::bce::Targets;
use crate::ops::bias_activation::Activation;
use crate::ops::graph_conv::Direction;
use crate::ops::ranking::Comparisons;
use crate::testing::{Tolerance, on_every_device, read};
use crate::{
    Adam, AdamConfig, Backend, Backward, Element as _, Forward, Grads, GraphBatch, Layout, Mat,
    Params, View,
};

/// Reads a golden file by the name that the script gives it.
macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/goldens/",
            $name,
            ".json"
        ))
    };
}
pub(crate) use golden;

/// The labels that the graphs of all golden files have.
pub(crate) const N_LABELS: usize = 6;

/// A golden file, and the device that has to agree with it.
pub(crate) struct Case<B: Backend> {
    golden: Golden,
    pub(crate) device: B,
    tolerance: Tolerance,
}

impl<B: Backend> Case<B> {
    /// With the tolerance of the device's precision. Measured on x86-64 with AVX2, ten steps of Adam included, the
    /// largest error is a thousandth of the tolerance in double precision and a tenth of it in single precision.
    pub(crate) fn new(device: B, json: &str) -> Self {
        let tolerance = match B::Elem::NAME {
            "f64" => Tolerance::F64,
            _ => Tolerance::F32,
        };
        Self {
            golden: Golden::parse(json),
            device,
            tolerance,
        }
    }

    pub(crate) fn values(&self, name: &str) -> &[f64] {
        self.golden.values(name)
    }

    pub(crate) fn scalar(&self, name: &str) -> f64 {
        let [x] = self.values(name) else {
            panic!("`{name}` is no single number");
        };
        *x
    }

    pub(crate) fn matrix(&self, name: &str) -> Array2<B::Elem> {
        self.golden.matrix(name).mapv(B::Elem::of)
    }

    pub(crate) fn mat(&self, name: &str) -> Mat<B> {
        Mat::from_host(&self.device, self.matrix(name).view())
    }

    pub(crate) fn ints(&self, name: &str) -> B::Ints {
        let mut ints = self.device.ints();
        self.device
            .write_ints(&mut ints, &self.golden.indices(name));
        ints
    }

    /// Masks from rows of zeros and ones.
    pub(crate) fn masks(&self, name: &str) -> B::Masks {
        let actions = self.golden.matrix(name).ncols();
        let bit = |(action, &legal): (usize, &u32)| u64::from(legal) << action;
        let masks: Vec<u64> = self
            .golden
            .indices(name)
            .chunks(actions)
            .map(|row| row.iter().enumerate().map(bit).sum())
            .collect();
        let mut buffer = self.device.masks();
        self.device.write_masks(&mut buffer, &masks);
        buffer
    }

    pub(crate) fn graphs(&self) -> GraphBatch<B> {
        let labels = self.golden.indices("graphs.labels");
        let mut predecessors = vec![0_u64; labels.len()];
        // In global numbers first: the edges of all golden graphs together have fewer than 64 nodes.
        for edge in self.golden.indices("graphs.edges").chunks(2) {
            predecessors[edge[1] as usize] |= 1 << edge[0];
        }
        let mut batch = GraphBatch::new(&self.device);
        let mut base = 0;
        for n in self.golden.indices("graphs.n_nodes") {
            let nodes = base..base + n as usize;
            let local: Vec<u64> = predecessors[nodes.clone()]
                .iter()
                .map(|p| p >> base)
                .collect();
            batch.push(labels[nodes].iter().copied(), &local);
            base += n as usize;
        }
        batch.upload(&self.device);
        batch
    }

    /// The starting parameters; the file and the layout must have the same ones.
    pub(crate) fn params(&self, layout: &Layout) -> Params<B> {
        let names = || layout.entries().map(|(_, name)| name);
        self.golden.check_names("param.", names());
        self.golden.check_names("grad.", names());
        let mut params = Params::zeros(&self.device, layout);
        let values = layout.flatten(|name| self.matrix(&format!("param.{name}")));
        params.write(&self.device, &values);
        params
    }

    #[track_caller]
    pub(crate) fn check_values(&self, name: &str, found: &[f64]) {
        self.golden.check(name, found, self.tolerance);
    }

    #[track_caller]
    pub(crate) fn check(&self, name: &str, found: View<'_, B>) {
        let shape = found.shape();
        assert_eq!(shape, self.golden.matrix(name).shape(), "shape of `{name}`");
        self.check_values(name, &read(&self.device, found));
    }

    #[track_caller]
    pub(crate) fn check_ints(&self, name: &str, found: &B::Ints) {
        let expected = self.golden.indices(name);
        let mut values = vec![0; expected.len()];
        self.device.read_ints(&mut values, found);
        assert_eq!(values, expected, "`{name}`");
    }

    /// Checks the gradient of every parameter.
    #[track_caller]
    pub(crate) fn check_gradients(&self, layout: &Layout, grads: &Grads<B>) {
        for (id, name) in layout.entries() {
            self.check(&format!("grad.{name}"), grads.view(id));
        }
    }
}

/// What a network and its loss say.
struct Results {
    loss: f64,
    outputs: Vec<(&'static str, Vec<f64>)>,
}

/// Trains as the golden file did, with a `pass` that adds to the gradients: checks the outputs and all gradients of the
/// first pass, the loss before each step, and all parameters at the end.
fn check_training<B: Backend>(
    case: &Case<B>,
    layout: &Layout,
    mut pass: impl FnMut(&Params<B>, &mut Grads<B>) -> Results,
) {
    let device = &case.device;
    case.golden
        .check_names("trained.", layout.entries().map(|(_, name)| name));
    let clipped = case.golden.tensors.contains_key("max_norm");
    let config = AdamConfig {
        epsilon: case.scalar("epsilon"),
        max_norm: clipped.then(|| case.scalar("max_norm")),
        ..AdamConfig::default()
    };
    let mut params = case.params(layout);
    let mut grads = Grads::zeros(device, layout);
    let mut adam = Adam::new(device, layout, config);
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for step in 0..case.values("losses").len() {
        let Results { loss, outputs } = pass(&params, &mut grads);
        losses.push(loss);
        if step == 0 {
            for (name, found) in outputs {
                case.check_values(name, &found);
            }
            case.check_gradients(layout, &grads);
        }
        norms.extend(adam.step(
            device,
            &mut params,
            &mut grads,
            case.scalar("learning_rate"),
        ));
    }
    case.check_values("losses", &losses);
    if clipped {
        case.check_values("norms", &norms);
    }
    for (id, name) in layout.entries() {
        case.check(&format!("trained.{name}"), params.view(id));
    }
}

fn discriminator(activation: Activation) -> DiscriminatorConfig {
    DiscriminatorConfig {
        encoder: EncoderConfig {
            n_labels: N_LABELS,
            width: 4,
            layers: 3,
            direction: Direction::Both,
            activation,
        },
        head_width: 5,
    }
}

fn check_pair_discriminator<B: Backend>(device: B) {
    let case = Case::new(device, golden!("pair_discriminator"));
    let device = &case.device;
    let mut layout = Layout::default();
    let net = PairDiscriminator::new(&mut layout, discriminator(Activation::Tanh));
    let graphs = case.graphs();
    let (targets, weights) = (case.mat("targets"), case.mat("weights"));
    let mut cache = PairDiscriminatorCache::new(device);
    check_training(&case, &layout, |params, grads| {
        net.forward(
            Forward::new(device, params),
            &graphs,
            targets.n_rows(),
            &mut cache,
        );
        let (logits, d_logits) = cache.logits_and_derivative(device);
        let outputs = vec![("logits", read(device, logits))];
        let targets = Targets {
            values: targets.view(),
            weights: weights.view(),
        };
        let loss = device.bce(d_logits.view_mut(), logits, targets);
        net.backward(
            &mut Backward::new(device, params, grads),
            &graphs,
            &mut cache,
        );
        Results { loss, outputs }
    });
}

#[test]
fn pair_discriminator() {
    on_every_device!(check_pair_discriminator);
}

fn check_rank_discriminator<B: Backend>(device: B) {
    let case = Case::new(device, golden!("rank_discriminator"));
    let device = &case.device;
    let mut layout = Layout::default();
    let net = RankDiscriminator::new(&mut layout, discriminator(Activation::Relu));
    let graphs = case.graphs();
    let (ranks, partners) = (case.ints("ranks"), case.ints("partners"));
    let mut cache = RankDiscriminatorCache::new(device);
    check_training(&case, &layout, |params, grads| {
        net.forward(Forward::new(device, params), &graphs, &mut cache);
        let (scores, d_scores) = cache.scores_and_derivative(device);
        let outputs = vec![("scores", read(device, scores))];
        let comparisons = Comparisons {
            ranks: &ranks,
            partners: &partners,
        };
        let loss = device.ranking_loss(d_scores.view_mut(), scores, comparisons);
        net.backward(
            &mut Backward::new(device, params, grads),
            &graphs,
            &mut cache,
        );
        Results { loss, outputs }
    });
}

#[test]
fn rank_discriminator() {
    on_every_device!(check_rank_discriminator);
}

/// Loss, and its derivatives with respect to log-probabilities, entropies and values.
type PolicyLoss<B> = fn(&Case<B>, [&[f64]; 3]) -> (f64, [Vec<f64>; 3]);

/// A weighted sum of everything, as REINFORCE has it.
fn reinforce<B: Backend>(case: &Case<B>, outputs: [&[f64]; 3]) -> (f64, [Vec<f64>; 3]) {
    let weights =
        ["log_prob_weight", "entropy_weight", "value_weight"].map(|name| case.values(name));
    let loss = outputs
        .iter()
        .zip(weights)
        .map(|(x, weights)| ganas_testkit::weighted_sum(x, weights))
        .sum();
    (loss, weights.map(<[f64]>::to_vec))
}

/// `mean(-min(r A, clip(r) A) + c_v (v - R)² - c_h H)`, with the ratio `r` of new to old probability.
fn ppo<B: Backend>(
    case: &Case<B>,
    [log_prob, entropy, value]: [&[f64]; 3],
) -> (f64, [Vec<f64>; 3]) {
    let [old, advantage, returns] =
        ["old_log_prob", "advantage", "return"].map(|name| case.values(name));
    let [clip, c_v, c_h] = ["clip", "value_weight", "entropy_weight"].map(|name| case.scalar(name));
    let scale = 1.0 / f64::of_count(old.len());
    let mut loss = 0.0;
    let mut d = [(); 3].map(|()| Vec::new());
    for i in 0..old.len() {
        let ratio = (log_prob[i] - old[i]).exp();
        let free = ratio * advantage[i];
        let clipped = ratio.clamp(1.0 - clip, 1.0 + clip) * advantage[i];
        let error = value[i] - returns[i];
        loss += scale * (-free.min(clipped) + c_v * error * error - c_h * entropy[i]);
        d[0].push(if free <= clipped { -scale * free } else { 0.0 });
        d[1].push(-scale * c_h);
        d[2].push(scale * c_v * 2.0 * error);
    }
    (loss, d)
}

fn check_policy<B: Backend>(device: B, json: &str, input: PolicyInput, loss: PolicyLoss<B>) {
    let case = Case::new(device, json);
    let device = &case.device;
    let mut layout = Layout::default();
    let config = PolicyConfig {
        n_labels: N_LABELS,
        n_nodes: 5,
        prefixes: vec![1, 3, 4],
        input,
        state_width: 4,
        head_width: 5,
        edges: EdgeChoice::Fixed,
    };
    let net = Policy::new(&mut layout, config);
    let episodes = Episodes {
        graphs: case.graphs(),
        decisions: Decisions {
            masks: case.masks("masks"),
            chosen: case.ints("chosen"),
            last_labels: case.ints("last_labels"),
            edges: EdgeDecisions::new(device),
        },
    };
    let mut cache = PolicyCache::new(device);
    net.share(device, &episodes, &mut cache);
    check_training(&case, &layout, |params, grads| {
        net.forward(Forward::new(device, params), &episodes, &mut cache);
        let out = &mut cache.out;
        let [log_prob, entropy, value] =
            [&out.log_prob, &out.entropy, &out.value].map(|mat| read(device, mat.view()));
        let (loss, d) = loss(&case, [&log_prob, &entropy, &value]);
        let mats = [&mut out.d_log_prob, &mut out.d_entropy, &mut out.d_value];
        for (mat, d) in mats.into_iter().zip(d) {
            let d: Vec<B::Elem> = d.into_iter().map(B::Elem::of).collect();
            mat.set_column(device, &d);
        }
        net.backward(
            &mut Backward::new(device, params, grads),
            &episodes,
            &mut cache,
        );
        let outputs = vec![
            ("log_prob", log_prob),
            ("entropy", entropy),
            ("value", value),
        ];
        Results { loss, outputs }
    });
}

fn graph(activation: Activation) -> PolicyInput {
    PolicyInput::Graph {
        width: 3,
        layers: 2,
        activation,
    }
}

#[test]
fn policy_graph_reinforce() {
    let (json, input) = (golden!("policy_graph_reinforce"), graph(Activation::Tanh));
    on_every_device!(check_policy, json, input, reinforce);
}

#[test]
fn policy_graph_ppo() {
    let (json, input) = (golden!("policy_graph_ppo"), graph(Activation::Relu));
    on_every_device!(check_policy, json, input, ppo);
}

#[test]
fn policy_last_label_reinforce() {
    let input = PolicyInput::LastLabel { width: 3 };
    let json = golden!("policy_last_label_reinforce");
    on_every_device!(check_policy, json, input, reinforce);
}

#[test]
fn policy_last_label_ppo() {
    let input = PolicyInput::LastLabel { width: 3 };
    let json = golden!("policy_last_label_ppo");
    on_every_device!(check_policy, json, input, ppo);
}
