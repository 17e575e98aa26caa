//! The cross-entropy method in its plain form: the generator is fitted to the best architectures so far, and draws the next ones.
//!
//! Rubinstein, "The Cross-Entropy Method for Combinatorial and Continuous Optimization", 1999. GA-NAS without a discriminator and
//! without a policy gradient: the control for what these two add. docs/SEARCHERS.md has the settings.

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ganas_gnn::Backend;
use ganas_space::SearchSpace;
use serde::{Deserialize, Serialize};

pub use config::CrossEntropyConfig;

use crate::drawn::{Drawn, DrawnState};
use crate::ga_nas::encode::Rollout;
use crate::ledger::Ledger;
use crate::method::Method;
use crate::streams::Purpose;
use crate::{Event, SearchError};

/// The cross-entropy method with the generator of GA-NAS.
#[derive(Debug)]
pub struct CrossEntropy<B: Backend> {
    config: CrossEntropyConfig,
    drawn: Drawn<B>,
    events: Vec<Event>,
}

/// What is needed to continue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent, bound = "T: ganas_gnn::Element")]
pub struct CrossEntropyState<T>(DrawnState<T>);

impl<B: Backend> CrossEntropy<B> {
    /// The name on the command line and in records.
    pub const NAME: &'static str = "cross-entropy";

    /// The method in a space.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], [`SearchError::UnsupportedSpace`] when the generator cannot build the space's architectures,
    /// or [`SearchError::Device`].
    pub fn new(
        device: &B,
        space: Arc<dyn SearchSpace>,
        config: CrossEntropyConfig,
        seed: u64,
    ) -> Result<Self, SearchError> {
        config.check()?;
        Ok(Self {
            drawn: Drawn::new(device, space, (&config.generator, &config.draws), seed)?,
            config,
            events: Vec::new(),
        })
    }

    /// The numbers of the truth set: the best entries, at most half of them; what misses a bound only while nothing satisfies all.
    fn truth(&self, ledger: &Ledger) -> Vec<usize> {
        let mut best = ledger.best_first();
        let eligible = |at: &usize| ledger.entries()[*at].merit.is_eligible();
        let n_eligible = best.iter().filter(|at| eligible(at)).count().max(1);
        let half = (ledger.entries().len() / 2).max(1);
        best.truncate(self.config.truth_set.min(half).min(n_eligible));
        best
    }

    /// Fits the generator to the truth set, in so many steps.
    fn fit(&mut self, ledger: &Ledger, steps: usize) -> Result<(), SearchError> {
        let truth = self.truth(ledger);
        let mut loss = 0.0;
        for step in 0..steps {
            let imitated = truth
                .iter()
                .enumerate()
                .map(|(item, &entry)| {
                    let mut stream = ledger.stream(Purpose::Relabelling, item, step);
                    let arch = &ledger.entries()[entry].arch;
                    self.drawn
                        .rollout(ledger.space().relabelled(arch, &mut stream))
                })
                .collect::<Result<Vec<Rollout>, SearchError>>()?;
            (loss, _) = self.drawn.update((&[], &[]), &imitated, ledger.asked())?;
        }
        if steps > 0 {
            let size = u32::try_from(truth.len());
            let size = size.expect("invariant: the entries are trials, which are few");
            self.events.push(Event {
                kind: "training".to_owned(),
                values: vec![
                    ("truth_set".to_owned(), f64::from(size)),
                    ("generator_loss".to_owned(), loss),
                ],
            });
        }
        Ok(())
    }
}

impl<B: Backend> Method for CrossEntropy<B> {
    type State = CrossEntropyState<B::Elem>;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn propose(&mut self, ledger: &mut Ledger, limit: usize) -> Result<(), SearchError> {
        let (designs, begun) = (self.config.initial_designs, ledger.n_begun());
        // Failed evaluations may leave nothing to learn from: the design then goes on.
        if begun < designs || ledger.entries().is_empty() {
            let n = if begun < designs { designs - begun } else { 1 };
            for _ in 0..n.min(limit) {
                if !ledger.propose_design(designs) {
                    break;
                }
            }
            return Ok(());
        }
        let n = self.config.batch.min(limit);
        // As many steps for each proposal as in a whole round.
        let asked = ledger.asked() as usize;
        let until = |asked: usize| asked * self.config.steps / self.config.batch;
        self.fit(ledger, until(asked + n) - until(asked))?;
        self.drawn.propose(ledger, n, |_, _, _| {})
    }

    fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn state(&self) -> Result<Self::State, SearchError> {
        Ok(CrossEntropyState(self.drawn.state()?))
    }

    fn set_state(&mut self, state: Self::State, _: &Ledger) -> Result<(), String> {
        self.drawn.set_state(&state.0)
    }
}
