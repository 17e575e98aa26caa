//! GA-NAS: generative adversarial neural architecture search.
//!
//! Changiz Rezaei et al., "Generative Adversarial Neural Architecture Search", IJCAI 2021. docs/METHOD.md says what is
//! the paper's and what is our reading.
//!
//! A round: the best architectures so far are the truth set; the generator draws architectures and learns, by policy
//! gradient, to draw such that the discriminator takes for members of the truth set (or ranks above it); then new
//! architectures are proposed, and only those are evaluated.

mod config;
mod directions;
mod discriminator;
pub(crate) mod encode;
pub(crate) mod generator;
mod history;
pub(crate) mod measuring;
mod negatives;
mod neighbours;
mod proposal;
#[cfg(test)]
mod tests;
mod training;
mod violations;

use std::sync::Arc;

use ganas_gnn::nets::EdgeChoice;
use ganas_gnn::ops::categorical::Exploration;
use ganas_gnn::{Backend, Element, guarded};
use ganas_random::{Stream, StreamKey};
use ganas_space::{Arch, SearchSpace};
use serde::{Deserialize, Serialize};

pub use config::{
    BaselineKind, DiscriminatorConfig, DiscriminatorKind, GaNasConfig, GeneratorConfig,
    GeneratorEncoder, Pick, PolicyUpdate, Preset, ProposalConfig, Topology, Violations,
};

use config::{Criterion, Method};
use directions::Directions;
use discriminator::{Discriminator, PairTrainer, RankEnsemble, TrainingState};
use encode::{OpenActions, SeenGraph, Steps};
use generator::{Building, Generator, GeneratorState, generator};
use history::History;
use measuring::Measuring;
use neighbours::Neighbours;
use proposal::{Pool, highest_mean, thompson};

use crate::start::neighbourhood;
use crate::streams::{Purpose, Streams};
use crate::theory::Landscape;
use crate::{Event, Objectives, Proposal, SearchError, Searcher, Trial};

/// The GA-NAS searcher.
///
/// Ensemble members are trained in parallel on the rayon pool in which it is called; the result does not depend on the
/// number of its threads.
#[derive(Debug)]
pub struct GaNas<B: Backend> {
    device: B,
    space: Arc<dyn SearchSpace>,
    config: GaNasConfig,
    streams: Streams,
    history: History,
    generator: Generator<B>,
    discriminator: Discriminator<B>,
    neighbours: Neighbours,
    /// The network whose neighbourhood is the initial design.
    given: Option<Arch>,
    /// The number of the next ask; the first ones are the initial design.
    round: u32,
    told: u32,
    /// What was known before the search.
    known: usize,
    /// How many architectures of the initial design were proposed.
    designed: usize,
    /// How many were proposed since.
    proposed: usize,
    /// Whether the present ask is for less than a round.
    is_single: bool,
    events: Vec<Event>,
    /// What measures each round, when rounds are measured.
    measuring: Option<Measuring<B>>,
}

/// What is needed, with the trials, to continue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "T: Element")]
struct State<T> {
    element: String,
    round: u32,
    designed: usize,
    proposed: usize,
    generator: GeneratorState<T>,
    discriminators: Vec<TrainingState<T>>,
}

impl<B: Backend> GaNas<B> {
    /// The random numbers of the designs of this round.
    fn design_stream(&self) -> Stream {
        self.streams.get(Purpose::Design, self.round, 0, 0)
    }

    /// The name of the algorithm.
    pub const NAME: &'static str = "ga-nas";

    /// A searcher that has seen nothing.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], [`SearchError::UnsupportedSpace`] when the generator cannot build the space's
    /// architectures, or [`SearchError::Device`].
    pub fn new(
        device: &B,
        space: Arc<dyn SearchSpace>,
        config: GaNasConfig,
        seed: u64,
    ) -> Result<Self, SearchError> {
        Self::build(device, space, config, None, seed)
    }

    /// A searcher for the front of several objectives: trials have a value of each of them.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn for_front(
        device: &B,
        space: Arc<dyn SearchSpace>,
        config: GaNasConfig,
        objectives: Objectives,
        seed: u64,
    ) -> Result<Self, SearchError> {
        Self::build(device, space, config, Some(objectives), seed)
    }

    fn build(
        device: &B,
        space: Arc<dyn SearchSpace>,
        config: GaNasConfig,
        objectives: Option<Objectives>,
        seed: u64,
    ) -> Result<Self, SearchError> {
        config.check()?;
        let method = config.method()?;
        let streams = Streams { seed };
        let steps = Steps::of(&*space)?;
        if steps.edge_choice() == EdgeChoice::Free
            && config.generator.encoder == GeneratorEncoder::LastLabel
        {
            return Err(SearchError::BadConfig {
                field: "generator.encoder".to_owned(),
                reason: format!(
                    "`last_label` sees no graph, but edges are decided in the space {}: expected `graph`",
                    space.name()
                ),
            });
        }
        let n_labels = SeenGraph::n_labels(&*space);
        let settings = &config.discriminator;
        let n_objectives = objectives.as_ref().map_or(1, |o| o.all().len());
        let (device, discriminator, generator) = guarded(|| {
            let device = device.fork();
            let discriminator = match method {
                Method::Pair => {
                    let trainer = PairTrainer::new(&device, settings, n_labels, streams);
                    Discriminator::Pair(Box::new(trainer))
                }
                Method::Rank(criterion) => {
                    let ensemble =
                        RankEnsemble::new(&device, settings, n_labels, n_objectives, streams);
                    Discriminator::Rank {
                        ensemble: Box::new(ensemble),
                        criterion,
                    }
                }
            };
            let building = Building {
                space: Arc::clone(&space),
                steps,
                open: open_actions(&config),
            };
            let generator = generator(&device, &config.generator, building, streams);
            (device, discriminator, generator)
        })?;
        Ok(Self {
            device,
            generator,
            space,
            config,
            streams,
            history: objectives.map(History::towards).unwrap_or_default(),
            discriminator,
            neighbours: Neighbours::default(),
            given: None,
            round: 0,
            told: 0,
            known: 0,
            designed: 0,
            proposed: 0,
            is_single: false,
            events: Vec::new(),
            measuring: None,
        })
    }

    /// Measures each round against all of its space, which changes nothing that is proposed; see docs/THEORY.md.
    ///
    /// # Errors
    ///
    /// [`SearchError::Device`], and [`SearchError::Unmeasurable`] for the front of several objectives, where truth sets have no
    /// level.
    pub fn measured_by(mut self, landscape: Arc<Landscape>) -> Result<Self, SearchError> {
        if self.history.front_size().is_some() {
            return Err(SearchError::Unmeasurable {
                space: self.space.name().to_owned(),
                reason: "with several objectives truth sets have no level".to_owned(),
            });
        }
        let policy = self.generator.policy();
        self.measuring = Some(guarded(|| Measuring::new(policy, landscape))?);
        Ok(self)
    }

    /// Starts from a given network and its neighbourhood instead of random architectures, to improve it.
    #[must_use]
    pub fn starting_from(mut self, given: Arch) -> Self {
        self.given = Some(given);
        self
    }

    /// The random numbers of a draw of the generator, by its number within the round: the inner iteration or the attempt.
    fn draw_key(&self, purpose: Purpose, number: usize) -> StreamKey {
        let step = number * self.generator.policy().n_decisions();
        self.streams.key(purpose, self.round, 0, step)
    }

    /// Proposes `n` architectures of the initial design: random ones, or the neighbourhood of a given network.
    fn design(&mut self, n: usize) -> Vec<Proposal> {
        let space = Arc::clone(&self.space);
        let mut pool = Pool::default();
        if let Some(given) = &self.given {
            let stream = self.streams.get(Purpose::Start, 0, 0, 0);
            // Those that come first were proposed already.
            let near = self.designed + n;
            for arch in neighbourhood(&*space, given, near, stream) {
                pool.add(&*space, &self.history, arch);
            }
        }
        pool.fill(&*space, &self.history, self.design_stream(), n);
        self.designed += n;
        let archs = pool.first(n).into_iter();
        archs.map(|arch| Proposal::new(&*space, arch)).collect()
    }

    /// Proposes `n` architectures: from the neighbours of the best their share, the rest from the generator's draws.
    fn propose(&mut self, n: usize) -> Result<Vec<Proposal>, SearchError> {
        let space = Arc::clone(&self.space);
        let mut archs = self.pick_neighbours(n)?;
        let n_near = archs.len();
        let n = n - n_near;
        let mut pool = Pool::without(archs.iter().map(|arch| space.key(arch)).collect());
        let config = self.config.proposal.clone();
        let mut temperature = 1.0;
        let mut attempts = 0;
        while pool.len() < n && attempts < config.attempts {
            let key = self.draw_key(Purpose::Pool, attempts);
            let exploration = Exploration {
                temperature,
                uniform_mix: config.uniform_mix,
            };
            let policy = self.generator.policy_mut();
            let drawn = self
                .device
                .session(|| policy.explore(key, config.pool, exploration));
            for rollout in drawn? {
                pool.add(&*space, &self.history, rollout.arch);
            }
            attempts += 1;
            if config.pick != Pick::Draws {
                break;
            }
            if attempts > config.patience {
                temperature *= config.temperature_growth;
            }
        }
        let found = pool.len();
        let random = pool.fill(&*space, &self.history, self.design_stream(), n);
        archs.extend(self.pick(pool, n, 0)?);
        let mut values = vec![
            ("attempts".to_owned(), f64::of_count(attempts)),
            ("pool".to_owned(), f64::of_count(found)),
            ("random".to_owned(), f64::of_count(random)),
        ];
        if config.neighbour_share > 0.0 {
            values.push(("neighbours".to_owned(), f64::of_count(n_near)));
        }
        self.events.push(Event {
            kind: "proposal".to_owned(),
            values,
        });
        let proposal = |arch| Proposal::new(&*space, arch);
        Ok(archs.into_iter().map(proposal).collect())
    }

    /// The share of `n` that is picked among the neighbours of the best; fewer where fewer are unseen.
    fn pick_neighbours(&mut self, n: usize) -> Result<Vec<Arch>, SearchError> {
        let config = &self.config.proposal;
        let share = config.neighbour_share;
        let stalled = self.stalled();
        let wanted = self.share_of(n, share);
        if wanted == 0 || stalled < config.stall {
            return Ok(Vec::new());
        }
        let size = config.neighbours;
        let pool = self.neighbours.pool(&*self.space, &self.history, size);
        self.pick(pool, wanted, 1)
    }

    /// So many of `n` proposals are a share of them: what is left over of single ones adds up.
    fn share_of(&self, n: usize, share: f64) -> usize {
        let within = |n: usize| {
            (1..=n)
                .filter(|&i| f64::of_count(i) <= share * f64::of_count(n))
                .count()
        };
        if self.is_single {
            let before = self.proposed % self.config.batch;
            within(before + n) - within(before)
        } else {
            within(n)
        }
    }

    /// The rounds without a better architecture; as many single proposals as a round has are one.
    fn stalled(&self) -> usize {
        let asks = self.history.stalled(self.round) as usize;
        if self.is_single {
            asks / self.config.batch
        } else {
            asks
        }
    }

    /// The inner iterations before `n` proposals, so that there are as many for each of them as in a whole round.
    fn iterations(&self, n: usize) -> usize {
        let Self {
            config, proposed, ..
        } = self;
        let until = |proposed: usize| proposed * config.inner_iterations / config.batch;
        until(proposed + n) - until(*proposed)
    }

    /// `n` of a pool, or all when there are fewer; `step` keeps the random numbers of the pools of a round apart.
    fn pick(&mut self, pool: Pool, n: usize, step: usize) -> Result<Vec<Arch>, SearchError> {
        if pool.len() == 0 {
            return Ok(Vec::new());
        }
        let Discriminator::Rank {
            ensemble,
            criterion: Some(criterion),
        } = &mut self.discriminator
        else {
            return Ok(pool.first(n));
        };
        let seen = pool.seen(&*self.space);
        let seen: Vec<&SeenGraph> = seen.iter().collect();
        let scores = self.device.session(|| ensemble.scores(&seen));
        let members = self.config.discriminator.ensemble;
        let picked = if scores.len() > members {
            let stream = self.streams.get(Purpose::Direction, self.round, 0, step);
            let directions = Directions::new(&scores, members, *criterion);
            let directions = directions.map_err(|error| SearchError::NotFinite {
                what: "a ranker's score",
                value: error.value,
                round: self.round,
            })?;
            directions.pick(n, stream)
        } else {
            match criterion {
                Criterion::Mean => highest_mean(&scores, n),
                Criterion::Thompson => thompson(&scores, n),
            }
        };
        Ok(pool.select(&picked))
    }
}

/// Which actions the generator can take.
fn open_actions(config: &GaNasConfig) -> OpenActions {
    match config.violations {
        Violations::Mask => OpenActions::Admissible,
        Violations::Penalty | Violations::Reject => OpenActions::Legal,
    }
}

impl<B: Backend> Searcher for GaNas<B> {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError> {
        self.is_single = limit < self.config.batch;
        let designs = self.config.initial_designs.saturating_sub(self.known);
        let is_design = self.designed < designs;
        // Failed evaluations may leave too little history to learn from: the design then goes on.
        let proposals = if is_design || self.history.entries().len() < 4 {
            let n = if is_design {
                designs - self.designed
            } else {
                self.config.initial_designs
            };
            self.design(n.min(limit))
        } else {
            let n = self.config.batch.min(limit);
            let proposals = guarded(|| {
                self.train(self.iterations(n))?;
                self.measure()?;
                self.propose(n)
            })??;
            self.proposed += proposals.len();
            proposals
        };
        self.history.propose(proposals.iter().map(|p| p.key));
        self.round += 1;
        Ok(proposals)
    }

    fn learn(&mut self, known: &[Trial]) -> Result<(), SearchError> {
        for trial in known {
            self.history.add(&*self.space, trial)?;
        }
        self.known = self.history.entries().len();
        Ok(())
    }

    fn enqueue(&mut self, first: &[Proposal]) {
        self.history.propose(first.iter().map(|p| p.key));
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError> {
        for trial in trials {
            if trial.number.0 != self.told {
                return Err(SearchError::OutOfOrder {
                    told: trial.number.0,
                    expected: self.told,
                });
            }
            self.told += 1;
            self.history.add(&*self.space, trial)?;
        }
        Ok(())
    }

    fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn take_measured(&mut self) -> Vec<Event> {
        let measuring = self.measuring.as_mut();
        measuring.map(Measuring::take).unwrap_or_default()
    }

    fn checkpoint(&self) -> Result<Vec<u8>, SearchError> {
        let state = guarded(|| State::<B::Elem> {
            element: B::Elem::NAME.to_owned(),
            round: self.round,
            designed: self.designed,
            proposed: self.proposed,
            generator: GeneratorState::of(&self.generator),
            discriminators: self.discriminator.state(),
        })?;
        rmp_serde::to_vec_named(&state).map_err(|error| SearchError::CheckpointEncoding {
            reason: error.to_string(),
        })
    }

    fn restore(
        &mut self,
        checkpoint: &[u8],
        trials: &[Trial],
        pending: &[Proposal],
    ) -> Result<(), SearchError> {
        let bad = |round: u32, reason: String| SearchError::BadCheckpoint { round, reason };
        let state: State<B::Elem> =
            rmp_serde::from_slice(checkpoint).map_err(|error| bad(0, error.to_string()))?;
        if state.element != B::Elem::NAME {
            let reason = format!(
                "it holds {} numbers, this device computes in {}",
                state.element,
                B::Elem::NAME
            );
            return Err(bad(state.round, reason));
        }
        guarded(|| {
            state.generator.put_into(&mut self.generator)?;
            self.discriminator.set_state(&state.discriminators)
        })?
        .map_err(|reason| bad(state.round, reason))?;
        for trial in trials {
            self.history.add(&*self.space, trial)?;
        }
        self.told = u32::try_from(trials.len()).expect("invariant: trials are numbered in 32 bits");
        self.history.propose(pending.iter().map(|p| p.key));
        self.round = state.round;
        self.designed = state.designed;
        self.proposed = state.proposed;
        Ok(())
    }
}
