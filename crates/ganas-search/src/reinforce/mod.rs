//! REINFORCE on the measured metric: the generator draws, and what it drew is rewarded with what came of it.
//!
//! Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", 1992; Zoph and Le,
//! "Neural Architecture Search with Reinforcement Learning", ICLR 2017. docs/SEARCHERS.md has the settings.

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ganas_gnn::Backend;
use ganas_space::SearchSpace;
use serde::{Deserialize, Serialize};

pub use config::ReinforceConfig;

use crate::drawn::{Drawn, DrawnState};
use crate::ga_nas::encode::Rollout;
use crate::ledger::Ledger;
use crate::merit::{Merit, worths};
use crate::method::Method;
use crate::mutation::decisions;
use crate::{Event, SearchError, Trial};

/// REINFORCE with the generator of GA-NAS.
#[derive(Debug)]
pub struct Reinforce<B: Backend> {
    config: ReinforceConfig,
    drawn: Drawn<B>,
    /// What was drawn and has a result, and was not learnt from yet.
    rewarded: Vec<Rewarded>,
    events: Vec<Event>,
}

/// A draw, and how good it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rewarded {
    actions: Vec<u8>,
    merit: Merit,
}

/// What is needed to continue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "T: ganas_gnn::Element")]
pub struct ReinforceState<T> {
    drawn: DrawnState<T>,
    rewarded: Vec<Rewarded>,
}

impl<B: Backend> Reinforce<B> {
    /// The name on the command line and in records.
    pub const NAME: &'static str = "reinforce";

    /// The method in a space.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], [`SearchError::UnsupportedSpace`] when the generator cannot build the space's architectures,
    /// or [`SearchError::Device`].
    pub fn new(
        device: &B,
        space: Arc<dyn SearchSpace>,
        config: ReinforceConfig,
        seed: u64,
    ) -> Result<Self, SearchError> {
        config.check()?;
        Ok(Self {
            drawn: Drawn::new(device, space, (&config.generator, &config.draws), seed)?,
            config,
            rewarded: Vec::new(),
            events: Vec::new(),
        })
    }

    /// Learns from what has a result, a batch at a time.
    fn learn(&mut self, round: u32) -> Result<(), SearchError> {
        while self.rewarded.len() >= self.config.batch {
            let batch: Vec<Rewarded> = self.rewarded.drain(..self.config.batch).collect();
            let rollouts = batch
                .iter()
                .map(|rewarded| self.drawn.rollout_of(&rewarded.actions))
                .collect::<Result<Vec<Rollout>, SearchError>>()?;
            let merits: Vec<Merit> = batch.iter().map(|rewarded| rewarded.merit).collect();
            let rewards = worths(&merits);
            let (loss, entropy) = self.drawn.update((&rollouts, &rewards), &[], round)?;
            self.events.push(Event {
                kind: "training".to_owned(),
                values: vec![
                    ("generator_loss".to_owned(), loss),
                    ("generator_entropy".to_owned(), entropy),
                ],
            });
        }
        Ok(())
    }
}

impl<B: Backend> Method for Reinforce<B> {
    type State = ReinforceState<B::Elem>;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn propose(&mut self, ledger: &mut Ledger, limit: usize) -> Result<(), SearchError> {
        let n = self.config.batch.min(limit);
        let rewarded = &mut self.rewarded;
        // What is drawn again has the reward that it had, as it would have where it is evaluated again.
        self.drawn.propose(ledger, n, |ledger, key, rollout| {
            if let Some(entry) = ledger.entry_of(key) {
                rewarded.push(Rewarded {
                    actions: rollout.actions.iter().map(|action| action.0).collect(),
                    merit: entry.merit,
                });
            }
        })?;
        self.learn(ledger.asked())
    }

    fn told(&mut self, ledger: &Ledger, trials: &[Trial]) -> Result<(), SearchError> {
        for trial in trials.iter().filter(|trial| !trial.repeat) {
            let actions = decisions(&**ledger.space(), &trial.arch);
            if let (Some(merit), Some(actions)) = (Merit::of(trial), actions) {
                self.rewarded.push(Rewarded {
                    actions: actions.into_iter().map(|action| action.0).collect(),
                    merit,
                });
            }
        }
        self.learn(ledger.told())
    }

    fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn state(&self) -> Result<Self::State, SearchError> {
        Ok(ReinforceState {
            drawn: self.drawn.state()?,
            rewarded: self.rewarded.clone(),
        })
    }

    fn set_state(&mut self, state: Self::State, _: &Ledger) -> Result<(), String> {
        self.rewarded = state.rewarded;
        self.drawn.set_state(&state.drawn)
    }
}
