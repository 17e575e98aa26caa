//! What a configuration may hold: ranges and combinations.

use super::{DiscriminatorKind, GaNasConfig, GeneratorConfig, Pick};
use crate::SearchError;
use crate::config_check::{expect, expect_within};

/// What a discriminator is taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ga_nas) enum Method {
    /// Truth against generated: the generator's draws are evaluated.
    Pair,
    /// Which is better? By a criterion it picks what is evaluated; without one, the generator's draws are.
    Rank(Option<Criterion>),
}

/// How rankers pick from a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ga_nas) enum Criterion {
    /// As [`Pick::Thompson`].
    Thompson,
    /// As [`Pick::Mean`].
    Mean,
}

impl GaNasConfig {
    /// Checks ranges and combinations.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub fn check(&self) -> Result<(), SearchError> {
        let (d, p) = (&self.discriminator, &self.proposal);
        for (field, value) in [
            ("initial_designs", self.initial_designs),
            ("batch", self.batch),
            ("truth_set", self.truth_set),
            ("rollouts", self.rollouts),
            ("discriminator.layers", d.layers),
            ("discriminator.width", d.width),
            ("discriminator.head_width", d.head_width),
            ("discriminator.ensemble", d.ensemble),
            ("discriminator.minibatch", d.minibatch),
            ("discriminator.partners", d.partners),
            ("proposal.pool", p.pool),
            ("proposal.neighbours", p.neighbours),
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
        self.generator.check()?;
        expect_rate("discriminator.learning_rate", d.learning_rate)?;
        for (field, value) in [
            ("discriminator.loser_share", d.loser_share),
            ("proposal.uniform_mix", p.uniform_mix),
            ("proposal.neighbour_share", p.neighbour_share),
        ] {
            expect(field, (0.0..=1.0).contains(&value), value, "from 0 to 1")?;
        }
        let growth = p.temperature_growth;
        expect(
            "proposal.temperature_growth",
            (1.0..=10.0).contains(&growth),
            growth,
            "from 1 to 10",
        )?;
        expect(
            "proposal.neighbour_share",
            p.neighbour_share <= 0.0 || p.pick != Pick::Draws,
            p.neighbour_share,
            "0 for proposal.pick `draws`, since rankers pick among neighbours",
        )?;
        expect(
            "discriminator.ensemble",
            d.kind == DiscriminatorKind::Rank || d.ensemble == 1,
            d.ensemble,
            "1 for kind `pair`",
        )?;
        self.method().map(drop)
    }

    /// What the discriminator is taught, and how it picks.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`] when one picks that cannot.
    pub(in crate::ga_nas) fn method(&self) -> Result<Method, SearchError> {
        let criterion = match self.proposal.pick {
            Pick::Draws => None,
            Pick::Thompson => Some(Criterion::Thompson),
            Pick::Mean => Some(Criterion::Mean),
        };
        match self.discriminator.kind {
            DiscriminatorKind::Rank => Ok(Method::Rank(criterion)),
            DiscriminatorKind::Pair => {
                let pick = format!("{:?}", self.proposal.pick);
                expect(
                    "proposal.pick",
                    criterion.is_none(),
                    pick,
                    "`draws` for discriminator.kind `pair`",
                )?;
                Ok(Method::Pair)
            }
        }
    }
}

impl GeneratorConfig {
    /// Checks the ranges of its fields, which are those of a section `generator`.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub(crate) fn check(&self) -> Result<(), SearchError> {
        for (field, value) in [
            ("generator.encoder_width", self.encoder_width),
            ("generator.encoder_layers", self.encoder_layers),
            ("generator.state_width", self.state_width),
            ("generator.head_width", self.head_width),
            ("generator.ppo_epochs", self.ppo_epochs),
        ] {
            expect_within(field, value, 1..=100_000)?;
        }
        expect_rate("generator.learning_rate", self.learning_rate)?;
        for (field, value) in [
            ("generator.policy_weight", self.policy_weight),
            ("generator.entropy_weight", self.entropy_weight),
            ("generator.imitation_weight", self.imitation_weight),
            ("generator.ppo_value_weight", self.ppo_value_weight),
        ] {
            expect(field, value >= 0.0 && value.is_finite(), value, "0 or more")?;
        }
        expect_within("generator.gae_lambda", self.gae_lambda, 0.0..=1.0)?;
        let norm = self.max_gradient_norm;
        let field = "generator.max_gradient_norm";
        expect(field, norm > 0.0, norm, "above 0, or inf")?;
        let clip = self.ppo_clip;
        let holds = clip > 0.0 && clip < 1.0;
        expect("generator.ppo_clip", holds, clip, "between 0 and 1")
    }
}

fn expect_rate(field: &str, value: f64) -> Result<(), SearchError> {
    let holds = value > 0.0 && value <= 1.0;
    expect(field, holds, value, "above 0, at most 1")
}

#[cfg(test)]
mod tests {
    use super::super::{Preset, Topology};
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
            change(|c| c.proposal.neighbour_share = 0.5),
            "proposal.neighbour_share"
        );
        assert_eq!(
            change(|c| c.discriminator.ensemble = 2),
            "discriminator.ensemble"
        );
    }
}
