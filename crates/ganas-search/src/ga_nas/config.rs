//! The configuration of GA-NAS: plain data, each field with its meaning, its unit and the source of its default.

use documented::DocumentedFields;
use ganas_gnn::nets::EdgeChoice;
use ganas_gnn::ops::bias_activation::Activation;
use ganas_space::SearchSpace;
use serde::{Deserialize, Serialize};

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
    /// ([`SearchSpace::admissible`]); what violates one nevertheless is penalised.
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
    /// `draws`: attempts at temperature 1 before it rises.
    pub patience: usize,
    /// `draws`: factor of the temperature for each further attempt.
    pub temperature_growth: f64,
    /// `draws`: attempts before the rest is filled with random architectures.
    pub attempts: usize,
}

impl GaNasConfig {
    /// The configuration of a preset.
    ///
    /// The numbers are the recipe of docs/METHOD.md: for fixed edges that of NAS-Bench-201, for free edges that of
    /// NAS-Bench-101.
    #[must_use]
    pub fn preset(preset: Preset, topology: Topology) -> Self {
        match (preset, topology) {
            (Preset::Faithful, Topology::Fixed) => Self::faithful(),
            (Preset::Faithful, Topology::Free) => Self::faithful_with_edges(),
            (Preset::Improved, Topology::Fixed) => Self::improved(),
            (Preset::Improved, Topology::Free) => Self::improved_with_edges(),
        }
    }

    /// Without imitation the generator collapses where edges are free; losers as negatives help most there.
    fn faithful_with_edges() -> Self {
        let mut config = Self::faithful();
        config.generator.imitation_weight = 0.5;
        config.discriminator.loser_share = 0.5;
        config
    }

    fn improved_with_edges() -> Self {
        let improved = Self::improved();
        Self {
            initial_designs: 30,
            truth_set: 25,
            generator: GeneratorConfig {
                learning_rate: 3e-3,
                entropy_weight: 0.01,
                imitation_weight: 0.5,
                ..improved.generator
            },
            discriminator: DiscriminatorConfig {
                width: 32,
                head_width: 32,
                ensemble: 3,
                warm: true,
                steps: 40,
                ..improved.discriminator
            },
            proposal: ProposalConfig {
                pick: Pick::Thompson,
                pool: 400,
                uniform_mix: 0.0,
                ..improved.proposal
            },
            ..improved
        }
    }

    fn faithful() -> Self {
        Self {
            initial_designs: 50,
            batch: 50,
            truth_set: 25,
            inner_iterations: 40,
            rollouts: 64,
            violations: Violations::Mask,
            generator: GeneratorConfig {
                entropy_weight: 0.01,
                imitation_weight: 0.0,
                ..GeneratorConfig::recipe()
            },
            discriminator: DiscriminatorConfig {
                kind: DiscriminatorKind::Pair,
                layers: 3,
                width: 32,
                head_width: 32,
                activation: Activation::Tanh,
                ensemble: 1,
                warm: true,
                steps: 2,
                learning_rate: 2e-3,
                minibatch: 64,
                partners: 8,
                loser_share: 0.0,
            },
            proposal: ProposalConfig {
                pick: Pick::Draws,
                pool: 128,
                uniform_mix: 0.0,
                ..ProposalConfig::recipe()
            },
        }
    }

    fn improved() -> Self {
        Self {
            initial_designs: 20,
            batch: 10,
            truth_set: 15,
            inner_iterations: 10,
            rollouts: 64,
            violations: Violations::Mask,
            generator: GeneratorConfig {
                entropy_weight: 0.1,
                imitation_weight: 0.3,
                ..GeneratorConfig::recipe()
            },
            discriminator: DiscriminatorConfig {
                kind: DiscriminatorKind::Rank,
                layers: 3,
                width: 24,
                head_width: 24,
                activation: Activation::Relu,
                ensemble: 5,
                warm: false,
                steps: 80,
                learning_rate: 5e-3,
                minibatch: 64,
                partners: 8,
                loser_share: 0.0,
            },
            proposal: ProposalConfig {
                pick: Pick::Thompson,
                pool: 500,
                uniform_mix: 0.3,
                ..ProposalConfig::recipe()
            },
        }
    }

    /// Checks ranges and combinations.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub fn check(&self) -> Result<(), SearchError> {
        let (g, d, p) = (&self.generator, &self.discriminator, &self.proposal);
        for (field, value) in [
            ("initial_designs", self.initial_designs),
            ("batch", self.batch),
            ("truth_set", self.truth_set),
            ("rollouts", self.rollouts),
            ("generator.encoder_width", g.encoder_width),
            ("generator.encoder_layers", g.encoder_layers),
            ("generator.state_width", g.state_width),
            ("generator.head_width", g.head_width),
            ("generator.ppo_epochs", g.ppo_epochs),
            ("discriminator.layers", d.layers),
            ("discriminator.width", d.width),
            ("discriminator.head_width", d.head_width),
            ("discriminator.ensemble", d.ensemble),
            ("discriminator.minibatch", d.minibatch),
            ("discriminator.partners", d.partners),
            ("proposal.pool", p.pool),
            ("proposal.attempts", p.attempts),
        ] {
            expect(
                field,
                (1..=100_000).contains(&value),
                value,
                "from 1 to 100000",
            )?;
        }
        expect(
            "initial_designs",
            self.initial_designs >= 4,
            self.initial_designs,
            "at least 4: the truth set is at most half of the history, and pairs need two of it",
        )?;
        for (field, value) in [
            ("generator.learning_rate", g.learning_rate),
            ("discriminator.learning_rate", d.learning_rate),
        ] {
            expect(
                field,
                value > 0.0 && value <= 1.0,
                value,
                "above 0, at most 1",
            )?;
        }
        for (field, value) in [
            ("generator.policy_weight", g.policy_weight),
            ("generator.entropy_weight", g.entropy_weight),
            ("generator.imitation_weight", g.imitation_weight),
            ("generator.ppo_value_weight", g.ppo_value_weight),
        ] {
            expect(field, value >= 0.0 && value.is_finite(), value, "0 or more")?;
        }
        for (field, value) in [
            ("generator.gae_lambda", g.gae_lambda),
            ("discriminator.loser_share", d.loser_share),
            ("proposal.uniform_mix", p.uniform_mix),
        ] {
            expect(field, (0.0..=1.0).contains(&value), value, "from 0 to 1")?;
        }
        let norm = g.max_gradient_norm;
        expect(
            "generator.max_gradient_norm",
            norm > 0.0,
            norm,
            "above 0, or inf",
        )?;
        expect(
            "generator.ppo_clip",
            g.ppo_clip > 0.0 && g.ppo_clip < 1.0,
            g.ppo_clip,
            "between 0 and 1",
        )?;
        let growth = p.temperature_growth;
        expect(
            "proposal.temperature_growth",
            (1.0..=10.0).contains(&growth),
            growth,
            "from 1 to 10",
        )?;
        match d.kind {
            DiscriminatorKind::Pair => {
                expect(
                    "discriminator.ensemble",
                    d.ensemble == 1,
                    d.ensemble,
                    "1 for kind `pair`",
                )?;
                let pick = format!("{:?}", p.pick);
                expect(
                    "proposal.pick",
                    p.pick == Pick::Draws,
                    pick,
                    "`draws` for discriminator.kind `pair`",
                )
            }
            DiscriminatorKind::Rank => Ok(()),
        }
    }
}

impl GeneratorConfig {
    /// What both presets share.
    fn recipe() -> Self {
        Self {
            encoder: GeneratorEncoder::Graph,
            encoder_width: 32,
            encoder_layers: 3,
            encoder_activation: Activation::Relu,
            state_width: 48,
            head_width: 48,
            learning_rate: 2e-3,
            max_gradient_norm: f64::INFINITY,
            update: PolicyUpdate::Reinforce,
            baseline: BaselineKind::Standardised,
            policy_weight: 1.0,
            entropy_weight: 0.01,
            imitation_weight: 0.0,
            ppo_epochs: 4,
            ppo_clip: 0.2,
            ppo_value_weight: 0.5,
            gae_lambda: 0.95,
        }
    }
}

impl ProposalConfig {
    /// What both presets share.
    fn recipe() -> Self {
        Self {
            pick: Pick::Draws,
            pool: 128,
            uniform_mix: 0.0,
            patience: 4,
            temperature_growth: 1.15,
            attempts: 30,
        }
    }
}

fn expect(
    field: &str,
    holds: bool,
    value: impl std::fmt::Display,
    expected: &str,
) -> Result<(), SearchError> {
    if holds {
        return Ok(());
    }
    Err(SearchError::BadConfig {
        field: field.to_owned(),
        reason: format!("found {value}, expected {expected}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid() {
        for preset in [Preset::Faithful, Preset::Improved] {
            for topology in [Topology::Fixed, Topology::Free] {
                GaNasConfig::preset(preset, topology).check().unwrap();
            }
        }
    }

    #[test]
    fn bad_fields_are_named() {
        let change = |edit: fn(&mut GaNasConfig)| {
            let mut config = GaNasConfig::preset(Preset::Faithful, Topology::Fixed);
            edit(&mut config);
            match config.check() {
                Err(SearchError::BadConfig { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(change(|c| c.batch = 0), "batch");
        assert_eq!(change(|c| c.initial_designs = 3), "initial_designs");
        assert_eq!(
            change(|c| c.generator.learning_rate = f64::NAN),
            "generator.learning_rate"
        );
        assert_eq!(change(|c| c.generator.ppo_clip = 1.0), "generator.ppo_clip");
        assert_eq!(
            change(|c| c.proposal.uniform_mix = -0.1),
            "proposal.uniform_mix"
        );
        assert_eq!(change(|c| c.proposal.pick = Pick::Mean), "proposal.pick");
        assert_eq!(
            change(|c| c.discriminator.ensemble = 2),
            "discriminator.ensemble"
        );
    }
}
