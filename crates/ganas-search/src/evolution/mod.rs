//! Regularized evolution: of a few members of the population the best one is mutated, and the oldest member goes.
//!
//! Real, Aggarwal, Huang, Le, "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019. docs/SEARCHERS.md
//! has the settings and what differs from their sources.

mod config;
#[cfg(test)]
mod tests;

use ganas_random::Stream;
use ganas_space::Arch;
use rand::RngExt;
use rand::seq::IndexedRandom;

pub use config::{EvolutionConfig, Mutation};

use crate::SearchError;
use crate::ledger::{Entry, Ledger};
use crate::method::Method;
use crate::mutation::{Rates, mutated};
use crate::streams::Purpose;

/// Regularized evolution. The population is what was told last.
#[derive(Debug)]
pub struct Evolution {
    config: EvolutionConfig,
}

impl Evolution {
    /// The name on the command line and in records.
    pub const NAME: &'static str = "evolution";

    /// Tournaments whose winner has no unseen child, before a random class is proposed instead.
    pub const ATTEMPTS: usize = 1_000;

    /// Evolution with a checked configuration.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`].
    pub fn new(config: EvolutionConfig) -> Result<Self, SearchError> {
        config.check()?;
        Ok(Self { config })
    }

    /// The best of some members of the population (the earlier among equals).
    fn parent<'a>(&self, population: &'a [Entry], rng: &mut Stream) -> Option<&'a Entry> {
        if population.is_empty() {
            return None;
        }
        let n = self.config.tournament;
        let drawn: Vec<&Entry> = if self.config.replacement {
            let draw = |_| &population[rng.random_range(0..population.len())];
            (0..n).map(draw).collect()
        } else {
            population.sample(rng, n.min(population.len())).collect()
        };
        drawn.into_iter().reduce(|best, next| {
            let better = next.merit.compare(&best.merit);
            if better.then(best.number.cmp(&next.number)).is_gt() {
                next
            } else {
                best
            }
        })
    }

    fn child(&self, ledger: &Ledger, parent: &Arch, rng: &mut Stream) -> Option<Arch> {
        let space = &**ledger.space();
        match self.config.mutation {
            Mutation::Neighbour => space.neighbours(parent).choose(rng).cloned(),
            Mutation::EachDecision => {
                let rates = Rates {
                    labels: self.config.label_changes,
                    edges: self.config.edge_changes,
                };
                mutated(space, parent, rates, rng)
            }
        }
    }

    /// Proposes a child that was not seen; says whether one was found.
    fn propose_child(&self, ledger: &mut Ledger) -> bool {
        let mut rng = ledger.stream(Purpose::Evolution, 0, 0);
        for _ in 0..Self::ATTEMPTS {
            let oldest = ledger
                .entries()
                .len()
                .saturating_sub(self.config.population);
            let Some(parent) = self.parent(&ledger.entries()[oldest..], &mut rng) else {
                return false;
            };
            let child = self.child(ledger, &parent.arch, &mut rng);
            if child.is_some_and(|child| ledger.propose(&child)) {
                return true;
            }
        }
        false
    }
}

impl Method for Evolution {
    /// All of it follows from the trials.
    type State = ();

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn propose(&mut self, ledger: &mut Ledger, limit: usize) -> Result<(), SearchError> {
        let size = self.config.population;
        let begun = ledger.n_begun();
        if begun < size {
            for _ in 0..limit.min(size - begun) {
                if !ledger.propose_design(size) {
                    break;
                }
            }
        } else if !self.propose_child(ledger) {
            ledger.propose_random();
        }
        Ok(())
    }

    fn state(&self) -> Result<(), SearchError> {
        Ok(())
    }

    fn set_state(&mut self, (): (), _: &Ledger) -> Result<(), String> {
        Ok(())
    }
}
