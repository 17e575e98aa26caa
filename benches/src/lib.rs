//! The work that is timed: training steps at one fixed shape, built from `ganas-gnn` and `ganas-rl`.
//!
//! The criterion benches of this package and the program that `cargo xtask bench` drives share it.
//! The graphs have 7 vertices and free edges, as the cells of NAS-Bench-101; `xtask/bench/torch_steps.py` is the same
//! work in PyTorch.

#![forbid(unsafe_code)]

pub mod clock;
mod discriminator;
mod graphs;
pub mod kernels;
mod policy;
pub mod roofline;

pub use discriminator::DiscriminatorWork;
pub use graphs::{Graph, N_LABELS, N_NODES, random_graphs};
pub use policy::PolicyWork;

use ganas_gnn::Backend;
use ganas_random::{Stream, StreamKey};

/// The device of the benches of operations and layers.
pub type Device = ganas_gnn::Cpu<f32>;

/// So small that a thousand repetitions change nothing: a policy that converges would share ever more of its work, and the
/// time of a step would depend on how many came before.
pub(crate) const LEARNING_RATE: f64 = 1e-6;

/// The sizes of the work.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Width of the encoders, of the recurrent state and of the hidden layers.
    pub width: usize,
    /// Layers of the encoders.
    pub layers: usize,
    /// Architectures that are drawn and rewarded together, and pairs of a discriminator's batch.
    pub batch: usize,
    /// Architectures of the truth set.
    pub truth: usize,
    /// Epochs of a policy update.
    pub epochs: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            width: 128,
            layers: 3,
            batch: 128,
            truth: 50,
            epochs: 4,
        }
    }
}

/// A random stream of the benches, by number.
pub(crate) fn stream(purpose: u8, item: u32, step: u32) -> Stream {
    Stream::new(key(purpose, item, step))
}

/// The key of that stream.
pub(crate) fn key(purpose: u8, item: u32, step: u32) -> StreamKey {
    StreamKey {
        seed: 1,
        purpose,
        item,
        step,
        ..StreamKey::default()
    }
}

/// Everything that an inner iteration of a search does: discriminator steps, a draw, its rewards, a policy update.
#[derive(Debug)]
pub struct InnerIteration<B: Backend<Elem = f32>> {
    discriminator: DiscriminatorWork<B>,
    policy: PolicyWork<B>,
    rollouts: Vec<Graph>,
}

/// Steps of the discriminator in an inner iteration.
const DISCRIMINATOR_STEPS: usize = 10;

impl<B: Backend<Elem = f32>> InnerIteration<B> {
    /// Networks with starting values, and a first draw.
    #[must_use]
    pub fn new(device: &B, shape: Shape) -> Self {
        let mut policy = PolicyWork::new(device, shape);
        let rollouts = policy.sample();
        Self {
            discriminator: DiscriminatorWork::new(device, shape),
            policy,
            rollouts,
        }
    }

    /// One inner iteration.
    pub fn run(&mut self) {
        self.discriminator.show(&self.rollouts);
        for _ in 0..DISCRIMINATOR_STEPS {
            self.discriminator.step();
        }
        self.rollouts = self.policy.sample();
        let rewards = self.discriminator.rewards(&self.rollouts);
        self.policy.update(&self.rollouts, &rewards);
    }
}
