//! What a description in TOML can say, as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A description.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) name: Spanned<String>,
    pub(crate) parameters: Option<Spanned<String>>,
    pub(crate) flops: Option<Spanned<String>>,
    /// Further costs, by their names.
    #[serde(default)]
    pub(crate) costs: BTreeMap<String, Spanned<String>>,
    /// Costs that are looked up in a CSV file, by their names.
    #[serde(default)]
    pub(crate) lookup: BTreeMap<String, Spanned<LookupTable>>,
    #[serde(default)]
    pub(crate) constraints: Vec<Spanned<String>>,
    /// The stages of a chain.
    #[serde(default)]
    pub(crate) stage: Vec<Spanned<StageTable>>,
    pub(crate) cell: Option<Spanned<CellTable>>,
}

/// A cost that is looked up.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupTable {
    pub(crate) file: Spanned<String>,
    /// What is added once, for everything around the layers.
    #[serde(default)]
    pub(crate) constant: Option<Spanned<f64>>,
}

/// Layers of the same size.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageTable {
    pub(crate) layers: Spanned<usize>,
    #[serde(default)]
    pub(crate) optional: Option<Spanned<usize>>,
    #[serde(default)]
    pub(crate) sizes: BTreeMap<String, f64>,
    pub(crate) choices: BTreeMap<String, Spanned<Vec<Value>>>,
}

/// A value of a factor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged, expecting = "expected a whole number or a text")]
pub(crate) enum Value {
    Number(u32),
    Text(String),
}

/// A cell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CellTable {
    /// Without input and output.
    pub(crate) nodes: Spanned<usize>,
    pub(crate) operations: Spanned<Vec<String>>,
    pub(crate) on: Spanned<On>,
    #[serde(default)]
    pub(crate) inputs: Option<Spanned<Inputs>>,
    #[serde(default)]
    pub(crate) max_edges: Option<Spanned<u32>>,
    #[serde(default)]
    pub(crate) none: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) sizes: BTreeMap<String, f64>,
}

/// Where the operations of a cell are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum On {
    Vertices,
    Edges,
}

/// How many earlier results a node reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"any\", or how many earlier results each node reads"
)]
pub(crate) enum Inputs {
    Exactly(usize),
    Any(Any),
}

/// The word `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Any {
    #[serde(rename = "any")]
    Any,
}
