//! A round of GA-NAS as the theory sees it: exact, over all that the generator can draw.

use std::sync::Arc;

use ganas_gnn::nets::{Episodes, PolicyCache};
use ganas_gnn::{Backend, Element as _, Forward};
use ganas_space::ArchKey;

use super::GaNas;
use super::encode::{EpisodeBuffers, SeenGraph};
use super::generator::GraphPolicy;
use crate::theory::{Distributions, Judged, Landscape, measures};
use crate::{Event, SearchError};

/// Episodes that are evaluated together.
const CHUNK: usize = 1 << 14;

/// Classes that a discriminator judges together.
const JUDGED: usize = 1 << 12;

/// The probabilities of all decision sequences of a space.
#[derive(Debug)]
pub(crate) struct ExactPolicy<B: Backend> {
    landscape: Arc<Landscape>,
    /// What episodes share is found once.
    chunks: Vec<(Episodes<B>, PolicyCache<B>)>,
}

impl<B: Backend> ExactPolicy<B> {
    /// Prepares memory of its own, so that a policy is read and not changed.
    pub(crate) fn new(policy: &GraphPolicy<B>, landscape: Arc<Landscape>) -> Self {
        let device = &policy.device;
        let mut buffers = EpisodeBuffers::default();
        let chunks = landscape.episodes.chunks(CHUNK).map(|rollouts| {
            let mut episodes = Episodes::new(device);
            let mut cache = PolicyCache::new(device);
            let steps = &policy.building.steps;
            buffers.fill(device, &mut episodes, steps, rollouts.iter());
            policy.net.share(device, &episodes, &mut cache);
            (episodes, cache)
        });
        Self {
            chunks: chunks.collect(),
            landscape,
        }
    }

    /// The log-probability of each decision sequence: the sum of those of its decisions.
    pub(crate) fn log_probs(&mut self, policy: &GraphPolicy<B>) -> Vec<f64> {
        let device = &policy.device;
        let steps = policy.net.steps();
        let mut all = Vec::with_capacity(self.landscape.n_episodes());
        let mut of_steps = Vec::new();
        for (episodes, cache) in &mut self.chunks {
            let pass = Forward::new(device, &policy.params);
            policy.net.forward(pass, episodes, cache);
            cache.out.log_prob.read_column(device, &mut of_steps);
            let n = episodes.graphs.n_graphs();
            all.extend((0..n).map(|episode| -> f64 {
                (0..steps)
                    .map(|step| of_steps[step * n + episode].wide())
                    .sum()
            }));
        }
        all
    }

    /// The probability with which the policy draws each class: the sum over its decision sequences.
    pub(crate) fn class_probabilities(&mut self, policy: &GraphPolicy<B>) -> Vec<f64> {
        let log_probs = self.log_probs(policy);
        let mut of_classes = vec![0.0; self.landscape.n_classes()];
        for (log_prob, &class) in log_probs.into_iter().zip(&self.landscape.class_of) {
            of_classes[class] += log_prob.exp();
        }
        of_classes
    }
}

/// What measures a searcher.
#[derive(Debug)]
pub(super) struct Measuring<B: Backend> {
    exact: ExactPolicy<B>,
    measured: Vec<Event>,
}

impl<B: Backend> Measuring<B> {
    pub(super) fn new(policy: &GraphPolicy<B>, landscape: Arc<Landscape>) -> Self {
        Self {
            exact: ExactPolicy::new(policy, landscape),
            measured: Vec::new(),
        }
    }

    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.measured)
    }
}

impl<B: Backend> GaNas<B> {
    /// Measures the round between its training and its proposals, when it is measured.
    pub(super) fn measure(&mut self) -> Result<(), SearchError> {
        let Some(mut measuring) = self.measuring.take() else {
            return Ok(());
        };
        let device = self.device.clone();
        let event = device.session(|| self.measured(&mut measuring.exact));
        measuring.measured.push(event?);
        self.measuring = Some(measuring);
        Ok(())
    }

    fn measured(&mut self, exact: &mut ExactPolicy<B>) -> Result<Event, SearchError> {
        let generated = exact.class_probabilities(self.generator.policy());
        let landscape = &exact.landscape;
        let (truth, _) = self.history.truth_and_losers(self.config.truth_set);
        let entries = self.history.entries();
        let keys: Vec<ArchKey> = (truth.iter())
            .map(|&entry| self.space.key(&entries[entry].arch))
            .collect();
        let classes = keys.iter().map(|key| landscape.class(*key));
        let classes: Option<Vec<usize>> = classes.collect();
        let classes = classes.ok_or_else(|| SearchError::Unmeasurable {
            space: self.space.name().to_owned(),
            reason: "something was evaluated that it was not listed with".to_owned(),
        })?;
        let truth: Vec<&SeenGraph> = truth.iter().map(|&entry| &entries[entry].seen).collect();
        let mut judged = Judged {
            truth: f64::NAN,
            classes: Vec::with_capacity(landscape.n_classes()),
        };
        for seen in landscape.seen.chunks(JUDGED) {
            let seen: Vec<&SeenGraph> = seen.iter().collect();
            let part = self.discriminator.judge(&truth, &seen);
            judged.truth = part.truth;
            judged.classes.extend(part.classes);
        }
        let of = Distributions {
            generated: &generated,
            truth: &classes,
        };
        Ok(measures(landscape, of, &judged, self.config.truth_set))
    }
}
