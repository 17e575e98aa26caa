//! Ensembles of gradient-boosted trees, as LightGBM writes them: a pickled `Booster`, whose content is its text form.
//!
//! The text has a line `key=value` for each field: those of the model, and then those of each tree after a line
//! `Tree=NUMBER`, up to the line `end of trees`.

use std::collections::BTreeMap;
use std::fmt;

use ganas_formats::pickle::Name;

use super::pickled::PickledBooster;

/// The trees of a booster for regression.
pub(super) struct Booster {
    n_features: usize,
    trees: Vec<Tree>,
}

/// A tree; a child below zero is a leaf, counted from -1 down.
struct Tree {
    splits: Vec<Split>,
    leaves: Vec<f64>,
}

struct Split {
    feature: usize,
    threshold: f64,
    /// Where a feature up to the threshold goes, and where any other.
    next: [i64; 2],
}

type Fields<'a> = BTreeMap<&'a str, &'a str>;

/// Bits of a decision: a split on a set of categories, and zero taken for missing.
const CATEGORICAL: u8 = 1;
const ZERO_IS_MISSING: u8 = 1 << 2;

impl Booster {
    /// Reads a pickled booster.
    ///
    /// A booster that was stopped early knows its best iteration; the trees after it are not used, as in LightGBM.
    pub(super) fn read(pickle: &[u8]) -> Result<Self, String> {
        let pickled = PickledBooster::read(pickle, Name::LightgbmBooster)?;
        let text = std::str::from_utf8(pickled.content()?)
            .map_err(|_| "its text form is not UTF-8".to_owned())?;
        let mut booster = Self::of_text(text)?;
        let best = pickled.number("best_iteration");
        if let Some(best) = best.and_then(|n| usize::try_from(n).ok())
            && best > 0
        {
            booster.trees.truncate(best);
        }
        Ok(booster)
    }

    fn of_text(text: &str) -> Result<Self, String> {
        let (text, _) = text
            .split_once("end of trees")
            .ok_or("its text form has no `end of trees`: it is cut short")?;
        let mut parts = text.split("\nTree=");
        let head = fields(parts.next().unwrap_or_default());
        expect(&head, "num_class", "1")?;
        expect(&head, "num_tree_per_iteration", "1")?;
        expect(&head, "objective", "regression")?;
        if text.lines().any(|line| line == "average_output") {
            return Err("a random forest; expected boosted trees".to_owned());
        }
        let last_feature: usize = numbers(&head, "max_feature_idx", 1)?[0];
        let n_features = last_feature
            .checked_add(1)
            .ok_or("`max_feature_idx` is impossibly large")?;
        let trees = parts.enumerate().map(|(t, part)| {
            tree(&fields(part), n_features).map_err(|problem| format!("tree {t}: {problem}"))
        });
        let trees = trees.collect::<Result<Vec<Tree>, _>>()?;
        // The head lists the size of every tree.
        let listed = head
            .get("tree_sizes")
            .map(|sizes| sizes.split_whitespace().count());
        if listed.is_some_and(|listed| listed != trees.len()) {
            return Err(format!(
                "{} trees, where the head lists {}",
                trees.len(),
                listed.unwrap_or_default()
            ));
        }
        Ok(Self { n_features, trees })
    }

    /// The number of features that it was fitted on.
    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// The prediction for features, as many as [`Self::n_features`], none of them missing.
    pub(super) fn predict(&self, features: &[f64]) -> f64 {
        self.trees.iter().map(|tree| tree.leaf(features)).sum()
    }
}

impl Tree {
    fn leaf(&self, features: &[f64]) -> f64 {
        let mut at = if self.splits.is_empty() { -1 } else { 0 };
        loop {
            let Ok(split) = usize::try_from(at) else {
                let leaf = usize::try_from(-1 - at);
                return self.leaves[leaf.expect("invariant: checked in reading")];
            };
            let split = &self.splits[split];
            let above = features[split.feature] > split.threshold;
            at = split.next[usize::from(above)];
        }
    }
}

fn tree(fields: &Fields<'_>, n_features: usize) -> Result<Tree, String> {
    expect(fields, "num_cat", "0")?;
    if fields.get("is_linear").is_some_and(|value| *value != "0") {
        return Err("linear models in leaves are not supported".to_owned());
    }
    let n_leaves: usize = numbers(fields, "num_leaves", 1)?[0];
    let leaves: Vec<f64> = numbers(fields, "leaf_value", n_leaves)?;
    if let Some(leaf) = leaves.iter().position(|value| !value.is_finite()) {
        return Err(format!(
            "leaf {leaf}: {}; expected a finite number",
            leaves[leaf]
        ));
    }
    let n = n_leaves.checked_sub(1).ok_or("no leaf")?;
    let mut splits = Vec::new();
    if n > 0 {
        let features: Vec<usize> = numbers(fields, "split_feature", n)?;
        let thresholds: Vec<f64> = numbers(fields, "threshold", n)?;
        let kinds: Vec<u8> = numbers(fields, "decision_type", n)?;
        let left: Vec<i64> = numbers(fields, "left_child", n)?;
        let right: Vec<i64> = numbers(fields, "right_child", n)?;
        for s in 0..n {
            let next = [left[s], right[s]];
            // A child is a later split, or one of the leaves.
            let (own, ends) = (
                i64::try_from(s),
                [i64::try_from(n), i64::try_from(n_leaves)],
            );
            let ([Ok(end), Ok(leaves)], Ok(own)) = (ends, own) else {
                return Err("too many splits".to_owned());
            };
            let is_child =
                |child: &i64| (own < *child && *child < end) || (-leaves..0).contains(child);
            if !next.iter().all(is_child) || features[s] >= n_features {
                return Err(format!("split {s}: a child or the feature is out of range"));
            }
            if thresholds[s].is_nan() {
                return Err(format!("split {s}: its threshold is no number"));
            }
            if kinds[s] & (CATEGORICAL | ZERO_IS_MISSING) != 0 {
                return Err(format!(
                    "split {s}: sets of categories, and zeros that are missing, are not supported"
                ));
            }
            splits.push(Split {
                feature: features[s],
                threshold: thresholds[s],
                next,
            });
        }
    }
    Ok(Tree { splits, leaves })
}

fn fields(text: &str) -> Fields<'_> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .collect()
}

fn expect(fields: &Fields<'_>, name: &str, value: &str) -> Result<(), String> {
    match fields.get(name) {
        Some(found) if *found == value => Ok(()),
        Some(found) => Err(format!("`{name}` is `{found}`; expected `{value}`")),
        None => Err(format!("`{name}` is missing")),
    }
}

fn numbers<T: std::str::FromStr>(
    fields: &Fields<'_>,
    name: &str,
    n: usize,
) -> Result<Vec<T>, String> {
    let text = fields.get(name).ok_or(format!("`{name}` is missing"))?;
    let numbers: Option<Vec<T>> = text
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect();
    numbers
        .filter(|numbers| numbers.len() == n)
        .ok_or_else(|| format!("`{name}`: expected {n} numbers"))
}

impl fmt::Debug for Booster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Booster")
            .field("n_trees", &self.trees.len())
            .finish_non_exhaustive()
    }
}
