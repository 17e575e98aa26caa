//! Bounds on a cost over all completions of a partial architecture: what masks of hard constraints need.
//!
//! A cost that is a sum over decisions is the length of a path in a decision diagram (Bergman et al., *Decision Diagrams
//! for Optimization*, 2016): its nodes are what is still open after so many decisions, its arcs are actions, and a
//! shortest and a longest path lead from each node to the end.
//! So the bounds are exact, and looking one up costs a step for each decision taken.
//!
//! A space says which partial architectures are the same node, [`Costs::cost_state`](crate::Costs::cost_state); what each arc adds follows
//! from the costs of finished architectures: that of the first completion after the action, less that before it.
//! Along a path these differences telescope to the cost of the architecture at its end.

use std::collections::BTreeMap;

use crate::limits::MAX_BOUND_NODES;
use crate::{Action, Arch, LegalActions, Partial, SearchSpace};

/// The lowest and the highest cost of all completions of a partial architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostRange {
    /// The lowest.
    pub least: f64,
    /// The highest.
    pub most: f64,
}

/// The ranges of one cost for all partial architectures of a space.
#[derive(Clone, Debug)]
pub struct CostBounds {
    /// The cost of the first completion of the empty architecture, to which arcs add.
    start: f64,
    /// The nodes after each number of decisions.
    levels: Vec<Vec<Node>>,
    /// What rounding may change of a sum; 0 when all costs are whole numbers.
    rounding: f64,
}

#[derive(Clone, Debug)]
struct Node {
    /// The legal actions, ascending; none at the end.
    arcs: Vec<Arc>,
    /// What the rest of the decisions adds.
    ahead: CostRange,
}

#[derive(Clone, Copy, Debug)]
struct Arc {
    action: Action,
    adds: f64,
    /// A node of the next level.
    to: usize,
}

impl CostBounds {
    /// Sums of whole numbers up to this one are exact: 2^53.
    const EXACT: f64 = 9_007_199_254_740_992.0;

    /// The bounds of a cost that is a sum over the decisions of a space.
    ///
    /// `None` when costs are no such sums there, when the cost of an architecture on the way is not known or not finite, or
    /// when the diagram needs more than [`MAX_BOUND_NODES`] nodes.
    #[must_use]
    pub fn new(space: &dyn SearchSpace, cost: &dyn Fn(&Arch) -> Option<f64>) -> Option<Self> {
        let start = space.start();
        let costs = space.costs()?;
        costs.cost_state(&start)?;
        let cost = |arch: &Arch| cost(arch).filter(|value| value.is_finite());
        let start_cost = cost(&space.first_completion(&start))?;
        let mut n_nodes = 1;
        let mut levels = Vec::new();
        let mut whole = true;
        let mut largest = 0.0_f64;
        // Of each node one partial architecture, and the cost of its first completion.
        let mut reached = vec![(start, start_cost)];
        while !reached.is_empty() {
            let mut numbers = BTreeMap::new();
            let mut next = Vec::new();
            let mut level = Vec::with_capacity(reached.len());
            for (partial, before) in &reached {
                whole &= before.fract() == 0.0;
                largest = largest.max(before.abs());
                let mut arcs = Vec::new();
                for action in legal_actions(space, partial) {
                    let mut after = partial.clone();
                    space
                        .apply(&mut after, action)
                        .expect("invariant: the action is legal");
                    let cost_after = cost(&space.first_completion(&after))?;
                    whole &= cost_after.fract() == 0.0;
                    largest = largest.max(cost_after.abs());
                    let to = *numbers.entry(costs.cost_state(&after)?).or_insert_with(|| {
                        next.push((after, cost_after));
                        next.len() - 1
                    });
                    arcs.push(Arc {
                        action,
                        adds: cost_after - before,
                        to,
                    });
                }
                level.push(Node {
                    arcs,
                    ahead: CostRange::NOTHING,
                });
            }
            levels.push(level);
            n_nodes += next.len();
            if n_nodes > MAX_BOUND_NODES {
                return None;
            }
            reached = next;
        }
        look_ahead(&mut levels);
        let sums = levels.iter().fold(1.0, |n, _| n + 1.0);
        let rounding = if whole && largest * sums < Self::EXACT {
            0.0
        } else {
            // Each difference and each sum is off by half a unit in the last place at most.
            4.0 * f64::EPSILON * sums * largest
        };
        Some(Self {
            start: start_cost,
            levels,
            rounding,
        })
    }

    /// The range over all architectures of the space.
    #[must_use]
    pub fn of_space(&self) -> CostRange {
        self.widened(self.start, self.levels[0][0].ahead)
    }

    /// The range over all completions of a partial architecture; that of a complete one is its cost.
    ///
    /// Costs that are no whole numbers are sums with rounding errors; the range is wider by more than those can be.
    #[must_use]
    pub fn range(&self, partial: &Partial) -> CostRange {
        let (node, sum) = self.reach(partial);
        self.widened(sum, node.ahead)
    }

    /// The range after each legal action of the next decision, ascending.
    pub fn after(&self, partial: &Partial) -> impl Iterator<Item = (Action, CostRange)> {
        let (node, sum) = self.reach(partial);
        let next = self.levels.get(partial.actions().len() + 1);
        let next = next.map_or(&[][..], Vec::as_slice);
        node.arcs.iter().map(move |arc| {
            let range = self.widened(sum + arc.adds, next[arc.to].ahead);
            (arc.action, range)
        })
    }

    /// By how much a range is wider than what it bounds, at each end.
    pub(crate) fn rounding(&self) -> f64 {
        self.rounding
    }

    /// The node of a partial architecture, and the sum on the way there.
    fn reach(&self, partial: &Partial) -> (&Node, f64) {
        let mut node = &self.levels[0][0];
        let mut sum = self.start;
        for (action, level) in partial.actions().iter().zip(&self.levels[1..]) {
            let arc = node
                .arcs
                .iter()
                .find(|arc| arc.action == *action)
                .expect("invariant: decisions of a partial architecture were legal");
            sum += arc.adds;
            node = &level[arc.to];
        }
        (node, sum)
    }

    fn widened(&self, sum: f64, ahead: CostRange) -> CostRange {
        CostRange {
            least: sum + ahead.least - self.rounding,
            most: sum + ahead.most + self.rounding,
        }
    }
}

impl CostRange {
    const NOTHING: Self = Self {
        least: 0.0,
        most: 0.0,
    };

    const EMPTY: Self = Self {
        least: f64::INFINITY,
        most: f64::NEG_INFINITY,
    };
}

/// Fills in what the rest of the decisions adds, from the last level on.
fn look_ahead(levels: &mut [Vec<Node>]) {
    for l in (0..levels.len().saturating_sub(1)).rev() {
        let (before, after) = levels.split_at_mut(l + 1);
        for node in &mut before[l] {
            node.ahead = node.arcs.iter().fold(CostRange::EMPTY, |range, arc| {
                let ahead = after[0][arc.to].ahead;
                CostRange {
                    least: range.least.min(arc.adds + ahead.least),
                    most: range.most.max(arc.adds + ahead.most),
                }
            });
        }
    }
}

/// Those of the next decision; none at the end.
fn legal_actions(
    space: &dyn SearchSpace,
    partial: &Partial,
) -> impl Iterator<Item = Action> + use<> {
    let decision = space.decision(partial);
    decision
        .map_or(LegalActions(0), |decision| decision.legal)
        .iter()
}
