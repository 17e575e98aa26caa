//! The trainer: what happens in an update of a policy.

mod batch;
#[cfg(test)]
mod tests;

use ganas_random::StreamKey;

use batch::Batch;

use crate::number::wide;
use crate::{Algorithm, Baseline, BaselineConfig, ConfigError, Policy, StepSize, TrainerConfig};

/// A policy that learns from the rewards of what it draws, and from episodes that it is to imitate.
///
/// # A chain
///
/// Five times the policy goes on along a chain, or back to where it begins. Whoever reaches the end is paid 1, and a little
/// lures those who stay at the beginning. PPO learns to go on, with the help of a value for each place:
///
/// ```
/// use std::convert::Infallible;
///
/// use ganas_random::{Stream, StreamKey};
/// use ganas_rl::{Algorithm, Decisions, Policy, PpoConfig, StepSize, Trainer, TrainerConfig};
///
/// /// For each place on the chain the log-odds of going on, and the return that is expected from there.
/// #[derive(Default)]
/// struct Walker {
///     log_odds: [f64; 5],
///     values: [f64; 5],
///     /// Place and choice of each decision.
///     taken: Vec<(usize, bool)>,
///     gradient: [[f64; 5]; 2],
/// }
///
/// /// The places from which an episode decides: one further after going on, the first after going back.
/// fn places(choices: &[bool; 5]) -> impl Iterator<Item = usize> {
///     choices.iter().scan(0, |place, &on| {
///         Some(std::mem::replace(place, if on { *place + 1 } else { 0 }))
///     })
/// }
///
/// fn sigmoid(x: f64) -> f64 {
///     1.0 / (1.0 + (-x).exp())
/// }
///
/// impl Policy for Walker {
///     type Elem = f64;
///     type Episode = [bool; 5]; // whether it went on
///     type Error = Infallible;
///
///     fn draw(&mut self, key: StreamKey, n: usize) -> Result<Vec<[bool; 5]>, Infallible> {
///         let mut stream = Stream::new(key);
///         let mut walk = || {
///             let mut place = 0;
///             [(); 5].map(|()| {
///                 let on = f64::from(stream.uniform()) < sigmoid(self.log_odds[place]);
///                 place = if on { place + 1 } else { 0 };
///                 on
///             })
///         };
///         Ok((0..n).map(|_| walk()).collect())
///     }
///
///     fn take_up<'a>(
///         &mut self,
///         episode_of: &mut Vec<usize>,
///         episodes: impl Iterator<Item = &'a [bool; 5]> + Clone,
///     ) {
///         self.taken.clear();
///         for (number, choices) in episodes.enumerate() {
///             self.taken.extend(places(choices).zip(*choices));
///             episode_of.extend([number; 5]);
///         }
///     }
///
///     fn forward(&mut self, decisions: &mut Decisions<f64>) {
///         *decisions = Decisions::default();
///         for &(place, on) in &self.taken {
///             let p = sigmoid(self.log_odds[place]);
///             decisions.log_probs.push(if on { p.ln() } else { (1.0 - p).ln() });
///             decisions.entropies.push(-p * p.ln() - (1.0 - p) * (1.0 - p).ln());
///             decisions.values.push(self.values[place]);
///         }
///     }
///
///     fn backward(&mut self, d_decisions: &Decisions<f64>) {
///         for (i, &(place, on)) in self.taken.iter().enumerate() {
///             let p = sigmoid(self.log_odds[place]);
///             let d_entropy = -p * (1.0 - p) * self.log_odds[place];
///             self.gradient[0][place] += d_decisions.log_probs[i] * (f64::from(on) - p)
///                 + d_decisions.entropies[i] * d_entropy;
///             self.gradient[1][place] += d_decisions.values[i];
///         }
///     }
///
///     fn gradient_norm(&self) -> f64 {
///         self.gradient.as_flattened().iter().map(|g| g * g).sum::<f64>().sqrt()
///     }
///
///     fn step(&mut self, size: StepSize) {
///         let params = self.log_odds.iter_mut().chain(&mut self.values);
///         for (param, d_param) in params.zip(self.gradient.as_flattened_mut()) {
///             *param -= size.learning_rate * size.gradient_scale * *d_param;
///             *d_param = 0.0;
///         }
///     }
/// }
///
/// let config = TrainerConfig {
///     algorithm: Algorithm::Ppo(PpoConfig::default()),
///     learning_rate: 1.0,
///     max_gradient_norm: Some(0.5),
///     ..TrainerConfig::default()
/// };
/// let mut trainer = Trainer::new(Walker::default(), config)?;
/// for iteration in 0..200 {
///     let key = StreamKey { seed: 1, iteration, ..StreamKey::default() };
///     let walks = trainer.draw(key, 64)?;
///     let reward = |choices: &[bool; 5]| match choices {
///         [true, true, true, true, true] => 1.0,
///         [false, ..] => 0.1,
///         _ => 0.0,
///     };
///     let rewards: Vec<f64> = walks.iter().map(reward).collect();
///     trainer.update(&walks, &rewards, &[]);
/// }
/// // At first 1 walk in 32 reaches the end.
/// let reaches_end: f64 = trainer.policy().log_odds.iter().map(|&x| sigmoid(x)).product();
/// assert!(reaches_end > 0.9, "{reaches_end}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trainer<P: Policy> {
    policy: P,
    config: TrainerConfig,
    baseline: Baseline,
    batch: Batch<P::Elem>,
}

/// What an update measured of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// The loss before the (first) step.
    pub loss: f64,
    /// The mean entropy of a rollout before the (first) step: the sum over its decisions, in nats.
    pub entropy: f64,
}

impl<P: Policy> Trainer<P> {
    /// A trainer of a policy as it is.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], as [`TrainerConfig::check`] says.
    pub fn new(policy: P, config: TrainerConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let baseline = match config.algorithm {
            Algorithm::Reinforce(reinforce) => reinforce.baseline,
            // The advantages of decisions need no state.
            Algorithm::Ppo(_) => BaselineConfig::Standardised,
        };
        Ok(Self {
            policy,
            config,
            baseline: Baseline::new(baseline),
            batch: Batch::default(),
        })
    }

    /// The policy.
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// The policy, to be put into another state or to be drawn from in other ways.
    pub fn policy_mut(&mut self) -> &mut P {
        &mut self.policy
    }

    /// The baseline: with the state of policy and optimiser, all that is needed to continue.
    pub fn baseline(&self) -> Baseline {
        self.baseline
    }

    /// Continues with a baseline.
    pub fn set_baseline(&mut self, baseline: Baseline) {
        self.baseline = baseline;
    }

    /// Draws `n` episodes from the policy as it is; see [`Policy::draw`].
    ///
    /// # Errors
    ///
    /// Those of the policy.
    pub fn draw(&mut self, key: StreamKey, n: usize) -> Result<Vec<P::Episode>, P::Error> {
        self.policy.draw(key, n)
    }

    /// Learns from rollouts, which the policy drew as it is now, their rewards, and episodes to imitate.
    ///
    /// # Panics
    ///
    /// When there is not one reward for each rollout.
    pub fn update(
        &mut self,
        rollouts: &[P::Episode],
        rewards: &[P::Elem],
        imitated: &[P::Episode],
    ) -> Report {
        self.begin(rollouts, rewards, imitated);
        let loss = self.loss();
        let entropy = self.batch.mean_entropy();
        self.learn();
        for _ in 1..self.epochs() {
            self.policy.forward(&mut self.batch.decisions);
            self.loss();
            self.learn();
        }
        Report { loss, entropy }
    }

    fn epochs(&self) -> usize {
        match self.config.algorithm {
            Algorithm::Reinforce(_) => 1,
            Algorithm::Ppo(ppo) => ppo.epochs,
        }
    }

    /// Takes up the episodes, passes over them, and fixes what is constant during an update.
    fn begin(&mut self, rollouts: &[P::Episode], rewards: &[P::Elem], imitated: &[P::Episode]) {
        assert_eq!(rollouts.len(), rewards.len(), "one reward for each rollout");
        let batch = &mut self.batch;
        batch.begin(rollouts.len(), imitated.len());
        let episodes = rollouts.iter().chain(imitated);
        self.policy.take_up(&mut batch.episode_of, episodes);
        self.policy.forward(&mut batch.decisions);
        match self.config.algorithm {
            Algorithm::Reinforce(_) => batch.begin_reinforce(&mut self.baseline, rewards),
            Algorithm::Ppo(ppo) => batch.begin_ppo(ppo.gae, rewards),
        }
    }

    /// The loss of what the policy said last; fills the derivatives with respect to that.
    fn loss(&mut self) -> f64 {
        let (config, batch) = (&self.config, &mut self.batch);
        batch.start_loss();
        let policy_loss = match config.algorithm {
            Algorithm::Reinforce(reinforce) => batch.reinforce(reinforce, config.entropy_weight),
            Algorithm::Ppo(ppo) => batch.ppo(ppo, config.entropy_weight),
        };
        wide(policy_loss) + wide(batch.imitate(config.imitation_weight))
    }

    /// A backward pass and a step.
    fn learn(&mut self) {
        self.policy.backward(&self.batch.d_decisions);
        let gradient_scale = self.config.max_gradient_norm.map_or(1.0, |bound| {
            // As clip_grad_norm_ of PyTorch does, the scale is slightly below bound / norm.
            (bound / (self.policy.gradient_norm() + 1e-6)).min(1.0)
        });
        self.policy.step(StepSize {
            learning_rate: self.config.learning_rate,
            gradient_scale,
        });
    }
}
