//! The configuration of GA-NAS: plain data, each field with its meaning, its unit and the source of its default.

mod check;
mod presets;

use documented::DocumentedFields;
use ganas_gnn::nets::EdgeChoice;
use ganas_gnn::ops::bias_activation::Activation;
use ganas_space::SearchSpace;
use serde::{Deserialize, Serialize};

pub(super) use check::{Criterion, Method};

use super::encode::Steps;
use crate::SearchError;

/// Which published form the choices follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The algorithm as the paper describes it, as far as it is known: a pairwise discriminator of truth against
    /// generated cells, and the generator's own draws evaluated.
    Faithful,
    /// The discriminator ranks all history, and picks what is evaluated from the generator's draws.
    Improved,
}

/// What a space leaves open; a preset differs in this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Labels only: the edges are fixed.
    Fixed,
    /// Labels and edges.
    Free,
}

impl Topology {
    /// That of a space.
    ///
    /// # Errors
    ///
    /// [`SearchError::UnsupportedSpace`] when the generator cannot build the space's architectures.
    pub fn of(space: &dyn SearchSpace) -> Result<Self, SearchError> {
        Ok(match Steps::of(space)?.edge_choice() {
            EdgeChoice::Fixed => Self::Fixed,
            EdgeChoice::Free => Self::Free,
        })
    }
}

/// The configuration of GA-NAS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct GaNasConfig {
    /// Architectures drawn uniformly over classes and evaluated before the first round (X_0 in the paper).
    pub initial_designs: usize,
    /// Architectures evaluated in each round (X_t in the paper).
    pub batch: usize,
    /// Size of the truth set, the best architectures so far; at most half of the history is used.
    pub truth_set: usize,
    /// Inner iterations of a round (T' in the paper): each draws rollouts and updates the generator.
    pub inner_iterations: usize,
    /// Architectures drawn in each inner iteration.
    pub rollouts: usize,
    /// What happens to rollouts that violate a constraint: `mask` (they are not drawn, as far as the bounds of its property
    /// tell; others as with `penalty`), `penalty` (the lowest reward) or `reject` (their reward is as for all others); none
    /// is ever evaluated.
    pub violations: Violations,
    /// The generator.
    pub generator: GeneratorConfig,
    /// The discriminator.
    pub discriminator: DiscriminatorConfig,
    /// What is evaluated.
    pub proposal: ProposalConfig,
}

/// What happens to rollouts that violate a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Violations {
    /// Actions after which a constraint cannot be satisfied are not drawn, where a bound of its property tells
    /// ([`Constraints::admissible`](ganas_space::Constraints::admissible)); what violates one nevertheless is penalised.
    Mask,
    /// They get the lowest reward of the batch, less half a standard deviation.
    Penalty,
    /// Nothing: they are rejected when it comes to proposals.
    Reject,
}

/// What the generator sees of the partial architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeneratorEncoder {
    /// A graph encoder over predecessors, as in the paper.
    Graph,
    /// An embedding of the last label: a plain GRU policy, kept as an ablation.
    LastLabel,
}

/// How the generator learns from its rewards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyUpdate {
    /// REINFORCE with a baseline: one step an inner iteration.
    Reinforce,
    /// PPO-clip with GAE: several epochs an inner iteration.
    Ppo,
}

/// The baseline that REINFORCE subtracts from the rewards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineKind {
    /// Rewards are standardised over the rollouts of an inner iteration.
    Standardised,
    /// An exponential moving average of the mean reward, with decay 0.9.
    MovingAverage,
}

/// The configuration of the generator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// What it sees of the partial architecture: `graph` (GraphConv over predecessors) or `last_label` (plain GRU).
    pub encoder: GeneratorEncoder,
    /// Width of the graph encoder, or of the label embedding.
    pub encoder_width: usize,
    /// Layers of the graph encoder; unused by `last_label`.
    pub encoder_layers: usize,
    /// Activation of the graph encoder: `relu` or `tanh`.
    pub encoder_activation: Activation,
    /// Width of the GRU's state.
    pub state_width: usize,
    /// Width of the hidden layer between the state and the heads.
    pub head_width: usize,
    /// Learning rate of Adam; 5e-3 was seen to collapse.
    pub learning_rate: f64,
    /// Gradients with a larger global norm are scaled down to it; `inf` leaves them alone.
    pub max_gradient_norm: f64,
    /// How it learns: `reinforce` or `ppo`.
    pub update: PolicyUpdate,
    /// Baseline of REINFORCE: `standardised` or `moving_average`; PPO standardises its advantages.
    pub baseline: BaselineKind,
    /// Weight of the policy-gradient term; 0 leaves a pure cross-entropy fit when `imitation_weight` is positive.
    pub policy_weight: f64,
    /// Weight of the entropy bonus; the entropy is summed over the decisions of an episode, in nats.
    pub entropy_weight: f64,
    /// Weight of the log-likelihood of the truth set, each cell relabelled at random every time.
    pub imitation_weight: f64,
    /// PPO: epochs over the rollouts of an inner iteration.
    pub ppo_epochs: usize,
    /// PPO: the probability ratio is clipped to `1 ± ppo_clip`.
    pub ppo_clip: f64,
    /// PPO: weight of the squared error of the value head.
    pub ppo_value_weight: f64,
    /// PPO: the lambda of generalised advantage estimation (its gamma is 1: the reward comes at the end).
    pub gae_lambda: f64,
}

/// What the discriminator is taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscriminatorKind {
    /// Is the second of a pair (truth, x) from the truth set, or generated? Trained once an inner iteration.
    Pair,
    /// Which of two evaluated architectures is better? Trained on all history at the start of a round.
    Rank,
}

/// The configuration of the discriminator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// What it is taught: `pair` (truth against generated, the paper's form) or `rank` (relativistic, all history).
    pub kind: DiscriminatorKind,
    /// Layers of its graph encoder.
    pub layers: usize,
    /// Width of its graph encoder.
    pub width: usize,
    /// Width of the hidden layer of its head.
    pub head_width: usize,
    /// Activation of its graph encoder: `relu` or `tanh`.
    pub activation: Activation,
    /// Members of the ensemble; `pair` uses 1.
    pub ensemble: usize,
    /// Whether it goes on from the round before, instead of starting afresh in each round.
    pub warm: bool,
    /// Training steps: a round for `rank`, an inner iteration for `pair`.
    pub steps: usize,
    /// Learning rate of Adam. `rank` lowers it within a round: by a cosine to 0 when fresh, linearly to a tenth when
    /// warm.
    pub learning_rate: f64,
    /// Architectures of history in a minibatch of `rank`.
    pub minibatch: usize,
    /// Random partners of each architecture in a minibatch of `rank`.
    pub partners: usize,
    /// Share of the negatives of `pair` that are losers from history instead of generated.
    pub loser_share: f64,
}

/// How the architectures to evaluate are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The generator's draws, in order, without what was seen before: the discriminator has no say.
    Draws,
    /// The members of the ensemble pick their favourite of the pool in turn (Thompson sampling).
    Thompson,
    /// The highest mean of the members' scores, each standardised over the pool.
    Mean,
}

/// The configuration of the proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct ProposalConfig {
    /// How: `draws` (the generator decides, as in the paper), `thompson` or `mean` (the discriminator picks from a
    /// pool; needs kind `rank`).
    pub pick: Pick,
    /// Draws of the generator for the pool; for `draws`, in each attempt.
    pub pool: usize,
    /// Probability with which each decision of a pool draw is uniform instead of the generator's.
    pub uniform_mix: f64,
    /// Share of the batch that is picked among neighbours of the best architectures so far, instead of the
    /// generator's draws; needs a discriminator of kind `rank`.
    pub neighbour_share: f64,
    /// Unseen neighbours to pick from: those of the best architecture, then of the next, until there are so many.
    pub neighbours: usize,
    /// Rounds in a row without a better architecture after which neighbours get their share; 0 for always.
    pub stall: usize,
    /// `draws`: attempts at temperature 1 before it rises.
    pub patience: usize,
    /// `draws`: factor of the temperature for each further attempt.
    pub temperature_growth: f64,
    /// `draws`: attempts before the rest is filled with random architectures.
    pub attempts: usize,
}

impl GaNasConfig {
    /// The fields, by section and name, that came after the first records and have no effect with these values.
    ///
    /// Records leave them out, so that a run that was recorded before they came is still the same run.
    #[must_use]
    pub fn additions_without_effect(&self) -> &'static [(&'static str, &'static str)] {
        if self.proposal.neighbour_share > 0.0 {
            return &[];
        }
        &[
            ("proposal", "neighbour_share"),
            ("proposal", "neighbours"),
            ("proposal", "stall"),
        ]
    }
}
