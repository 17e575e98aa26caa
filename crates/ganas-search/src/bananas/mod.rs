//! BANANAS: an ensemble of networks predicts the metric of mutations of the best, and Thompson sampling picks among them.
//!
//! White, Neiswanger, Savani, "BANANAS: Bayesian Optimization with Neural Architectures for Neural Architecture Search", AAAI 2021,
//! and `bananas` in `naszilla/nas_algorithms.py` of naszilla/naszilla. docs/SEARCHERS.md has the settings, and what differs.

mod config;
mod encoding;
mod network;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use ganas_gnn::{Backend, guarded};
use ganas_space::{Arch, SearchSpace};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use config::{BananasConfig, Encoding};

use crate::SearchError;
use crate::ledger::Ledger;
use crate::merit::{Merit, worths};
use crate::method::Method;
use crate::mutation::{Rates, mutated};
use crate::streams::Purpose;

use encoding::Features;
use network::{Network, Values};

/// BANANAS. The members of the ensemble are trained in parallel on the rayon pool in which it is asked; the result does not
/// depend on the number of its threads.
#[derive(Debug)]
pub struct Bananas<B: Backend> {
    config: BananasConfig,
    features: Features,
    members: Vec<Network<B>>,
    trained: Option<Trained>,
    /// Whether the networks are as they were after that training; it is made again when they are not.
    is_ready: bool,
}

/// The last training, from which the networks follow.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Trained {
    /// How many entries there were.
    entries: u32,
    /// How many proposals there were.
    asked: u32,
}

impl<B: Backend> Bananas<B> {
    /// The name on the command line and in records.
    pub const NAME: &'static str = "bananas";

    /// The method in a space.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`] or [`SearchError::Device`].
    pub fn new(
        device: &B,
        space: &Arc<dyn SearchSpace>,
        config: BananasConfig,
    ) -> Result<Self, SearchError> {
        config.check()?;
        let features = Features::of(&**space, config.encoding, config.longest_path);
        let members = guarded(|| {
            let member = |_| Network::new(&device.fork(), &config, features.len());
            (0..config.ensemble).map(member).collect()
        })?;
        Ok(Self {
            config,
            features,
            members,
            trained: None,
            is_ready: false,
        })
    }

    /// Trains the networks, when a batch was proposed since they were trained, or when they are not as they were then.
    fn train(&mut self, ledger: &Ledger) -> Result<(), SearchError> {
        let narrow = |n| u32::try_from(n).expect("invariant: entries are trials, which are few");
        let now = Trained {
            entries: narrow(ledger.entries().len()),
            asked: ledger.asked(),
        };
        let is_due = self.trained.is_none_or(|trained| {
            now.asked - trained.asked >= narrow(self.config.batch) && now.entries > trained.entries
        });
        if is_due {
            self.trained = Some(now);
        } else if self.is_ready {
            return Ok(());
        }
        let trained = self.trained.unwrap_or(now);
        let entries = &ledger.entries()[..trained.entries as usize];
        let merits: Vec<Merit> = entries.iter().map(|entry| entry.merit).collect();
        let mut values = Values::default();
        for (entry, worth) in entries.iter().zip(standardised(worths(&merits))) {
            if let Some(ones) = self.features.ones(&**ledger.space(), &entry.arch) {
                values.ones.push(ones);
                values.targets.push(worth);
            }
        }
        let (config, streams) = (&self.config, ledger.streams());
        guarded(|| {
            let members = self.members.par_iter_mut().enumerate();
            members.for_each(|(member, network)| {
                let mut rng = streams.get(Purpose::Ensemble, trained.asked, member, 0);
                network.train(config, &values, &mut rng);
            });
        })?;
        self.is_ready = true;
        Ok(())
    }

    /// Mutations of the best that were not seen, each with its features.
    fn candidates(&self, ledger: &Ledger) -> Vec<(Arch, Vec<usize>)> {
        let config = &self.config;
        let rates = Rates {
            labels: config.label_changes,
            edges: config.edge_changes,
        };
        let space = &**ledger.space();
        let mut rng = ledger.stream(Purpose::Candidates, 0, 0);
        let mut found = Vec::new();
        let mut classes = BTreeSet::new();
        for parent in ledger.best_first().into_iter().take(config.parents) {
            if found.len() >= config.candidates {
                break;
            }
            let parent = &ledger.entries()[parent].arch;
            for _ in 0..config.candidates {
                let Some(arch) = mutated(space, parent, rates, &mut rng) else {
                    continue;
                };
                let key = space.key(&arch);
                let is_new = !ledger.is_seen(key) && space.admits(&arch) && classes.insert(key);
                if is_new && let Some(ones) = self.features.ones(space, &arch) {
                    found.push((arch, ones));
                }
            }
        }
        found
    }

    /// Proposes up to `n` candidates: those with the highest values of independent Thompson samples, each drawn from a normal
    /// distribution with the mean and the deviation of the ensemble's predictions.
    fn propose_best(&mut self, ledger: &mut Ledger, n: usize) -> Result<usize, SearchError> {
        let candidates = self.candidates(ledger);
        if candidates.is_empty() {
            return Ok(0);
        }
        let ones: Vec<Vec<usize>> = candidates.iter().map(|(_, ones)| ones.clone()).collect();
        let predicted: Vec<Vec<f64>> = guarded(|| {
            let members = self.members.par_iter_mut();
            members.map(|network| network.predict(&ones)).collect()
        })?;
        let mut rng = ledger.stream(Purpose::Thompson, 0, 0);
        let samples: Vec<f64> = (0..candidates.len())
            .map(|i| {
                let of_members: Vec<f64> = predicted.iter().map(|values| values[i]).collect();
                let (mean, deviation) = moments(&of_members);
                let normal: f64 = StandardNormal.sample(&mut rng);
                mean + deviation * normal
            })
            .collect();
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|&a, &b| samples[b].total_cmp(&samples[a]));
        let archs = order.into_iter().map(|at| &candidates[at].0);
        let proposed = archs.filter(|arch| ledger.propose(arch)).take(n);
        Ok(proposed.count())
    }
}

impl<B: Backend> Method for Bananas<B> {
    type State = Option<Trained>;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn propose(&mut self, ledger: &mut Ledger, limit: usize) -> Result<(), SearchError> {
        let (initial, begun) = (self.config.initial, ledger.n_begun());
        // Failed evaluations may leave nothing to learn from: the design then goes on.
        if begun < initial || ledger.entries().len() < 2 {
            let n = if begun < initial { initial - begun } else { 1 };
            for _ in 0..n.min(limit) {
                if !ledger.propose_design(initial) {
                    break;
                }
            }
            return Ok(());
        }
        self.train(ledger)?;
        let n = self.config.batch.min(limit);
        for _ in self.propose_best(ledger, n)?..n {
            if !ledger.propose_random() {
                break;
            }
        }
        Ok(())
    }

    fn state(&self) -> Result<Option<Trained>, SearchError> {
        Ok(self.trained)
    }

    fn set_state(&mut self, trained: Option<Trained>, ledger: &Ledger) -> Result<(), String> {
        let n = ledger.entries().len();
        if let Some(trained) = trained.filter(|trained| trained.entries as usize > n) {
            return Err(format!(
                "its networks were trained on {} values, but there are {n}",
                trained.entries
            ));
        }
        self.trained = trained;
        self.is_ready = false;
        Ok(())
    }
}

/// Values with mean 0 and deviation 1; all 0 where they are equal.
fn standardised(values: Vec<f64>) -> Vec<f64> {
    let (mean, deviation) = moments(&values);
    let scale = if deviation > 1e-12 * mean.abs().max(f64::MIN_POSITIVE) {
        deviation
    } else {
        1.0
    };
    values
        .into_iter()
        .map(|value| (value - mean) / scale)
        .collect()
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.iter().fold(0.0, |n, _| n + 1.0_f64).max(1.0);
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}
