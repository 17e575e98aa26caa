//! Ensembles of gradient-boosted trees, as XGBoost writes them.
//!
//! Read are the JSON form, and the pickled `Booster` in which surrogates are published: its content is a binary form of
//! its own until version 1.2, then JSON, and UBJSON since version 1.6.

mod binary;
mod json;
mod ubjson;

use std::fmt;

use ganas_formats::pickle::Name;

use super::pickled::PickledBooster;

/// The trees of a booster for regression.
pub(super) struct Booster {
    base_score: f32,
    n_features: usize,
    /// The root of each tree.
    roots: Vec<u32>,
    nodes: Vec<Node>,
}

/// A node of a tree.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Where a feature below the threshold goes, and where any other; the same node for a leaf.
    next: [u32; 2],
    feature: u32,
    /// The threshold, or the value of a leaf.
    value: f32,
}

/// A booster as it stands in the file: columns, one entry for each node.
#[derive(Debug)]
struct Columns {
    left: Vec<i64>,
    right: Vec<i64>,
    features: Vec<i64>,
    values: Vec<f32>,
}

impl Booster {
    /// Reads the JSON form, or a pickled booster; which one it is, is told by the first byte.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        match bytes.first() {
            Some(b'{') => json::read(bytes),
            Some(0x80) => {
                let pickled = PickledBooster::read(bytes, Name::XgboostBooster)?;
                match pickled.content()? {
                    content @ [b'{', b'"', ..] => json::read(content),
                    content @ [b'{', ..] => ubjson::read(content),
                    content => binary::read(content),
                }
            }
            _ => Err("expected XGBoost's JSON or a pickled xgboost.core.Booster".to_owned()),
        }
    }

    /// The number of features that it was fitted on.
    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// The prediction for features, as many as [`Self::n_features`]: sums are single, tree by tree, as in XGBoost.
    pub(super) fn predict(&self, features: &[f32]) -> f32 {
        self.roots.iter().fold(self.base_score, |sum, &root| {
            let mut at = root;
            loop {
                let node = self.nodes[at as usize];
                if node.next[0] == node.next[1] {
                    return sum + node.value;
                }
                let below = features[node.feature as usize] < node.value;
                at = node.next[usize::from(!below)];
            }
        })
    }

    /// Puts trees together; an error says which part of which tree is wrong.
    fn of_trees(
        base_score: f32,
        n_features: usize,
        trees: impl IntoIterator<Item = Columns>,
    ) -> Result<Self, String> {
        if !base_score.is_finite() {
            return Err(format!(
                "the base score is {base_score}; expected a finite number"
            ));
        }
        let (mut roots, mut nodes) = (Vec::new(), Vec::<Node>::new());
        for (t, tree) in trees.into_iter().enumerate() {
            let problem = |what: &str| format!("tree {t}: {what}");
            let first = u32::try_from(nodes.len()).map_err(|_| problem("too many nodes"))?;
            let n = tree.values.len();
            if n == 0 || [tree.left.len(), tree.right.len(), tree.features.len()] != [n; 3] {
                return Err(problem("its columns have different lengths, or none"));
            }
            for v in 0..n {
                let own = first + u32::try_from(v).map_err(|_| problem("too many nodes"))?;
                let child = |child: i64| {
                    let child = usize::try_from(child).ok().filter(|c| *c > v && *c < n);
                    child
                        .and_then(|c| u32::try_from(c).ok())
                        .map(|c| first + c)
                        .ok_or_else(|| problem("a child is not a later node of the tree"))
                };
                // The feature of a leaf means nothing, and is out of range in one that pruning has left behind.
                let (next, feature) = if tree.left[v] == -1 {
                    ([own; 2], 0)
                } else {
                    let feature = u32::try_from(tree.features[v]).ok();
                    let feature = feature.filter(|f| (*f as usize) < n_features);
                    let feature = feature.ok_or_else(|| problem("a feature is out of range"))?;
                    let next = [child(tree.left[v])?, child(tree.right[v])?];
                    if next[0] == next[1] {
                        return Err(problem("both children of a node are the same one"));
                    }
                    (next, feature)
                };
                nodes.push(Node {
                    next,
                    feature,
                    value: tree.values[v],
                });
            }
            roots.push(first);
            check_values(&nodes[first as usize..], first).map_err(|what| problem(&what))?;
        }
        Ok(Self {
            base_score,
            n_features,
            roots,
            nodes,
        })
    }
}

impl fmt::Debug for Booster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Booster")
            .field("n_trees", &self.roots.len())
            .finish_non_exhaustive()
    }
}

/// Refuses leaves and thresholds that are no numbers; what pruning has left behind may be anything.
fn check_values(tree: &[Node], first: u32) -> Result<(), String> {
    let mut is_reached = vec![false; tree.len()];
    is_reached[0] = true;
    // Children come after their parents.
    for (v, node) in tree.iter().enumerate() {
        if !is_reached[v] {
            continue;
        }
        let is_leaf = node.next[0] == node.next[1];
        if node.value.is_nan() || is_leaf && node.value.is_infinite() {
            let value = node.value;
            return Err(format!("node {v}: {value}; expected a finite number"));
        }
        for child in node.next {
            is_reached[(child - first) as usize] = true;
        }
    }
    Ok(())
}

/// Refuses what is not regression with plain trees.
fn check_kind(booster: &str, objective: &str, parallel_trees: &str) -> Result<(), String> {
    if booster != "gbtree" || objective != "reg:squarederror" || parallel_trees != "1" {
        return Err(format!(
            "a booster `{booster}` with objective `{objective}` and {parallel_trees} parallel trees; \
             expected `gbtree`, `reg:squarederror` and 1"
        ));
    }
    Ok(())
}

/// Refuses splits on sets of categories.
fn check_splits(tree: usize, split_types: impl IntoIterator<Item = i64>) -> Result<(), String> {
    if split_types.into_iter().any(|kind| kind != 0) {
        return Err(format!(
            "tree {tree}: splits on sets of categories are not supported"
        ));
    }
    Ok(())
}

/// What predictions begin with: a number, or a list of one since version 3.1.
fn base_score(text: &str) -> Result<f32, String> {
    let one = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    number("base_score", one.unwrap_or(text))
}

/// A number that XGBoost writes as a text.
fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{name}` is `{text}`; expected a number"))
}
