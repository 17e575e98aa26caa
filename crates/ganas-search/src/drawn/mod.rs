//! What is drawn from a generator and was not seen: the proposals of methods that have one.

mod config;

use std::sync::Arc;

use ganas_gnn::ops::categorical::Exploration;
use ganas_gnn::{Backend, Element, guarded};
use ganas_space::{Arch, ArchKey, SearchSpace};
use serde::{Deserialize, Serialize};

pub use config::DrawsConfig;

use crate::SearchError;
use crate::ga_nas::GeneratorConfig;
use crate::ga_nas::encode::{OpenActions, Rollout, Steps};
use crate::ga_nas::generator::{Building, Generator, GeneratorState, generator};
use crate::ledger::Ledger;
use crate::streams::{Purpose, Streams};

/// The generator of GA-NAS on its own.
#[derive(Debug)]
pub(crate) struct Drawn<B: Backend> {
    device: B,
    space: Arc<dyn SearchSpace>,
    generator: Generator<B>,
    draws: DrawsConfig,
}

/// What is needed to continue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "T: Element")]
pub(crate) struct DrawnState<T> {
    element: String,
    generator: GeneratorState<T>,
}

impl<B: Backend> Drawn<B> {
    /// A generator with starting values.
    ///
    /// # Errors
    ///
    /// [`SearchError::UnsupportedSpace`] when it cannot build the space's architectures, or [`SearchError::Device`].
    pub(crate) fn new(
        device: &B,
        space: Arc<dyn SearchSpace>,
        (config, draws): (&GeneratorConfig, &DrawsConfig),
        seed: u64,
    ) -> Result<Self, SearchError> {
        let building = Building {
            steps: Steps::of(&*space)?,
            space: Arc::clone(&space),
            open: OpenActions::Admissible,
        };
        let (device, generator) = guarded(|| {
            let device = device.fork();
            let generator = generator(&device, config, building, Streams { seed });
            (device, generator)
        })?;
        Ok(Self {
            device,
            space,
            generator,
            draws: draws.clone(),
        })
    }

    /// Proposes up to `n` draws that were not seen, in the order in which they are drawn; the others go to `seen`, up to the last
    /// one that is proposed. What the generator does not find is drawn at random.
    ///
    /// # Errors
    ///
    /// Those of the generator.
    pub(crate) fn propose(
        &mut self,
        ledger: &mut Ledger,
        n: usize,
        mut seen: impl FnMut(&Ledger, ArchKey, Rollout),
    ) -> Result<(), SearchError> {
        let mut missing = n;
        let mut temperature = 1.0;
        let n_decisions = self.generator.policy().n_decisions();
        let first = ledger.stream_key(Purpose::Pool, 0, 0);
        for attempt in 0..self.draws.attempts {
            let step = u32::try_from(attempt * n_decisions);
            let key = ganas_random::StreamKey {
                step: step.expect("invariant: attempts and decisions are few"),
                ..first
            };
            let exploration = Exploration {
                temperature,
                uniform_mix: self.draws.uniform_mix,
            };
            let (device, pool) = (self.device.clone(), self.draws.pool);
            let policy = self.generator.policy_mut();
            let drawn = guarded(|| device.session(|| policy.explore(key, pool, exploration)))??;
            for rollout in drawn {
                if ledger.propose(&rollout.arch) {
                    missing -= 1;
                    if missing == 0 {
                        return Ok(());
                    }
                } else {
                    let key = self.space.key(&rollout.arch);
                    seen(ledger, key, rollout);
                }
            }
            if attempt >= self.draws.patience {
                temperature *= self.draws.temperature_growth;
            }
        }
        while missing > 0 && ledger.propose_random() {
            missing -= 1;
        }
        Ok(())
    }

    /// An architecture with the decisions that build it.
    ///
    /// # Errors
    ///
    /// It cannot be built.
    pub(crate) fn rollout(&self, arch: Arch) -> Result<Rollout, SearchError> {
        Ok(Rollout::of(&*self.space, OpenActions::Admissible, arch)?)
    }

    /// The rollout of decisions.
    ///
    /// # Errors
    ///
    /// They build nothing.
    pub(crate) fn rollout_of(&self, actions: &[u8]) -> Result<Rollout, SearchError> {
        let mut partial = self.space.start();
        for action in actions {
            self.space
                .apply(&mut partial, ganas_space::Action(*action))?;
        }
        self.rollout(self.space.finish(&partial)?)
    }

    /// Learns from rewarded and from imitated rollouts; says the loss and the entropy of the rewarded ones.
    ///
    /// # Errors
    ///
    /// [`SearchError::NotFinite`] or [`SearchError::Device`].
    pub(crate) fn update(
        &mut self,
        (rollouts, rewards): (&[Rollout], &[f64]),
        imitated: &[Rollout],
        round: u32,
    ) -> Result<(f64, f64), SearchError> {
        let rewards: Vec<B::Elem> = rewards.iter().map(|r| B::Elem::of(*r)).collect();
        let (device, generator) = (self.device.clone(), &mut self.generator);
        let report = guarded(|| device.session(|| generator.update(rollouts, &rewards, imitated)))?;
        if report.loss.is_finite() {
            Ok((report.loss, report.entropy))
        } else {
            Err(SearchError::NotFinite {
                what: "the generator's loss",
                value: report.loss,
                round,
            })
        }
    }

    pub(crate) fn state(&self) -> Result<DrawnState<B::Elem>, SearchError> {
        Ok(guarded(|| DrawnState {
            element: B::Elem::NAME.to_owned(),
            generator: GeneratorState::of(&self.generator),
        })?)
    }

    /// Goes on from a state; an error says how it does not fit.
    pub(crate) fn set_state(&mut self, state: &DrawnState<B::Elem>) -> Result<(), String> {
        if state.element != B::Elem::NAME {
            return Err(format!(
                "it holds {} numbers, this device computes in {}",
                state.element,
                B::Elem::NAME
            ));
        }
        guarded(|| state.generator.put_into(&mut self.generator))
            .map_err(|error| error.to_string())?
    }
}
