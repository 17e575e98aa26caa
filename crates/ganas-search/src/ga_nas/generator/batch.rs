//! The decisions of a batch and the losses on them.

use ganas_gnn::nets::PolicyCache;
use ganas_gnn::{Backend, Element};
use ganas_rl::{
    Baseline, BaselineConfig, GaeConfig, PpoBatch, PpoConfig, PpoDerivatives, ReinforceConfig, gae,
    imitation_loss, ppo_loss, reinforce_loss,
};

use crate::ga_nas::config::{GeneratorConfig, PolicyUpdate};

/// The decisions of a batch on the host: rollouts first, then imitated episodes; steps are the slow index.
#[derive(Debug)]
pub(super) struct Batch<T> {
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
    pub(super) advantages: Vec<T>,
    returns: Vec<T>,
    old_log_probs: Vec<T>,
}

impl<T: Element> Batch<T> {
    pub(super) fn new(steps: usize, rollouts: usize, imitated: usize) -> Self {
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

    pub(super) fn read<B: Backend<Elem = T>>(&mut self, device: &B, cache: &PolicyCache<B>) {
        cache.out.log_prob.read_column(device, &mut self.log_probs);
        cache.out.entropy.read_column(device, &mut self.entropies);
        cache.out.value.read_column(device, &mut self.values);
    }

    pub(super) fn write<B: Backend<Elem = T>>(&self, device: &B, cache: &mut PolicyCache<B>) {
        let rows = self.d_log_probs.len();
        cache.out.d_log_prob.set_column(device, &self.d_log_probs);
        cache.out.d_entropy.set_column(device, &self.d_entropies);
        cache.out.d_value.set_column(device, &self.d_values);
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

    pub(super) fn mean_entropy(&self) -> f64 {
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
    pub(super) fn start_ppo(&mut self, rewards: &[T], lambda: f64) {
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
    pub(super) fn loss(&mut self, config: &GeneratorConfig) -> f64 {
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
