//! The random streams of a run: everything that is drawn, and what it depends on.

use ganas_random::{Stream, StreamKey};

/// What a random number is for. The numbers are part of the record: they are never reused for another purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The architectures of the initial design, and those that fill up a proposal.
    Design = 0,
    /// The starting values of the generator.
    GeneratorInit = 1,
    /// The starting values of a discriminator.
    DiscriminatorInit = 2,
    /// The decisions of a rollout that is rewarded.
    Rollout = 3,
    /// The decisions of a rollout that may be proposed.
    Pool = 4,
    /// The minibatches and partners of a discriminator.
    Minibatch = 5,
    /// The order of vertices in which an architecture is imitated.
    Relabelling = 6,
    /// The losers that serve as negatives.
    Negatives = 7,
    /// The architectures of random search.
    RandomSearch = 8,
    /// The starts and the order of neighbours of local search.
    LocalSearch = 9,
    /// The neighbourhood of a given network.
    Start = 10,
    /// The direction in which an architecture of the pool is picked, among several objectives.
    Direction = 11,
    /// A random class that was not seen yet.
    Unseen = 12,
    /// The tournaments and mutations of evolution.
    Evolution = 13,
    /// The order of neighbours of the local search that follows its publication.
    Neighbours = 14,
    /// The candidates that a model of the metric chooses from.
    Candidates = 15,
    /// The order of what is equal in a list.
    Ties = 16,
    /// The starting values and minibatches of networks that predict the metric.
    Ensemble = 17,
    /// Thompson samples of what is predicted.
    Thompson = 18,
}

/// The streams of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    /// The seed of the run.
    pub(crate) seed: u64,
}

impl Streams {
    /// The stream of one purpose, round, item and step.
    pub(crate) fn get(self, purpose: Purpose, round: u32, item: usize, step: usize) -> Stream {
        Stream::new(self.key(purpose, round, item, step))
    }

    /// The key of that stream.
    pub(crate) fn key(self, purpose: Purpose, round: u32, item: usize, step: usize) -> StreamKey {
        let narrow = |n: usize| u32::try_from(n).expect("invariant: items and steps are few");
        StreamKey {
            seed: self.seed,
            purpose: purpose as u8,
            iteration: round,
            item: narrow(item),
            step: narrow(step),
        }
    }
}
