//! The training of a round: discriminator and generator against each other.

use ganas_gnn::{Backend, Element};
use ganas_rl::Report as GeneratorReport;

use super::discriminator::Discriminator;
use super::encode::{Rollout, SeenGraph};
use super::negatives::negatives;
use super::violations::{admitted, penalise};
use super::{GaNas, Violations, open_actions};
use crate::streams::Purpose;
use crate::{Event, SearchError};

/// What an inner iteration says of itself.
#[derive(Clone, Copy, Debug, Default)]
struct Report {
    generator: GeneratorReport,
    /// Of the last step; `None` where the discriminator was trained before.
    discriminator_loss: Option<f64>,
    mean_reward: f64,
    /// Rollouts that violate a constraint.
    violating: usize,
}

impl<B: Backend> GaNas<B> {
    /// Trains discriminator and generator against each other, in so many inner iterations; a discriminator that starts afresh is
    /// trained as in a whole round.
    pub(super) fn train(&mut self, iterations: usize) -> Result<(), SearchError> {
        let device = self.device.clone();
        let (truth, losers) = self.history.truth_and_losers(self.config.truth_set);
        let mut discriminator_loss = 0.0;
        match &mut self.discriminator {
            Discriminator::Rank { ensemble, .. } => {
                discriminator_loss =
                    device.session(|| ensemble.train(&self.history, self.streams, self.round));
            }
            Discriminator::Pair(trainer) if !self.config.discriminator.warm => {
                trainer.restart(self.streams, self.round);
            }
            Discriminator::Pair(_) => {}
        }
        let iterations = match &self.discriminator {
            Discriminator::Pair(_) if !self.config.discriminator.warm => {
                self.config.inner_iterations
            }
            Discriminator::Pair(_) | Discriminator::Rank { .. } => iterations,
        };
        let mut last = Report::default();
        let mut violating = 0;
        for inner in 0..iterations {
            last = device.session(|| self.inner_iteration(inner, &truth, &losers))?;
            discriminator_loss = last.discriminator_loss.unwrap_or(discriminator_loss);
            violating += last.violating;
            self.expect_finite("the generator's loss", last.generator.loss)?;
            self.expect_finite("the discriminator's loss", discriminator_loss)?;
        }
        let level = match self.history.front_size() {
            None => {
                let value = truth
                    .last()
                    .map_or(f64::NAN, |&i| self.history.entries()[i].search.value());
                ("level".to_owned(), value)
            }
            Some(size) => ("front".to_owned(), f64::of_count(size)),
        };
        let mut values = vec![
            ("truth_set".to_owned(), f64::of_count(truth.len())),
            level,
            ("discriminator_loss".to_owned(), discriminator_loss),
        ];
        // Before a single proposal there may be none.
        if iterations > 0 {
            values.extend([
                ("generator_loss".to_owned(), last.generator.loss),
                ("generator_entropy".to_owned(), last.generator.entropy),
                ("mean_reward".to_owned(), last.mean_reward),
            ]);
        }
        if self.space.constraints().is_some() {
            values.push(("violating_rollouts".to_owned(), f64::of_count(violating)));
        }
        self.events.push(Event {
            kind: "training".to_owned(),
            values,
        });
        Ok(())
    }

    /// Draws rollouts, rewards them, and lets the generator learn from them; a pairwise discriminator learns first.
    fn inner_iteration(
        &mut self,
        inner: usize,
        truth: &[usize],
        losers: &[usize],
    ) -> Result<Report, SearchError> {
        let mut discriminator_loss = None;
        let key = self.draw_key(Purpose::Rollout, inner);
        let rollouts = self.generator.draw(key, self.config.rollouts)?;
        let seen: Vec<SeenGraph> = rollouts
            .iter()
            .map(|r| SeenGraph::of(&*self.space, &r.arch))
            .collect();
        let seen: Vec<&SeenGraph> = seen.iter().collect();
        let entries = self.history.entries();
        let graphs_of = |numbers: &[usize]| -> Vec<&SeenGraph> {
            numbers.iter().map(|&i| &entries[i].seen).collect()
        };
        let truth_graphs = graphs_of(truth);
        let mut rewards = match &mut self.discriminator {
            Discriminator::Rank { ensemble, .. } => ensemble.rewards(&truth_graphs, &seen),
            Discriminator::Pair(trainer) => {
                let config = &self.config.discriminator;
                let stream = (self.streams).get(Purpose::Negatives, self.round, 0, inner);
                let (losers, count) = (graphs_of(losers), truth.len());
                let negatives = negatives(&seen, &losers, count, config.loser_share, stream);
                discriminator_loss = trainer.train(&truth_graphs, &negatives, config.steps);
                trainer.rewards(&truth_graphs, &seen)
            }
        };
        let admitted = admitted(&*self.space, &rollouts);
        let violating = admitted.iter().filter(|admitted| !**admitted).count();
        if self.config.violations != Violations::Reject {
            penalise(&admitted, &mut rewards);
        }
        let imitated = self.imitated(truth, inner)?;
        Ok(Report {
            generator: self.generator.update(&rollouts, &rewards, &imitated),
            discriminator_loss,
            mean_reward: rewards.iter().map(|r| r.wide()).sum::<f64>()
                / f64::of_count(rewards.len()),
            violating,
        })
    }

    fn expect_finite(&self, what: &'static str, value: f64) -> Result<(), SearchError> {
        if value.is_finite() {
            return Ok(());
        }
        Err(SearchError::NotFinite {
            what,
            value,
            round: self.round,
        })
    }

    /// The truth set as episodes, each relabelled at random; nothing when imitation has no weight.
    fn imitated(&self, truth: &[usize], inner: usize) -> Result<Vec<Rollout>, SearchError> {
        if self.config.generator.imitation_weight <= 0.0 {
            return Ok(Vec::new());
        }
        truth
            .iter()
            .enumerate()
            .map(|(item, &entry)| {
                let mut stream = self
                    .streams
                    .get(Purpose::Relabelling, self.round, item, inner);
                let arch = &self.history.entries()[entry].arch;
                let arch = self.space.relabelled(arch, &mut stream);
                Ok(Rollout::of(&*self.space, open_actions(&self.config), arch)?)
            })
            .collect()
    }
}
