//! The presets: the numbers of the recipe of docs/METHOD.md.

use ganas_gnn::ops::bias_activation::Activation;

use super::{
    BaselineKind, DiscriminatorConfig, DiscriminatorKind, GaNasConfig, GeneratorConfig,
    GeneratorEncoder, Pick, PolicyUpdate, Preset, ProposalConfig, Topology, Violations,
};

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

    /// Without imitation the generator collapses where edges are free; losers as negatives help most there, and so do
    /// small batches.
    fn faithful_with_edges() -> Self {
        let mut config = Self::faithful();
        config.batch = 10;
        config.inner_iterations = 20;
        config.generator.imitation_weight = 0.5;
        config.discriminator.loser_share = 0.5;
        config
    }

    fn improved_with_edges() -> Self {
        let improved = Self::improved();
        Self {
            initial_designs: 15,
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
                neighbour_share: 0.5,
                neighbours: 3000,
                stall: 5,
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
}

impl GeneratorConfig {
    /// What both presets share.
    pub(crate) fn recipe() -> Self {
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
            neighbour_share: 0.0,
            neighbours: 200,
            stall: 0,
            patience: 4,
            temperature_growth: 1.15,
            attempts: 30,
        }
    }
}
