//! Chains that compute the same function: an absent layer may stand anywhere among those of its stage that can be
//! absent, and the canonical form has it at the end.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::seq::{IteratorRandom, index};
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
pub(super) fn forms(stage: &Stage, absent: Option<OpId>, labels: &[OpId]) -> Vec<Vec<OpId>> {
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

/// The number of an architecture in the order of its layers' choices, the last layer fastest; `None` when 128 bits do not
/// hold it.
pub(super) fn number(description: &Description, labels: &[OpId]) -> Option<u128> {
    let digits = description.layers().zip(labels).map(|(set, label)| {
        let digit = (set & ((1 << label.0) - 1)).count_ones();
        (set.count_ones(), digit)
    });
    of_digits(digits)
}

/// The number of the last architecture of layers with these sets of choices; `None` when 128 bits do not hold it.
pub(crate) fn largest_number(layers: impl IntoIterator<Item = u64>) -> Option<u128> {
    of_digits(layers.into_iter().map(|set| {
        let radix = set.count_ones();
        (radix, radix - 1)
    }))
}

/// The number with these digits, each with its radix, the last one fastest.
fn of_digits(digits: impl IntoIterator<Item = (u32, u32)>) -> Option<u128> {
    digits
        .into_iter()
        .try_fold(0_u128, |number, (radix, digit)| {
            number.checked_mul(radix.into())?.checked_add(digit.into())
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

/// The number of sequences of choices of a stage, when 128 bits hold it.
pub(super) fn count(stage: &Stage, absent: Option<OpId>) -> Option<u128> {
    let mut sizes = sizes(stage, absent);
    if stage.absence == Absence::Anywhere {
        return sizes.try_fold(1_u128, |count, (n, _)| count.checked_mul(n.into()));
    }
    // Those that end before a layer, and those that have all layers so far.
    let (ended, all) = sizes.try_fold((0_u128, 1_u128), |(ended, all), (n, holds_absent)| {
        if holds_absent {
            Some((ended.checked_add(all)?, all.checked_mul((n - 1).into())?))
        } else {
            Some((ended, all.checked_mul(n.into())?))
        }
    })?;
    ended.checked_add(all)
}

/// Of each layer of a stage the number of its choices, and whether being absent is one of them.
fn sizes(stage: &Stage, absent: Option<OpId>) -> impl DoubleEndedIterator<Item = (u32, bool)> {
    stage.layers.iter().map(move |set| {
        let holds_absent = absent.is_some_and(|absent| set >> absent.0 & 1 == 1);
        (set.count_ones(), holds_absent)
    })
}

/// So many draws of all labels of a stage may be thrown away for one that is kept.
const MAX_DRAWS: f64 = 10_000.0;

/// A stage, uniformly among all whose absent layers are at the end: first how many layers are present, then their labels.
///
/// `None` where a draw of all labels has its absent layers at the end in one of [`MAX_DRAWS`] cases or more often, or
/// where they may stand anywhere.
pub(super) fn drawn_by_depth(
    stage: &Stage,
    absent: Option<OpId>,
    rng: &mut dyn Rng,
) -> Option<Vec<OpId>> {
    let absent = absent.filter(|_| stage.absence == Absence::AtEnd)?;
    // From each layer on, the number of sequences over that of those that are absent from there on.
    let mut ratios = Vec::new();
    let mut ratio = 1.0;
    let mut draws = 1.0;
    for (n, holds_absent) in sizes(stage, Some(absent)).rev() {
        if holds_absent {
            ratio = 1.0 + f64::from(n - 1) * ratio;
            draws *= f64::from(n);
        } else {
            ratio *= f64::from(n);
            draws *= f64::from(n);
        }
        ratios.push(ratio);
    }
    if draws / ratio < MAX_DRAWS {
        return None;
    }
    ratios.reverse();
    let mut labels = Vec::with_capacity(stage.layers.len());
    for (set, ratio) in stage.layers.iter().zip(ratios) {
        let holds_absent = set >> absent.0 & 1 == 1;
        if holds_absent && rng.random::<f64>() * ratio < 1.0 {
            break;
        }
        let present = set & !(1 << absent.0);
        let choice = bits(present).choose(rng);
        labels.push(label(choice.expect("invariant: a layer can be present")));
    }
    labels.resize(stage.layers.len(), absent);
    Some(labels)
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
