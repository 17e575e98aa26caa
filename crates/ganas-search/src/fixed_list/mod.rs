//! Fixed lists: architectures in an order that is known before the search, whatever it finds.
//!
//! Controls that every comparison on a table needs: what the largest networks give, and what columns that were measured for
//! another purpose give. They learn nothing, and whoever orders by columns of a table looks up what was measured.

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ganas_eval::{Direction, Property};
use ganas_space::{Arch, SearchSpace};
use rand::seq::SliceRandom;

pub use config::{ByColumnsConfig, ByParametersConfig};

use crate::ledger::Ledger;
use crate::method::Method;
use crate::streams::Purpose;
use crate::unseen::{LISTABLE, remaining};
use crate::{Proposal, SearchError};

/// A property by which architectures are ordered.
#[derive(Clone, Debug)]
pub struct PropertyOrder {
    /// The property.
    pub property: Arc<dyn Property>,
    /// Which values come first: the large ones to maximize.
    pub direction: Direction,
}

/// All classes of a space, in the order of the mean of their ranks by some properties; what is equal comes in random order.
#[derive(Debug)]
pub struct FixedList {
    name: &'static str,
    orders: Vec<PropertyOrder>,
    /// The list, once it is needed.
    list: Option<Vec<Arch>>,
    /// How many of it were proposed or passed over.
    passed: usize,
}

impl FixedList {
    /// The name of the order by the number of parameters.
    pub const BY_PARAMETERS: &'static str = "by-parameters";

    /// The name of the order by columns of tables.
    pub const BY_COLUMNS: &'static str = "by-columns";

    /// The largest number of proposals of one ask.
    pub const PER_ASK: usize = 10;

    /// The list of a space, by one property or several.
    ///
    /// # Errors
    ///
    /// [`SearchError::NotListed`] when the space cannot be listed, [`SearchError::NoOrder`] when there is no property.
    pub fn new(
        name: &'static str,
        space: &dyn SearchSpace,
        orders: Vec<PropertyOrder>,
    ) -> Result<Self, SearchError> {
        if orders.is_empty() {
            return Err(SearchError::NoOrder { searcher: name });
        }
        if space.enumeration().is_none() || space.size().is_none_or(|n| n > LISTABLE) {
            return Err(SearchError::NotListed {
                searcher: name,
                space: space.name().to_owned(),
                most: LISTABLE,
            });
        }
        Ok(Self {
            name,
            orders,
            list: None,
            passed: 0,
        })
    }

    /// All classes, the first of them first.
    fn ordered(&self, ledger: &Ledger) -> Vec<Arch> {
        let mut all: Vec<Arch> = remaining(&**ledger.space(), &std::collections::BTreeSet::new())
            .into_iter()
            .map(|Proposal { arch, .. }| arch)
            .collect();
        all.shuffle(&mut ledger.streams().get(Purpose::Ties, 0, 0, 0));
        let mut sums = vec![0.0; all.len()];
        for PropertyOrder {
            property,
            direction,
        } in &self.orders
        {
            let gain = |arch| property.value(arch).map(|value| direction.gain(value));
            let gains: Vec<Option<f64>> = all.iter().map(gain).collect();
            for (sum, rank) in sums.iter_mut().zip(ranks(&gains)) {
                *sum += rank;
            }
        }
        let mut order: Vec<usize> = (0..all.len()).collect();
        // Stable, so that what is equal keeps its random order.
        order.sort_by(|&a, &b| sums[a].total_cmp(&sums[b]));
        order.into_iter().map(|at| all[at].clone()).collect()
    }
}

/// The rank of each value, 1 for the largest; equal values have the mean of their ranks, and what is not known ranks last.
fn ranks(values: &[Option<f64>]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let known = |at: usize| values[at].filter(|value| !value.is_nan());
    let compare = |a: usize, b: usize| match (known(a), known(b)) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    order.sort_by(|&a, &b| compare(a, b));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0.0;
    for equal in order.chunk_by(|&a, &b| compare(a, b).is_eq()) {
        let n = equal.iter().fold(0.0, |n, _| n + 1.0);
        for &at in equal {
            ranks[at] = before + 0.5 * (n + 1.0);
        }
        before += n;
    }
    ranks
}

impl Method for FixedList {
    /// The list follows from the space and the seed, and what was proposed is known.
    type State = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn propose(&mut self, ledger: &mut Ledger, limit: usize) -> Result<(), SearchError> {
        let list = match self.list.take() {
            Some(list) => list,
            None => self.ordered(ledger),
        };
        let mut left = limit.min(Self::PER_ASK);
        while left > 0
            && let Some(next) = list.get(self.passed)
        {
            self.passed += 1;
            left -= usize::from(ledger.propose(next));
        }
        self.list = Some(list);
        Ok(())
    }

    fn state(&self) -> Result<(), SearchError> {
        Ok(())
    }

    fn set_state(&mut self, (): (), _: &Ledger) -> Result<(), String> {
        self.passed = 0;
        Ok(())
    }
}
