//! Chains that compute the same function: an absent layer may stand anywhere among those of its stage that can be
//! absent, and the canonical form has it at the end.

use std::collections::BTreeSet;

use rand::seq::index;
use rand_core::Rng;

use crate::OpId;
use crate::vertex_set::bits;

use super::description::{Absence, Description, Stage, label};

/// Whether the labels are a stage: each is a choice of its layer, and none follows an absent one that must be at the
/// end.
pub(super) fn is_stage(stage: &Stage, absent: Option<OpId>, labels: &[OpId]) -> bool {
    let known = stage
        .layers
        .iter()
        .zip(labels)
        .all(|(set, label)| set >> label.0 & 1 == 1);
    let ordered = stage.absence == Absence::Anywhere
        || !labels
            .windows(2)
            .any(|pair| Some(pair[0]) == absent && Some(pair[1]) != absent);
    known && ordered
}

/// The canonical form of a stage.
pub(super) fn canonical(stage: &Stage, absent: Option<OpId>, labels: &[OpId]) -> Vec<OpId> {
    placed(stage, absent, labels, |_, n_present| {
        (0..n_present).collect()
    })
}

/// The stage with its absent layers in random places, all equally likely.
pub(super) fn relabelled(
    stage: &Stage,
    absent: Option<OpId>,
    labels: &[OpId],
    rng: &mut dyn Rng,
) -> Vec<OpId> {
    placed(stage, absent, labels, |n_movable, n_present| {
        let mut places = index::sample(rng, n_movable, n_present).into_vec();
        places.sort_unstable();
        places
    })
}

/// All forms of a stage.
fn forms(stage: &Stage, absent: Option<OpId>, labels: &[OpId]) -> Vec<Vec<OpId>> {
    let n = movable(stage, absent).len();
    if n == 0 {
        return vec![labels.to_vec()];
    }
    let mut all = BTreeSet::new();
    for subset in 0..1_u64 << n {
        let places: Vec<usize> = bits(subset).collect();
        let mut fits = false;
        let form = placed(stage, absent, labels, |_, n_present| {
            fits = places.len() == n_present;
            if fits {
                places.clone()
            } else {
                (0..n_present).collect()
            }
        });
        if fits {
            all.insert(form);
        }
    }
    all.into_iter().collect()
}

/// The canonical forms of the stages one change of a layer away, ascending; the stage's own is not among them.
pub(super) fn neighbours(
    stage: &Stage,
    absent: Option<OpId>,
    labels: &[OpId],
) -> BTreeSet<Vec<OpId>> {
    let mut found = BTreeSet::new();
    for form in forms(stage, absent, labels) {
        for (l, &set) in stage.layers.iter().enumerate() {
            for choice in bits(set) {
                let mut changed = form.clone();
                changed[l] = label(choice);
                if is_stage(stage, absent, &changed) {
                    found.insert(canonical(stage, absent, &changed));
                }
            }
        }
    }
    found.remove(&canonical(stage, absent, labels));
    found
}

/// The number of an architecture in the order of its layers' choices, the last layer fastest.
pub(super) fn number(description: &Description, labels: &[OpId]) -> u128 {
    description
        .layers()
        .zip(labels)
        .fold(0, |number, (set, label)| {
            let digit = (set & ((1 << label.0) - 1)).count_ones();
            number * u128::from(set.count_ones()) + u128::from(digit)
        })
}

/// The labels with this number.
pub(super) fn of_number(description: &Description, mut number: u128) -> Vec<OpId> {
    let layers: Vec<u64> = description.layers().collect();
    let mut labels: Vec<OpId> = layers
        .iter()
        .rev()
        .map(|set| {
            let radix = u128::from(set.count_ones());
            let digit =
                usize::try_from(number % radix).expect("invariant: a layer has few choices");
            number /= radix;
            label(
                bits(*set)
                    .nth(digit)
                    .expect("invariant: the digit is below the number of choices"),
            )
        })
        .collect();
    labels.reverse();
    labels
}

/// The number of sequences of choices of a stage.
pub(super) fn count(stage: &Stage, absent: Option<OpId>) -> u128 {
    let sizes = stage.layers.iter().map(|set| {
        let holds_absent = absent.is_some_and(|absent| set >> absent.0 & 1 == 1);
        (u128::from(set.count_ones()), holds_absent)
    });
    if stage.absence == Absence::Anywhere {
        return sizes.map(|(n, _)| n).product();
    }
    // Those that end before a layer, and those that have all layers so far.
    let (ended, all) = sizes.fold((0, 1), |(ended, all), (n, holds_absent)| {
        if holds_absent {
            (ended + all, all * (n - 1))
        } else {
            (ended, all * n)
        }
    });
    ended + all
}

/// The layers that can be absent and moved.
fn movable(stage: &Stage, absent: Option<OpId>) -> Vec<usize> {
    let can_be_absent = |set: &u64| absent.is_some_and(|absent| set >> absent.0 & 1 == 1);
    match stage.absence {
        Absence::AtEnd => Vec::new(),
        Absence::Anywhere => (0..stage.layers.len())
            .filter(|l| can_be_absent(&stage.layers[*l]))
            .collect(),
    }
}

/// The stage with the present ones of its movable layers at the places among them that are chosen by their numbers.
fn placed(
    stage: &Stage,
    absent: Option<OpId>,
    labels: &[OpId],
    choose: impl FnOnce(usize, usize) -> Vec<usize>,
) -> Vec<OpId> {
    let movable = movable(stage, absent);
    let Some(absent) = absent.filter(|_| !movable.is_empty()) else {
        return labels.to_vec();
    };
    let present: Vec<OpId> = movable
        .iter()
        .map(|l| labels[*l])
        .filter(|label| *label != absent)
        .collect();
    let mut placed = labels.to_vec();
    for l in &movable {
        placed[*l] = absent;
    }
    for (place, label) in choose(movable.len(), present.len())
        .into_iter()
        .zip(present)
    {
        placed[movable[place]] = label;
    }
    placed
}
