//! The generator: draws architectures, and learns from their rewards and from the truth set.

use ganas_gnn::nets::{Episodes, Policy, PolicyCache, PolicyConfig, PolicyInput, Sampler};
use ganas_gnn::ops::adam::AdamState;
use ganas_gnn::ops::categorical::Exploration;
use ganas_gnn::{Adam, AdamConfig, Backend, Element, Grads, Layout, Params};
use ganas_rl::{
    Baseline, BaselineConfig, GaeConfig, PpoBatch, PpoConfig, PpoDerivatives, ReinforceConfig, gae,
    imitation_loss, ppo_loss, reinforce_loss,
};
use ganas_space::{Action, Partial, SearchSpace};
use serde::{Deserialize, Serialize};

use super::config::{BaselineKind, GeneratorConfig, GeneratorEncoder, PolicyUpdate};
use super::encode::{EpisodeBuffers, Rollout, Steps, legal, push};
use crate::SearchError;
use crate::streams::{Purpose, Streams};

/// The decay of the moving average of rewards.
const MOVING_AVERAGE_DECAY: f64 = 0.9;

/// A policy, its optimiser, and memory for both.
#[derive(Debug)]
pub(super) struct Generator<B: Backend> {
    device: B,
    config: GeneratorConfig,
    steps: Steps,
    policy: Policy,
    params: Params<B>,
    grads: Grads<B>,
    adam: Adam<B>,
    baseline: Baseline,
    episodes: Episodes<B>,
    buffers: EpisodeBuffers,
    cache: PolicyCache<B>,
    sampler: Sampler<B>,
}

/// What is needed to continue.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "T: Element")]
pub(super) struct GeneratorState<T> {
    params: Vec<T>,
    adam: AdamState<T>,
    baseline: Baseline,
}

/// What an update measured of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GeneratorReport {
    /// The loss before the (first) step.
    pub(super) loss: f64,
    /// The mean entropy of an episode of the rollouts, in nats.
    pub(super) entropy: f64,
}

/// Which random numbers decide the draws.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    pub(super) purpose: Purpose,
    pub(super) round: u32,
    /// The number of the draw within the round: the inner iteration or the attempt.
    pub(super) draw: usize,
    pub(super) exploration: Exploration,
}

impl<B: Backend> Generator<B> {
    pub(super) fn new(
        device: &B,
        config: &GeneratorConfig,
        steps: Steps,
        streams: Streams,
    ) -> Self {
        let mut layout = Layout::default();
        let input = match config.encoder {
            GeneratorEncoder::Graph => PolicyInput::Graph {
                width: config.encoder_width,
                layers: config.encoder_layers,
                activation: config.encoder_activation,
            },
            GeneratorEncoder::LastLabel => PolicyInput::LastLabel {
                width: config.encoder_width,
            },
        };
        let policy = Policy::new(
            &mut layout,
            PolicyConfig {
                n_labels: steps.n_labels,
                n_nodes: steps.n_vertices,
                prefixes: steps.prefixes.clone(),
                input,
                state_width: config.state_width,
                head_width: config.head_width,
            },
        );
        let mut params = Params::zeros(device, &layout);
        params.write(
            device,
            &layout.draw(&mut streams.get(Purpose::GeneratorInit, 0, 0, 0)),
        );
        let bound = config.max_gradient_norm;
        let adam = AdamConfig {
            max_norm: bound.is_finite().then_some(bound),
            ..AdamConfig::default()
        };
        Self {
            grads: Grads::zeros(device, &layout),
            adam: Adam::new(device, &layout, adam),
            baseline: Baseline::new(match config.baseline {
                BaselineKind::Standardised => BaselineConfig::Standardised,
                BaselineKind::MovingAverage => BaselineConfig::MovingAverage {
                    decay: MOVING_AVERAGE_DECAY,
                },
            }),
            episodes: Episodes::new(device),
            buffers: EpisodeBuffers::default(),
            cache: PolicyCache::new(device),
            sampler: Sampler::new(device),
            device: device.clone(),
            config: config.clone(),
            steps,
            policy,
            params,
        }
    }

    /// Draws `n` architectures.
    pub(super) fn draw(
        &mut self,
        space: &dyn SearchSpace,
        streams: Streams,
        n: usize,
        draws: Draws,
    ) -> Result<Vec<Rollout>, SearchError> {
        let Draws {
            purpose,
            round,
            draw,
            exploration,
        } = draws;
        let (device, sampler) = (&self.device, &mut self.sampler);
        let steps = self.policy.steps();
        let mut partials: Vec<Partial> = (0..n).map(|_| space.start()).collect();
        let mut masks: Vec<Vec<u64>> = vec![Vec::with_capacity(steps); n];
        let (mut legal_now, mut last_labels) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut uniforms: Vec<B::Elem> = Vec::with_capacity(n);
        let mut chosen = vec![0; n];
        self.policy.start(device, &self.params, n, sampler);
        for step in 0..steps {
            legal_now.clear();
            last_labels.clear();
            uniforms.clear();
            sampler.graphs.clear();
            for (i, partial) in partials.iter().enumerate() {
                let mask = legal(space, partial);
                legal_now.push(mask);
                masks[i].push(mask);
                let last = partial
                    .labels()
                    .last()
                    .expect("invariant: a partial has its input vertex");
                last_labels.push(self.steps.last_label(step, *last));
                push(
                    &mut sampler.graphs,
                    partial.labels(),
                    partial.predecessors(),
                );
                let mut stream = streams.get(purpose, round, i, draw * steps + step);
                uniforms.push(B::Elem::of(f64::from(stream.uniform())));
            }
            sampler.graphs.upload(device);
            device.write_masks(&mut sampler.masks, &legal_now);
            device.write_ints(&mut sampler.last_labels, &last_labels);
            sampler.uniforms.set(device, &uniforms, n, 1);
            self.policy
                .sample_step(device, &self.params, step, exploration, sampler);
            device.read_ints(&mut chosen, &sampler.chosen);
            for (partial, &label) in partials.iter_mut().zip(&chosen) {
                let action = u8::try_from(label).expect("invariant: labels fit in a byte");
                space.apply(partial, Action(action))?;
            }
        }
        partials
            .iter()
            .zip(masks)
            .map(|(partial, masks)| {
                let arch = space.finish(partial)?;
                Ok(Rollout {
                    arch,
                    actions: partial.actions().to_vec(),
                    masks,
                })
            })
            .collect()
    }

    /// Learns from rewarded rollouts and from episodes to imitate.
    pub(super) fn update(
        &mut self,
        rollouts: &[Rollout],
        rewards: &[B::Elem],
        imitated: &[Rollout],
    ) -> GeneratorReport {
        let all = rollouts.iter().chain(imitated);
        self.buffers
            .fill(&self.device, &mut self.episodes, &self.steps, all);
        let mut batch = Batch::new(self.policy.steps(), rollouts.len(), imitated.len());
        let mut first = None;
        let epochs = match self.config.update {
            PolicyUpdate::Reinforce => {
                self.baseline.advantages(rewards, &mut batch.advantages);
                1
            }
            PolicyUpdate::Ppo => self.config.ppo_epochs,
        };
        for _ in 0..epochs {
            self.policy
                .forward(&self.device, &self.params, &self.episodes, &mut self.cache);
            batch.read(&self.device, &self.cache);
            if first.is_none() && self.config.update == PolicyUpdate::Ppo {
                batch.start_ppo(rewards, self.config.gae_lambda);
            }
            let loss = batch.loss(&self.config);
            first.get_or_insert(GeneratorReport {
                loss,
                entropy: batch.mean_entropy(),
            });
            batch.write(&self.device, &mut self.cache);
            self.policy.backward(
                &self.device,
                &self.params,
                &mut self.grads,
                &self.episodes,
                &mut self.cache,
            );
            self.adam.step(
                &self.device,
                &mut self.params,
                &mut self.grads,
                self.config.learning_rate,
            );
        }
        first.unwrap_or_default()
    }

    pub(super) fn state(&self) -> GeneratorState<B::Elem> {
        GeneratorState {
            params: self.params.read(&self.device),
            adam: self.adam.state(&self.device),
            baseline: self.baseline,
        }
    }

    /// Puts the generator into a state; an error says how it does not fit.
    pub(super) fn set_state(&mut self, state: &GeneratorState<B::Elem>) -> Result<(), String> {
        let expected = self.params.read(&self.device).len();
        let lengths = [state.params.len(), state.adam.m.len(), state.adam.v.len()];
        if lengths != [expected; 3] {
            return Err(format!(
                "the generator has {expected} parameters, the checkpoint {lengths:?}"
            ));
        }
        self.params.write(&self.device, &state.params);
        self.adam.set_state(&self.device, &state.adam);
        self.baseline = state.baseline;
        Ok(())
    }
}

/// The decisions of a batch on the host: rollouts first, then imitated episodes; steps are the slow index.
#[derive(Debug)]
struct Batch<T> {
    steps: usize,
    rollouts: usize,
    imitated: usize,
    log_probs: Vec<T>,
    entropies: Vec<T>,
    values: Vec<T>,
    d_log_probs: Vec<T>,
    d_entropies: Vec<T>,
    d_values: Vec<T>,
    /// One for each rollout (REINFORCE) or each of its decisions (PPO, steps as the slow index).
    advantages: Vec<T>,
    returns: Vec<T>,
    old_log_probs: Vec<T>,
}

impl<T: Element> Batch<T> {
    fn new(steps: usize, rollouts: usize, imitated: usize) -> Self {
        let zeros = vec![T::zero(); steps * (rollouts + imitated)];
        Self {
            steps,
            rollouts,
            imitated,
            log_probs: Vec::new(),
            entropies: Vec::new(),
            values: Vec::new(),
            d_log_probs: zeros.clone(),
            d_entropies: zeros.clone(),
            d_values: zeros,
            advantages: vec![T::zero(); rollouts],
            returns: Vec::new(),
            old_log_probs: Vec::new(),
        }
    }

    fn read<B: Backend<Elem = T>>(&mut self, device: &B, cache: &PolicyCache<B>) {
        cache.out.log_prob.read(device, &mut self.log_probs);
        cache.out.entropy.read(device, &mut self.entropies);
        cache.out.value.read(device, &mut self.values);
    }

    fn write<B: Backend<Elem = T>>(&self, device: &B, cache: &mut PolicyCache<B>) {
        let rows = self.d_log_probs.len();
        cache.out.d_log_prob.set(device, &self.d_log_probs, rows, 1);
        cache.out.d_entropy.set(device, &self.d_entropies, rows, 1);
        cache.out.d_value.set(device, &self.d_values, rows, 1);
    }

    /// The sum over the steps of the episodes `from..to`.
    fn episode_sums(&self, per_decision: &[T], from: usize, to: usize) -> Vec<T> {
        let n = self.rollouts + self.imitated;
        (from..to)
            .map(|i| (0..self.steps).map(|t| per_decision[t * n + i]).sum())
            .collect()
    }

    /// Gives every decision of an episode the derivative of the episode's sum.
    fn spread(&self, per_decision: &mut [T], per_episode: &[T], from: usize) {
        let n = self.rollouts + self.imitated;
        for t in 0..self.steps {
            let row = t * n + from;
            per_decision[row..row + per_episode.len()].copy_from_slice(per_episode);
        }
    }

    fn mean_entropy(&self) -> f64 {
        let sums = self.episode_sums(&self.entropies, 0, self.rollouts);
        sums.iter().map(|s| s.wide()).sum::<f64>() / f64::of_count(self.rollouts.max(1))
    }

    /// The decisions of the rollouts only, steps as the slow index.
    fn of_rollouts(&self, per_decision: &[T]) -> Vec<T> {
        let n = self.rollouts + self.imitated;
        per_decision
            .chunks(n.max(1))
            .flat_map(|row| &row[..self.rollouts])
            .copied()
            .collect()
    }

    /// Advantages and returns of each decision from the rewards at the ends, under the policy that drew them.
    fn start_ppo(&mut self, rewards: &[T], lambda: f64) {
        let (steps, n) = (self.steps, self.rollouts);
        let values = self.of_rollouts(&self.values);
        self.old_log_probs = self.of_rollouts(&self.log_probs);
        let mut raw = vec![T::zero(); steps * n];
        self.returns = vec![T::zero(); steps * n];
        let config = GaeConfig { gamma: 1.0, lambda };
        let [mut step_rewards, mut advantages, mut returns] =
            [(); 3].map(|()| vec![T::zero(); steps]);
        for (i, &reward) in rewards.iter().enumerate() {
            step_rewards[steps - 1] = reward;
            let step_values: Vec<T> = (0..steps).map(|t| values[t * n + i]).collect();
            gae(
                config,
                &step_rewards,
                &step_values,
                &mut advantages,
                &mut returns,
            );
            for t in 0..steps {
                raw[t * n + i] = advantages[t];
                self.returns[t * n + i] = returns[t];
            }
        }
        self.advantages = vec![T::zero(); raw.len()];
        Baseline::new(BaselineConfig::Standardised).advantages(&raw, &mut self.advantages);
    }

    /// The loss; fills the derivatives of all decisions.
    fn loss(&mut self, config: &GeneratorConfig) -> f64 {
        let (r, n) = (self.rollouts, self.rollouts + self.imitated);
        let policy_loss = match config.update {
            PolicyUpdate::Reinforce => self.reinforce(config),
            PolicyUpdate::Ppo => self.ppo(config),
        };
        let log_probs = self.episode_sums(&self.log_probs, r, n);
        let mut d = vec![T::zero(); self.imitated];
        let imitation = imitation_loss(config.imitation_weight, &log_probs, &mut d);
        let mut d_log_probs = std::mem::take(&mut self.d_log_probs);
        self.spread(&mut d_log_probs, &d, r);
        self.d_log_probs = d_log_probs;
        policy_loss + imitation.wide()
    }

    fn reinforce(&mut self, config: &GeneratorConfig) -> f64 {
        let r = self.rollouts;
        let log_probs = self.episode_sums(&self.log_probs, 0, r);
        let entropies = self.episode_sums(&self.entropies, 0, r);
        let (mut d_log_probs, mut d_entropies) = (vec![T::zero(); r], vec![T::zero(); r]);
        let loss = reinforce_loss(
            ReinforceConfig {
                policy_weight: config.policy_weight,
                entropy_weight: config.entropy_weight,
            },
            &log_probs,
            &entropies,
            &self.advantages,
            &mut d_log_probs,
            &mut d_entropies,
        );
        let mut spread = std::mem::take(&mut self.d_log_probs);
        self.spread(&mut spread, &d_log_probs, 0);
        self.d_log_probs = spread;
        let mut spread = std::mem::take(&mut self.d_entropies);
        self.spread(&mut spread, &d_entropies, 0);
        self.d_entropies = spread;
        loss.wide()
    }

    fn ppo(&mut self, config: &GeneratorConfig) -> f64 {
        let [log_probs, values, entropies] =
            [&self.log_probs, &self.values, &self.entropies].map(|x| self.of_rollouts(x));
        let mut derivatives = [(); 3].map(|()| vec![T::zero(); log_probs.len()]);
        let [d_log_probs, d_values, d_entropies] = &mut derivatives;
        // The loss is a mean over decisions; an episode's entropy is a sum, so the bonus counts its steps.
        let loss = ppo_loss(
            PpoConfig {
                clip: config.ppo_clip,
                value_weight: config.ppo_value_weight,
                entropy_weight: config.entropy_weight * f64::of_count(self.steps),
            },
            PpoBatch {
                log_probs: &log_probs,
                old_log_probs: &self.old_log_probs,
                advantages: &self.advantages,
                values: &values,
                returns: &self.returns,
                entropies: &entropies,
            },
            PpoDerivatives {
                d_log_probs,
                d_values,
                d_entropies,
            },
        );
        let (r, n) = (self.rollouts, self.rollouts + self.imitated);
        let targets = [
            &mut self.d_log_probs,
            &mut self.d_values,
            &mut self.d_entropies,
        ];
        for (target, d) in targets.into_iter().zip(&derivatives) {
            for (row, d) in target.chunks_mut(n.max(1)).zip(d.chunks(r.max(1))) {
                row[..r].copy_from_slice(d);
            }
        }
        loss.wide()
    }
}
