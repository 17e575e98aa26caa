//! The decisions of an update and the losses on them.

use std::ops::Range;

use num_traits::Float;

use crate::number::{count, wide};
use crate::{
    Baseline, BaselineConfig, Decisions, GaeConfig, PpoBatch, PpoConfig, ReinforceBatch,
    ReinforceConfig, Trajectories, gae, imitation_loss, ppo_loss, reinforce_loss,
};

/// What the policy said of all decisions, and memory for the losses; rollouts first, then imitated episodes.
#[derive(Debug, Default)]
pub(super) struct Batch<T> {
    n_rollouts: usize,
    n_episodes: usize,
    /// The number of the episode that each decision belongs to.
    pub(super) episode_of: Vec<usize>,
    pub(super) decisions: Decisions<T>,
    pub(super) d_decisions: Decisions<T>,
    episodes: Episodes<T>,
    /// The decisions of the rollouts, for PPO only.
    of_rollouts: Rollouts<T>,
    /// One for each rollout (REINFORCE) or each decision of the rollouts (PPO).
    advantages: Vec<T>,
}

/// Sums over the decisions of each episode, and the derivatives with respect to them.
#[derive(Debug, Default)]
struct Episodes<T> {
    log_probs: Vec<T>,
    entropies: Vec<T>,
    d_log_probs: Vec<T>,
    d_entropies: Vec<T>,
}

/// The decisions that PPO learns from, without those of imitated episodes.
#[derive(Debug, Default)]
struct Rollouts<T> {
    /// Where they stand among all decisions.
    rows: Vec<usize>,
    episode_of: Vec<usize>,
    decisions: Decisions<T>,
    d_decisions: Decisions<T>,
    old_log_probs: Vec<T>,
    rewards: Vec<T>,
    returns: Vec<T>,
    /// Advantages before they are standardised.
    raw: Vec<T>,
}

impl<T: Float> Batch<T> {
    /// Forgets the last update.
    pub(super) fn begin(&mut self, n_rollouts: usize, n_imitated: usize) {
        self.n_rollouts = n_rollouts;
        self.n_episodes = n_rollouts + n_imitated;
        self.episode_of.clear();
    }

    /// Advantages of the rollouts.
    pub(super) fn begin_reinforce(&mut self, baseline: &mut Baseline, rewards: &[T]) {
        resize(&mut self.advantages, self.n_rollouts);
        baseline.advantages(rewards, &mut self.advantages);
    }

    /// Advantages and returns of each decision from the rewards at the ends, under the policy that drew them.
    pub(super) fn begin_ppo(&mut self, config: GaeConfig, rewards: &[T]) {
        let of = &mut self.of_rollouts;
        of.rows.clear();
        of.episode_of.clear();
        for (row, &episode) in self.episode_of.iter().enumerate() {
            if episode < self.n_rollouts {
                of.rows.push(row);
                of.episode_of.push(episode);
            }
        }
        let n = of.rows.len();
        of.decisions.gather(&self.decisions, &of.rows);
        of.old_log_probs.clone_from(&of.decisions.log_probs);
        resize(&mut of.rewards, n);
        let mut last = vec![None; self.n_rollouts];
        for (at, &episode) in of.episode_of.iter().enumerate() {
            last[episode] = Some(at);
        }
        for (at, &reward) in last.into_iter().zip(rewards) {
            if let Some(at) = at {
                of.rewards[at] = reward;
            }
        }
        for values in [&mut of.raw, &mut of.returns, &mut self.advantages] {
            resize(values, n);
        }
        let trajectories = Trajectories {
            episode_of: &of.episode_of,
            rewards: &of.rewards,
            values: &of.decisions.values,
        };
        gae(config, trajectories, &mut of.raw, &mut of.returns);
        Baseline::new(BaselineConfig::Standardised).advantages(&of.raw, &mut self.advantages);
    }

    /// Prepares the losses on what the policy said.
    pub(super) fn start_loss(&mut self) {
        self.decisions.expect_len(self.episode_of.len());
        self.d_decisions.clear(self.episode_of.len());
        let n = self.n_episodes;
        let of = &mut self.episodes;
        sum(
            &mut of.log_probs,
            &self.decisions.log_probs,
            &self.episode_of,
            n,
        );
        sum(
            &mut of.entropies,
            &self.decisions.entropies,
            &self.episode_of,
            n,
        );
        resize(&mut of.d_log_probs, n);
        resize(&mut of.d_entropies, n);
    }

    /// The mean over rollouts of the sum of the entropies of their decisions.
    pub(super) fn mean_entropy(&self) -> f64 {
        let sums = self.episodes.entropies[..self.n_rollouts].iter();
        sums.map(|&s| wide(s)).sum::<f64>() / count::<f64>(self.n_rollouts.max(1))
    }

    pub(super) fn reinforce(&mut self, config: ReinforceConfig, entropy_weight: f64) -> T {
        let (n, of) = (self.n_rollouts, &mut self.episodes);
        let batch = ReinforceBatch {
            log_probs: &of.log_probs[..n],
            entropies: &of.entropies[..n],
            advantages: &self.advantages,
        };
        let (d_log_probs, d_entropies) = (&mut of.d_log_probs[..n], &mut of.d_entropies[..n]);
        let loss = reinforce_loss(config, entropy_weight, batch, d_log_probs, d_entropies);
        self.spread(0..n);
        loss
    }

    pub(super) fn ppo(&mut self, config: PpoConfig, entropy_weight: f64) -> T {
        let of = &mut self.of_rollouts;
        of.decisions.gather(&self.decisions, &of.rows);
        // The loss is a mean over decisions; an episode's entropy is a sum, so the bonus counts its decisions.
        let length = count::<f64>(of.rows.len()) / count::<f64>(self.n_rollouts.max(1));
        let batch = PpoBatch {
            decisions: &of.decisions,
            old_log_probs: &of.old_log_probs,
            advantages: &self.advantages,
            returns: &of.returns,
        };
        let loss = ppo_loss(config, entropy_weight * length, batch, &mut of.d_decisions);
        self.d_decisions.scatter(&of.d_decisions, &of.rows);
        loss
    }

    pub(super) fn imitate(&mut self, weight: f64) -> T {
        let (imitated, of) = (self.n_rollouts..self.n_episodes, &mut self.episodes);
        let d_log_probs = &mut of.d_log_probs[imitated.clone()];
        let loss = imitation_loss(weight, &of.log_probs[imitated.clone()], d_log_probs);
        self.spread(imitated);
        loss
    }

    /// Gives every decision of some episodes the derivatives of the episode's sums.
    fn spread(&mut self, episodes: Range<usize>) {
        let (d, of) = (&mut self.d_decisions, &self.episodes);
        for (row, episode) in self.episode_of.iter().enumerate() {
            if episodes.contains(episode) {
                d.log_probs[row] = of.d_log_probs[*episode];
                d.entropies[row] = of.d_entropies[*episode];
            }
        }
    }
}

/// The sums over the decisions of each of `n` episodes.
fn sum<T: Float>(sums: &mut Vec<T>, of_decisions: &[T], episode_of: &[usize], n: usize) {
    resize(sums, n);
    for (&episode, &x) in episode_of.iter().zip(of_decisions) {
        sums[episode] = sums[episode] + x;
    }
}

/// Zeros.
fn resize<T: Float>(values: &mut Vec<T>, n: usize) {
    values.clear();
    values.resize(n, T::zero());
}
