//! The settings of evolution.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use crate::SearchError;
use crate::config_check::{expect, expect_within};

/// How a child differs from its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    /// It is one of the parent's neighbours, each equally likely.
    Neighbour,
    /// Each decision changes on its own.
    EachDecision,
}

/// The configuration of regularized evolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct EvolutionConfig {
    /// Size of the population: so many random architectures come first, and the latest so many are the population after that
    /// (50 in the example of NAS-Bench-101, 10 in NATS-Bench).
    pub population: usize,
    /// Members of the population of which the best is the parent of the next one (10 in the example of NAS-Bench-101, 3 in
    /// NATS-Bench).
    pub tournament: usize,
    /// Whether a member can be drawn more than once for a tournament (not in NAS-Bench-101, in NATS-Bench it can).
    pub replacement: bool,
    /// How a child differs from its parent: `neighbour` (one random neighbour, as in NATS-Bench) or `each_decision` (each label
    /// and each edge changes on its own, as in NAS-Bench-101).
    pub mutation: Mutation,
    /// `each_decision`: labels that change, in expectation (1 in NAS-Bench-101).
    pub label_changes: f64,
    /// `each_decision`: edges that change, in expectation (each of 21 with probability 1/7 in NAS-Bench-101, so 3).
    pub edge_changes: f64,
}

impl EvolutionConfig {
    /// The settings of the example that was published with NAS-Bench-101 (Ying et al., "NAS-Bench-101: Towards Reproducible
    /// Neural Architecture Search", ICML 2019): `run_evolution_search` and `mutate_spec` in `NASBench.ipynb` of
    /// google-research/nasbench.
    #[must_use]
    pub fn nasbench101() -> Self {
        Self {
            population: 50,
            tournament: 10,
            replacement: false,
            mutation: Mutation::EachDecision,
            label_changes: 1.0,
            edge_changes: 3.0,
        }
    }

    /// The settings of NATS-Bench (Dong et al., "NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size",
    /// TPAMI 2021): `exps/NATS-algos/run-all.sh` and `regularized_ea.py` of D-X-Y/AutoDL-Projects.
    #[must_use]
    pub fn natsbench() -> Self {
        Self {
            population: 10,
            tournament: 3,
            replacement: true,
            mutation: Mutation::Neighbour,
            label_changes: 1.0,
            edge_changes: 1.0,
        }
    }

    /// Checks ranges and combinations.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub fn check(&self) -> Result<(), SearchError> {
        expect_within("population", self.population, 1..=100_000)?;
        expect_within("tournament", self.tournament, 1..=100_000)?;
        expect(
            "tournament",
            self.replacement || self.tournament <= self.population,
            self.tournament,
            "at most the population where members are drawn without replacement",
        )?;
        expect_within("label_changes", self.label_changes, 0.0..=100.0)?;
        expect_within("edge_changes", self.edge_changes, 0.0..=1000.0)?;
        expect(
            "label_changes",
            self.mutation == Mutation::Neighbour || self.label_changes + self.edge_changes > 0.0,
            self.label_changes,
            "above 0 where `edge_changes` is 0, or children are their parents",
        )
    }
}

impl Default for EvolutionConfig {
    /// [`natsbench`](Self::natsbench).
    fn default() -> Self {
        Self::natsbench()
    }
}
