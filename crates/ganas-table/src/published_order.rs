//! The official order of a table that holds a whole space.

use std::num::NonZeroUsize;

use ganas_space::SearchSpace;
use rayon::prelude::*;

/// The rows in the order of their official indices, when they are exactly those of the whole space.
///
/// Indices are asked for only when there are as many rows as the space has: they may be costly.
pub(crate) fn published_order<'t>(
    space: &dyn SearchSpace,
    n_rows: usize,
    text: impl Fn(usize) -> &'t str + Sync,
) -> Option<Vec<usize>> {
    if space.size() != Some(n_rows as u64) {
        return None;
    }
    let list = space.enumeration()?;
    list.prepare(NonZeroUsize::new(rayon::current_num_threads()).unwrap_or(NonZeroUsize::MIN));
    let indices: Vec<Option<u64>> = (0..n_rows)
        .into_par_iter()
        .map(|row| list.index_of(&space.decode(text(row)).ok()?))
        .collect();
    let mut row_at = vec![None; n_rows];
    for (row, index) in indices.into_iter().enumerate() {
        let place = row_at.get_mut(usize::try_from(index?).ok()?)?;
        // Two rows with one index: another one is missing.
        if place.replace(row).is_some() {
            return None;
        }
    }
    row_at.into_iter().collect()
}
