//! The whole loss against central differences, and what an update does to a policy.

use std::convert::Infallible;

use ganas_random::StreamKey;
use ganas_testkit::{Tolerance, check_gradient};

use crate::{
    Algorithm, Baseline, BaselineConfig, Decisions, Policy, PpoConfig, ReinforceConfig, StepSize,
    Trainer, TrainerConfig,
};

/// States with the actions that were taken in them.
type Episode = Vec<(usize, usize)>;

/// A softmax over `A` actions in `S` states, with a value for each state.
///
/// The decisions of episodes are mixed: the last ones of all come last.
#[derive(Debug)]
struct Table {
    /// The logits of each state, then the values.
    params: Vec<f64>,
    gradient: Vec<f64>,
    taken: Vec<(usize, usize)>,
    steps: Vec<StepSize>,
}

const S: usize = 4;
const A: usize = 3;

impl Table {
    fn new(seed: u64) -> Self {
        Self {
            params: ganas_testkit::values(seed, S * (A + 1)),
            gradient: vec![0.0; S * (A + 1)],
            taken: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// The probabilities in a state, and their entropy.
    fn distribution(&self, state: usize) -> ([f64; A], f64) {
        let exp: [f64; A] = std::array::from_fn(|a| self.params[state * A + a].exp());
        let p = exp.map(|e| e / exp.iter().sum::<f64>());
        (p, -p.iter().map(|p| p * p.ln()).sum::<f64>())
    }
}

impl Policy for Table {
    type Elem = f64;
    type Episode = Episode;
    type Error = Infallible;

    fn draw(&mut self, _: StreamKey, _: usize) -> Result<Vec<Self::Episode>, Infallible> {
        unreachable!("invariant: these tests give the episodes")
    }

    fn take_up<'a>(
        &mut self,
        episode_of: &mut Vec<usize>,
        episodes: impl Iterator<Item = &'a Self::Episode> + Clone,
    ) {
        self.taken.clear();
        for from_end in (0..3).rev() {
            for (number, episode) in episodes.clone().enumerate() {
                if from_end < episode.len() {
                    self.taken.push(episode[episode.len() - 1 - from_end]);
                    episode_of.push(number);
                }
            }
        }
    }

    fn forward(&mut self, decisions: &mut Decisions<f64>) {
        *decisions = Decisions::default();
        for &(state, action) in &self.taken {
            let (p, entropy) = self.distribution(state);
            decisions.log_probs.push(p[action].ln());
            decisions.entropies.push(entropy);
            decisions.values.push(self.params[S * A + state]);
        }
    }

    fn backward(&mut self, d: &Decisions<f64>) {
        for (i, &(state, action)) in self.taken.iter().enumerate() {
            let (p, entropy) = self.distribution(state);
            for (a, p) in p.into_iter().enumerate() {
                let is = f64::from(a == action);
                self.gradient[state * A + a] +=
                    d.log_probs[i] * (is - p) - d.entropies[i] * p * (p.ln() + entropy);
            }
            self.gradient[S * A + state] += d.values[i];
        }
    }

    fn gradient_norm(&self) -> f64 {
        self.gradient.iter().map(|g| g * g).sum::<f64>().sqrt()
    }

    fn step(&mut self, size: StepSize) {
        self.steps.push(size);
        for (param, d_param) in self.params.iter_mut().zip(&mut self.gradient) {
            *param -= size.learning_rate * size.gradient_scale * *d_param;
            *d_param = 0.0;
        }
    }
}

/// Rollouts of different lengths with their rewards, and episodes to imitate.
fn episodes() -> ([Episode; 3], [f64; 3], [Episode; 2]) {
    (
        [
            vec![(0, 1), (1, 2), (3, 0)],
            vec![(0, 0), (2, 1)],
            vec![(1, 1), (0, 2), (2, 0)],
        ],
        [1.0, -0.5, 0.25],
        [vec![(0, 2), (3, 1)], vec![(1, 0), (2, 2), (3, 2)]],
    )
}

fn config(algorithm: Algorithm) -> TrainerConfig {
    TrainerConfig {
        algorithm,
        entropy_weight: 0.3,
        imitation_weight: 0.7,
        learning_rate: 0.1,
        max_gradient_norm: None,
    }
}

fn algorithms() -> [Algorithm; 3] {
    [
        Algorithm::Reinforce(ReinforceConfig::default()),
        Algorithm::Reinforce(ReinforceConfig {
            policy_weight: 0.4,
            baseline: BaselineConfig::MovingAverage { decay: 0.5 },
        }),
        Algorithm::Ppo(PpoConfig::default()),
    ]
}

/// The parameters move after the advantages and the old probabilities were fixed, so that some ratios are clipped.
#[test]
fn gradient_of_the_whole_loss() {
    let (rollouts, rewards, imitated) = episodes();
    for algorithm in algorithms() {
        let mut trainer = Trainer::new(Table::new(1), config(algorithm)).unwrap();
        // A moving average that differs from the mean of the rewards.
        trainer.baseline.advantages(&[0.9, 0.1], &mut [0.0; 2]);
        trainer.begin(&rollouts, &rewards, &imitated);
        let moved = Table::new(2).params;
        let mut loss = |params: &[f64]| {
            trainer.policy.params.copy_from_slice(params);
            trainer.policy.forward(&mut trainer.batch.decisions);
            let loss = trainer.loss();
            trainer.policy.gradient.fill(0.0);
            trainer.policy.backward(&trainer.batch.d_decisions);
            (loss, trainer.policy.gradient.clone())
        };
        let (_, gradient) = loss(&moved);
        assert!(gradient.iter().any(|g| g.abs() > 0.01), "{algorithm:?}");
        check_gradient(&format!("{algorithm:?}"), &moved, &gradient, |params| {
            loss(params).0
        });
    }
}

/// The numbers of a first update by their definitions.
#[test]
fn reinforce_is_its_formula() {
    let (rollouts, rewards, imitated) = episodes();
    let policy = Table::new(1);
    let log_prob = |episode: &Episode| -> f64 {
        let decisions = episode.iter();
        decisions
            .map(|&(s, a)| policy.distribution(s).0[a].ln())
            .sum()
    };
    let entropy =
        |episode: &Episode| -> f64 { episode.iter().map(|&(s, _)| policy.distribution(s).1).sum() };
    let mut advantages = [0.0; 3];
    Baseline::new(BaselineConfig::Standardised).advantages(&rewards, &mut advantages);
    let gain: f64 = rollouts
        .iter()
        .zip(advantages)
        .map(|(e, a)| a * log_prob(e))
        .sum();
    let entropy = rollouts.iter().map(entropy).sum::<f64>() / 3.0;
    let likelihood = imitated.iter().map(log_prob).sum::<f64>() / 2.0;
    let expected = -gain / 3.0 - 0.3 * entropy - 0.7 * likelihood;
    let mut trainer = Trainer::new(Table::new(1), config(algorithms()[0])).unwrap();
    let report = trainer.update(&rollouts, &rewards, &imitated);
    Tolerance::F64.check(
        "loss, entropy",
        &[report.loss, report.entropy],
        &[expected, entropy],
    );
}

#[test]
fn ppo_takes_a_step_an_epoch_and_gradients_are_clipped() {
    let (rollouts, rewards, imitated) = episodes();
    for (algorithm, epochs) in algorithms().into_iter().zip([1, 1, 4]) {
        for bound in [None, Some(1e-3), Some(1e3)] {
            let config = TrainerConfig {
                max_gradient_norm: bound,
                ..config(algorithm)
            };
            let mut trainer = Trainer::new(Table::new(1), config).unwrap();
            trainer.update(&rollouts, &rewards, &imitated);
            let steps = &trainer.policy().steps;
            assert_eq!(steps.len(), epochs);
            for step in steps {
                assert_eq!(step.learning_rate, 0.1);
                assert_eq!(step.gradient_scale < 1.0, bound == Some(1e-3), "{step:?}");
            }
        }
    }
}

#[test]
fn imitation_alone_makes_episodes_likely() {
    let (.., imitated) = episodes();
    let config = TrainerConfig {
        entropy_weight: 0.0,
        learning_rate: 1.0,
        ..config(algorithms()[0])
    };
    let mut trainer = Trainer::new(Table::new(1), config).unwrap();
    let first = trainer.update(&[], &[], &imitated).loss;
    for _ in 0..1000 {
        trainer.update(&[], &[], &imitated);
    }
    let last = trainer.update(&[], &[], &imitated).loss;
    // State 3 is left by two actions, each once: ln 2 in either episode is the least that can be had.
    let least = 0.7 * std::f64::consts::LN_2;
    assert!(
        first > 2.0 * least && last < 1.05 * least,
        "{first} -> {last}, {least}"
    );
}

#[test]
fn nothing_to_learn_from_changes_nothing() {
    for algorithm in algorithms() {
        let mut trainer = Trainer::new(Table::new(1), config(algorithm)).unwrap();
        let report = trainer.update(&[], &[], &[]);
        assert_eq!([report.loss, report.entropy], [0.0; 2]);
        assert_eq!(trainer.policy().params, Table::new(1).params);
    }
}
