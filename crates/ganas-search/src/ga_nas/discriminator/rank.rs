//! The improved discriminator: an ensemble of rankers of all history.

use ganas_gnn::nets::{RankDiscriminator, RankDiscriminatorCache};
use ganas_gnn::ops::ranking::Comparisons;
use ganas_gnn::{Backend, Backward, Element, Forward, GraphBatch, KnownGraphs, Layout};
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::{Training, TrainingState, shape, sigmoid};
use crate::ga_nas::config::DiscriminatorConfig;
use crate::ga_nas::encode::SeenGraph;
use crate::ga_nas::history::History;
use crate::streams::{Purpose, Streams};

/// An ensemble of rankers, each trained on its own minibatches of history; with several objectives one ensemble for each.
///
/// Members are independent, and are trained in parallel on the threads of the caller's pool.
#[derive(Debug)]
pub(in crate::ga_nas) struct RankEnsemble<B: Backend> {
    device: B,
    config: DiscriminatorConfig,
    /// Those of the first objective, then those of the next.
    members: Vec<Member<B>>,
    batch: GraphBatch<B>,
    /// The graphs of history, whose minibatches many members see in many steps.
    known: KnownGraphs,
}

#[derive(Debug)]
struct Member<B: Backend> {
    device: B,
    net: RankDiscriminator,
    training: Training<B>,
    batch: GraphBatch<B>,
    cache: RankDiscriminatorCache<B>,
    ranks: B::Ints,
    partners: B::Ints,
    scores: Vec<B::Elem>,
}

impl<B: Backend> RankEnsemble<B> {
    pub(in crate::ga_nas) fn new(
        device: &B,
        config: &DiscriminatorConfig,
        n_labels: usize,
        n_objectives: usize,
        streams: Streams,
    ) -> Self {
        let members = (0..config.ensemble * n_objectives)
            .map(|member| {
                let mut layout = Layout::default();
                let net = RankDiscriminator::new(&mut layout, shape(config, n_labels));
                // Members wait for their own work only.
                let device = device.fork();
                Member {
                    net,
                    training: Training::new(&device, layout, streams, member),
                    batch: GraphBatch::new(&device),
                    cache: RankDiscriminatorCache::new(&device),
                    ranks: device.ints(),
                    partners: device.ints(),
                    scores: Vec::new(),
                    device,
                }
            })
            .collect();
        Self {
            device: device.clone(),
            config: config.clone(),
            members,
            batch: GraphBatch::new(device),
            known: KnownGraphs::new(config.layers),
        }
    }

    /// Trains all members on all history; returns the mean of their last losses.
    pub(in crate::ga_nas) fn train(
        &mut self,
        history: &History,
        streams: Streams,
        round: u32,
    ) -> f64 {
        for entry in &history.entries()[self.known.len()..] {
            entry.seen.learn(&mut self.known);
        }
        let (config, known) = (&self.config, &self.known);
        let ranks = history.ranks();
        let losses: Vec<f64> = self
            .members
            .par_iter_mut()
            .enumerate()
            .map(|(number, member)| {
                let ranks = &ranks[number / config.ensemble];
                if !config.warm {
                    member
                        .training
                        .restart(&member.device, streams, round, number);
                }
                let mut loss = 0.0;
                let mut sample = Minibatch::default();
                for step in 0..config.steps {
                    let mut stream = streams.get(Purpose::Minibatch, round, number, step);
                    sample.draw(&mut stream, ranks.len(), config.minibatch, config.partners);
                    let learning_rate = config.learning_rate * schedule(config, step);
                    loss = member.step(known, ranks, &sample, learning_rate);
                }
                loss
            })
            .collect();
        losses.iter().sum::<f64>() / f64::of_count(losses.len())
    }

    /// The scores that each member gives to each graph.
    pub(in crate::ga_nas) fn scores(&mut self, graphs: &[&SeenGraph]) -> Vec<Vec<f64>> {
        self.batch.clear();
        for graph in graphs {
            graph.push(&mut self.batch);
        }
        self.batch.prepare(&self.device);
        // The members read it from queues of their own.
        self.device.finish();
        let batch = &self.batch;
        self.members
            .par_iter_mut()
            .map(|member| {
                let Member {
                    device,
                    net,
                    training,
                    cache,
                    scores,
                    ..
                } = member;
                net.forward(Forward::new(device, &training.params), batch, cache);
                cache.scores().read_column(device, scores);
                scores.iter().map(|score| score.wide()).collect()
            })
            .collect()
    }

    /// The mean over members and truth set of the probability that each graph beats the truth cell.
    ///
    /// With several objectives the mean over the truth set of the probability that it beats the truth cell in all of
    /// them, taken as independent: that it dominates it.
    pub(in crate::ga_nas) fn rewards(
        &mut self,
        truth: &[&SeenGraph],
        graphs: &[&SeenGraph],
    ) -> Vec<B::Elem> {
        let all: Vec<&SeenGraph> = truth.iter().chain(graphs).copied().collect();
        let scores = self.scores(&all);
        if scores.len() > self.config.ensemble {
            return dominating(&scores, self.config.ensemble, truth.len());
        }
        let pairs = f64::of_count(truth.len() * scores.len());
        (truth.len()..all.len())
            .map(|x| {
                let beats = |member: &Vec<f64>| -> f64 {
                    member[..truth.len()]
                        .iter()
                        .map(|t| sigmoid(member[x] - t))
                        .sum()
                };
                B::Elem::of(scores.iter().map(beats).sum::<f64>() / pairs)
            })
            .collect()
    }

    /// The state; nothing for members that start afresh in each round.
    pub(in crate::ga_nas) fn state(&self) -> Vec<TrainingState<B::Elem>> {
        if !self.config.warm {
            return Vec::new();
        }
        self.members
            .iter()
            .map(|member| member.training.state(&member.device))
            .collect()
    }

    pub(in crate::ga_nas) fn set_state(
        &mut self,
        states: &[TrainingState<B::Elem>],
    ) -> Result<(), String> {
        let expected = if self.config.warm {
            self.members.len()
        } else {
            0
        };
        if states.len() != expected {
            return Err(format!(
                "expected {expected} discriminators, the checkpoint has {}",
                states.len()
            ));
        }
        for (member, state) in self.members.iter_mut().zip(states) {
            member.training.set_state(&member.device, state)?;
        }
        Ok(())
    }
}

/// The mean over the truth set, which comes first, of the probability that each other graph dominates the truth cell.
fn dominating<T: Element>(scores: &[Vec<f64>], ensemble: usize, n_truth: usize) -> Vec<T> {
    let n = scores.first().map_or(0, Vec::len);
    (n_truth..n)
        .map(|x| {
            let beats = |t: usize| -> f64 {
                scores
                    .chunks(ensemble)
                    .map(|members| {
                        let sum: f64 = members.iter().map(|m| sigmoid(m[x] - m[t])).sum();
                        sum / f64::of_count(members.len())
                    })
                    .product()
            };
            T::of((0..n_truth).map(beats).sum::<f64>() / f64::of_count(n_truth))
        })
        .collect()
}

/// The learning rate of a step as a share of the configured one.
fn schedule(config: &DiscriminatorConfig, step: usize) -> f64 {
    let progress = f64::of_count(step) / f64::of_count(config.steps);
    if config.warm {
        (1.0 - progress).max(0.1)
    } else {
        0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
    }
}

/// The entries of history in a minibatch, and the partners of each.
#[derive(Debug, Default)]
struct Minibatch {
    all: Vec<usize>,
    entries: Vec<usize>,
    partners: Vec<u32>,
}

impl Minibatch {
    /// Draws `size` of `n` entries (all, in order, when there are not more) and `permutations` permutations of them.
    fn draw(
        &mut self,
        stream: &mut ganas_random::Stream,
        n: usize,
        size: usize,
        permutations: usize,
    ) {
        self.entries.clear();
        self.entries.extend(0..n);
        if n > size {
            self.all.clone_from(&self.entries);
            let (chosen, _) = self.all.partial_shuffle(stream, size);
            self.entries.clear();
            self.entries.extend_from_slice(chosen);
        }
        let m = u32::try_from(self.entries.len()).expect("invariant: a minibatch is small");
        self.partners.clear();
        for permutation in 0..permutations {
            self.partners.extend(0..m);
            self.partners[permutation * self.entries.len()..].shuffle(stream);
        }
    }
}

impl<B: Backend> Member<B> {
    fn step(
        &mut self,
        known: &KnownGraphs,
        ranks: &[u32],
        sample: &Minibatch,
        learning_rate: f64,
    ) -> f64 {
        let device = &self.device;
        self.batch.fill(known, &sample.entries);
        self.batch.prepare(device);
        let chosen: Vec<u32> = sample.entries.iter().map(|&entry| ranks[entry]).collect();
        device.write_ints(&mut self.ranks, &chosen);
        device.write_ints(&mut self.partners, &sample.partners);
        let Training {
            params,
            grads,
            adam,
            ..
        } = &mut self.training;
        self.net
            .forward(Forward::new(device, params), &self.batch, &mut self.cache);
        let (scores, d_scores) = self.cache.scores_and_derivative(device);
        let comparisons = Comparisons {
            ranks: &self.ranks,
            partners: &self.partners,
        };
        let loss = device.ranking_loss(d_scores.view_mut(), scores, comparisons);
        self.net.backward(
            &mut Backward::new(device, params, grads),
            &self.batch,
            &mut self.cache,
        );
        adam.step(device, params, grads, learning_rate);
        loss
    }
}
