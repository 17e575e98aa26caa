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
) -> Option<Vec<u32>> {
    if space.size() != Some(n_rows as u64) {
        return None;
    }
    let list = space.enumeration()?;
    list.prepare(NonZeroUsize::new(rayon::current_num_threads()).unwrap_or(NonZeroUsize::MIN));
    let index_of = |row| u32::try_from(list.index_of(&space.decode(text(row)).ok()?)?).ok();
    let mut indices = vec![0; n_rows];
    (indices.par_iter_mut().enumerate()).try_for_each(|(row, index)| {
        *index = index_of(row)?;
        Some(())
    })?;
    const NONE: u32 = u32::MAX;
    let mut row_at = vec![NONE; n_rows];
    for (row, index) in (0..).zip(indices) {
        let place = row_at.get_mut(index as usize)?;
        // Two rows with one index: another one is missing.
        if std::mem::replace(place, row) != NONE {
            return None;
        }
    }
    Some(row_at)
}
