//! The settings of BANANAS.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use crate::SearchError;
use crate::config_check::{expect, expect_within};

/// What the networks see of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Which sequences of operations lead from input to output.
    Path,
    /// Each decision that builds it, one-hot.
    Decisions,
}

/// The configuration of BANANAS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct BananasConfig {
    /// Random architectures that are evaluated first (10 in naszilla).
    pub initial: usize,
    /// Architectures that are evaluated before the networks are trained anew (10 in naszilla).
    pub batch: usize,
    /// What the networks see: `path` (which sequences of operations lead from input to output, in spaces of cells of at most ten
    /// vertices, in others as with `decisions`) or `decisions` (each decision, one-hot).
    pub encoding: Encoding,
    /// `path`: operations of the longest path that is seen (3 are the 40 paths of naszilla on NAS-Bench-101).
    pub longest_path: usize,
    /// Networks in the ensemble (5 in naszilla).
    pub ensemble: usize,
    /// Hidden layers of a network (10 in naszilla).
    pub layers: usize,
    /// Width of a hidden layer (20 in naszilla).
    pub width: usize,
    /// Passes over all values when a network is trained (150 in naszilla).
    pub epochs: usize,
    /// Values in a minibatch (32 in naszilla).
    pub minibatch: usize,
    /// Learning rate of Adam (0.01 in naszilla).
    pub learning_rate: f64,
    /// Mutations to choose from; as many are made of the best architecture, then of the next, until so many are unseen (100 in
    /// naszilla).
    pub candidates: usize,
    /// The best architectures that are mutated, at most (5 in naszilla).
    pub parents: usize,
    /// Labels that a mutation changes, in expectation (1 in naszilla on NAS-Bench-101, 1.5 on NAS-Bench-201).
    pub label_changes: f64,
    /// Edges that a mutation changes, in expectation (1 in naszilla on NAS-Bench-101).
    pub edge_changes: f64,
}

impl BananasConfig {
    /// The settings of naszilla: `bananas` in `naszilla/nas_algorithms.py`, `meta_neuralnet_params` in `naszilla/params.py`.
    #[must_use]
    pub fn naszilla() -> Self {
        Self {
            initial: 10,
            batch: 10,
            encoding: Encoding::Path,
            longest_path: 3,
            ensemble: 5,
            layers: 10,
            width: 20,
            epochs: 150,
            minibatch: 32,
            learning_rate: 0.01,
            candidates: 100,
            parents: 5,
            label_changes: 1.0,
            edge_changes: 1.0,
        }
    }

    /// The same with shallower networks that are trained for a shorter time, for comparisons with many seeds.
    #[must_use]
    pub fn light() -> Self {
        Self {
            layers: 3,
            epochs: 50,
            ..Self::naszilla()
        }
    }

    /// Checks ranges.
    ///
    /// # Errors
    ///
    /// [`SearchError::BadConfig`], naming the field and what was expected.
    pub fn check(&self) -> Result<(), SearchError> {
        for (field, value) in [
            ("initial", self.initial),
            ("batch", self.batch),
            ("ensemble", self.ensemble),
            ("epochs", self.epochs),
            ("minibatch", self.minibatch),
            ("candidates", self.candidates),
            ("parents", self.parents),
        ] {
            expect_within(field, value, 1..=100_000)?;
        }
        expect_within("longest_path", self.longest_path, 1..=5)?;
        expect_within("layers", self.layers, 1..=100)?;
        expect_within("width", self.width, 1..=10_000)?;
        let rate = self.learning_rate;
        let holds = rate > 0.0 && rate <= 1.0;
        expect("learning_rate", holds, rate, "above 0, at most 1")?;
        expect_within("label_changes", self.label_changes, 0.0..=100.0)?;
        expect_within("edge_changes", self.edge_changes, 0.0..=1000.0)?;
        expect(
            "label_changes",
            self.label_changes + self.edge_changes > 0.0,
            self.label_changes,
            "above 0 where `edge_changes` is 0, or nothing is mutated",
        )
    }
}

impl Default for BananasConfig {
    /// [`light`](Self::light).
    fn default() -> Self {
        Self::light()
    }
}
