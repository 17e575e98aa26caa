//! Architectures of a blueprint one after the other: all of them, random ones, those around one.

use rand::RngExt;
use rand::seq::IteratorRandom;
use rand_core::Rng;

use super::Blueprint;
use crate::arch::Arch;
use crate::decisions::{Action, Choice, LegalActions};

impl Blueprint {
    /// An architecture built at random: legal labels are equally likely, edges as their prior says.
    pub fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let mut partial = self.start();
        while let Some(decision) = self.decision(&partial) {
            let action = match decision.choice {
                Choice::Edge { .. } if decision.legal.count() > 1 => {
                    let odds = decision.prior_log_odds.exp();
                    Some(Action(u8::from(rng.random_bool(odds / (1.0 + odds)))))
                }
                Choice::Edge { .. } | Choice::Label { .. } => decision.legal.iter().choose(rng),
            };
            let action = action.expect("invariant: some action is legal");
            self.apply(&mut partial, action)
                .expect("invariant: the action is legal");
        }
        self.finish(&partial)
            .expect("invariant: every decision is taken")
    }

    /// The architectures whose decisions differ from those of an architecture in one, in their order; none when it is of
    /// another space.
    #[must_use]
    pub fn neighbours(&self, arch: &Arch) -> Vec<Arch> {
        let actions = self.actions_of(arch).unwrap_or_default();
        let mut neighbours = Vec::new();
        let mut before = self.start();
        for (n, &taken) in actions.iter().enumerate() {
            let decision = self.decision(&before);
            let legal = decision.map_or(LegalActions(0), |decision| decision.legal);
            for other in legal.iter().filter(|other| *other != taken) {
                let mut changed = actions.clone();
                changed[n] = other;
                neighbours.extend(self.build(changed));
            }
            self.apply(&mut before, taken)
                .expect("invariant: the actions build the architecture");
        }
        neighbours
    }

    /// All architectures, in the order of their decisions.
    pub fn archs(&self) -> impl Iterator<Item = Arch> + '_ {
        let mut open = vec![self.start()];
        std::iter::from_fn(move || {
            loop {
                let partial = open.pop()?;
                let Some(decision) = self.decision(&partial) else {
                    let arch = self.finish(&partial);
                    return Some(arch.expect("invariant: there is nothing left to decide"));
                };
                // The last one that is put there comes next.
                for action in (0..64).rev().map(Action) {
                    if decision.legal.contains(action) {
                        let mut next = partial.clone();
                        self.apply(&mut next, action)
                            .expect("invariant: the action is legal");
                        open.push(next);
                    }
                }
            }
        })
    }
}
