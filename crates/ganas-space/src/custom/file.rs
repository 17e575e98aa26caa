//! What a description in TOML can say, as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A description.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Spanned<String>,
    pub(super) parameters: Option<Spanned<String>>,
    pub(super) flops: Option<Spanned<String>>,
    /// Further costs, by their names.
    #[serde(default)]
    pub(super) costs: BTreeMap<String, Spanned<String>>,
    /// Costs that are looked up in a CSV file, by their names.
    #[serde(default)]
    pub(super) lookup: BTreeMap<String, Spanned<LookupTable>>,
    #[serde(default)]
    pub(super) constraints: Vec<Spanned<String>>,
    /// The stages of a chain.
    #[serde(default)]
    pub(super) stage: Vec<Spanned<StageTable>>,
    pub(super) cell: Option<Spanned<CellTable>>,
}

/// A cost that is looked up.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookupTable {
    pub(super) file: Spanned<String>,
    /// What is added once, for everything around the layers.
    #[serde(default)]
    pub(super) constant: Option<Spanned<f64>>,
}

/// Layers of the same size.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageTable {
    pub(super) layers: Spanned<usize>,
    #[serde(default)]
    pub(super) optional: Option<Spanned<usize>>,
    #[serde(default)]
    pub(super) sizes: BTreeMap<String, f64>,
    pub(super) choices: BTreeMap<String, Spanned<Vec<Value>>>,
}

/// A value of a factor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged, expecting = "expected a whole number or a text")]
pub(super) enum Value {
    Number(u32),
    Text(String),
}

/// A cell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CellTable {
    /// Without input and output.
    pub(super) nodes: Spanned<usize>,
    pub(super) operations: Spanned<Vec<String>>,
    pub(super) on: Spanned<On>,
    #[serde(default)]
    pub(super) inputs: Option<Spanned<Inputs>>,
    #[serde(default)]
    pub(super) max_edges: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) none: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) sizes: BTreeMap<String, f64>,
}

/// Where the operations of a cell are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum On {
    Vertices,
    Edges,
}

/// How many earlier results a node reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"any\", or how many earlier results each node reads"
)]
pub(super) enum Inputs {
    Exactly(usize),
    Any(Any),
}

/// The word `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Any {
    #[serde(rename = "any")]
    Any,
}
