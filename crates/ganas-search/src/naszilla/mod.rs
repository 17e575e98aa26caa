//! Local search as it was published: walks to the best neighbour, and starts anew where none is better.
//!
//! White, Nolen, Savani, "Exploring the Loss Landscape in Neural Architecture Search", UAI 2021, and `local_search` in
//! `naszilla/nas_algorithms.py` of naszilla/naszilla. docs/SEARCHERS.md has the settings, and what differs from their source;
//! [`LocalSearch`](crate::LocalSearch) is a stronger form.

mod config;
#[cfg(test)]
mod tests;

use ganas_space::Arch;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

pub use config::{NaszillaConfig, Stride};

use crate::SearchError;
use crate::ledger::Ledger;
use crate::method::Method;
use crate::streams::Purpose;

/// Local search as naszilla has it.
#[derive(Debug)]
pub struct NaszillaLocalSearch {
    config: NaszillaConfig,
    walk: Walk,
    /// The unseen neighbours of the place when it was reached, in the order in which they come; looked up when they are needed.
    neighbours: Option<Vec<Arch>>,
}

/// Where the search stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The number of the first trial that belongs to the present step: of the random architectures, or of the neighbours.
    first: u32,
    /// The entry whose neighbours are evaluated; nothing while random architectures are.
    place: Option<u32>,
    /// How many of its neighbours were proposed or passed over.
    passed: u32,
}

impl NaszillaLocalSearch {
    /// The name on the command line and in records.
    pub const NAME: &'static str = "local-search-naszilla";

    /// Local search with a checked configuration.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`].
    pub fn new(config: NaszillaConfig) -> Result<Self, SearchError> {
        config.check()?;
        Ok(Self {
            config,
            walk: Walk::default(),
            neighbours: None,
        })
    }

    /// The best of what was evaluated in the present step.
    fn best_of_step(&self, ledger: &Ledger) -> Option<usize> {
        let entries = ledger.entries();
        let of_step = |at: &usize| entries[*at].number.is_some_and(|n| n >= self.walk.first);
        Ledger::best((0..entries.len()).filter(of_step), entries)
    }

    /// Goes to an entry, or to random architectures.
    fn go_to(&mut self, place: Option<usize>, ledger: &Ledger) {
        let narrow = |at| u32::try_from(at).expect("invariant: entries are trials, which are few");
        self.walk = Walk {
            first: ledger.asked(),
            place: place.map(narrow),
            passed: 0,
        };
        self.neighbours = None;
    }

    /// Proposes up to `limit` random architectures of this start; the walk begins once all of them are told.
    fn propose_start(&mut self, ledger: &mut Ledger, limit: usize) -> bool {
        let initial = self.config.initial;
        let begun = (ledger.asked() - self.walk.first) as usize;
        let n = limit.min(initial.saturating_sub(begun));
        (0..n).filter(|_| ledger.propose_design(initial)).count() > 0
    }

    /// Proposes up to `limit` neighbours of the place; says whether there were any.
    fn propose_neighbours(&mut self, ledger: &mut Ledger, place: u32, limit: usize) -> bool {
        let neighbours = self.neighbours.take().unwrap_or_else(|| {
            let arch = &ledger.entries()[place as usize].arch;
            let mut neighbours = ledger.space().neighbours(arch);
            let streams = ledger.streams();
            neighbours.shuffle(&mut streams.get(Purpose::Neighbours, self.walk.first, 0, 0));
            neighbours
        });
        let mut proposed = 0;
        while proposed < limit
            && let Some(next) = neighbours.get(self.walk.passed as usize)
        {
            self.walk.passed += 1;
            proposed += usize::from(ledger.propose(next));
        }
        self.neighbours = Some(neighbours);
        proposed > 0
    }

    /// Goes where the results of the present step lead; says whether that is another place than before.
    fn go_on(&mut self, ledger: &Ledger) -> bool {
        let best = self.best_of_step(ledger);
        match self.walk.place {
            None => {
                // A warm start begins with the best of what was known.
                let known =
                    (0..ledger.entries().len()).filter(|at| ledger.entries()[*at].number.is_none());
                let known = Ledger::best(known, ledger.entries());
                let is_first = self.walk.first == 0;
                let best = match (best, known.filter(|_| is_first)) {
                    (Some(a), Some(b)) => Ledger::best([b, a].into_iter(), ledger.entries()),
                    (best, known) => best.or(known),
                };
                self.go_to(best, ledger);
            }
            Some(place) => {
                let better = best.filter(|best| {
                    let (best, place) =
                        (&ledger.entries()[*best], &ledger.entries()[place as usize]);
                    best.merit.is_better_than(&place.merit)
                });
                self.go_to(better, ledger);
            }
        }
        self.walk.place.is_some()
    }

    /// Whether a neighbour that was told is better than the place.
    fn has_improved(&self, ledger: &Ledger, place: u32) -> bool {
        let place = &ledger.entries()[place as usize].merit;
        let best = self.best_of_step(ledger);
        best.is_some_and(|best| ledger.entries()[best].merit.is_better_than(place))
    }
}

impl Method for NaszillaLocalSearch {
    type State = Walk;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn propose(&mut self, ledger: &mut Ledger, limit: usize) -> Result<(), SearchError> {
        let has_begun = ledger.asked() > 0 || !ledger.entries().is_empty();
        let is_warm = ledger.entries().iter().any(|entry| entry.number.is_none());
        if is_warm && self.walk == Walk::default() && ledger.asked() == 0 {
            self.go_on(ledger);
        }
        // Each turn either proposes, waits, or goes to another place; starts come to an end when the space does.
        loop {
            let is_told = ledger.pending().len() == 0;
            match self.walk.place {
                None => {
                    if self.propose_start(ledger, limit) {
                        return Ok(());
                    }
                    let is_empty = has_begun && ledger.asked() == self.walk.first;
                    if !is_told || is_empty || ledger.asked() == 0 {
                        return Ok(());
                    }
                    self.go_on(ledger);
                }
                Some(place) => {
                    let improves_at_once = self.config.stride == Stride::FirstImprovement;
                    if improves_at_once && self.has_improved(ledger, place) {
                        self.go_on(ledger);
                        continue;
                    }
                    let limit = if improves_at_once { 1 } else { limit };
                    if self.propose_neighbours(ledger, place, limit) {
                        return Ok(());
                    }
                    if !is_told {
                        return Ok(());
                    }
                    self.go_on(ledger);
                }
            }
        }
    }

    fn state(&self) -> Result<Walk, SearchError> {
        Ok(self.walk)
    }

    fn set_state(&mut self, walk: Walk, ledger: &Ledger) -> Result<(), String> {
        let n = ledger.entries().len();
        if let Some(place) = walk.place.filter(|place| *place as usize >= n) {
            return Err(format!("it stands at entry {place}, but there are {n}"));
        }
        self.walk = walk;
        self.neighbours = None;
        Ok(())
    }
}
