//! How much of a space a table has.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use ganas_space::{ArchKey, SearchSpace};
use serde::Serialize;

use super::manifest::{Manifest, RowOrder};
use super::open::Table;

/// The largest space whose classes are counted.
const LISTABLE: u64 = 1_000_000;

/// How much of a space, or of what constraints leave of it, a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The classes of the table, without those that constraints rule out.
    pub classes: u64,
    /// The classes of the space that constraints admit; none when they cannot be counted.
    pub of_classes: Option<u64>,
    /// The rows of the table.
    pub rows: u64,
    /// The architectures of the space as text; none when their number is not known, or not what constraints leave.
    pub of_rows: Option<u64>,
    /// Whether every class that is admitted is in the table.
    pub is_complete: bool,
}

impl Coverage {
    /// That of the space as a whole, as the manifest has it; the space is asked when it has not.
    #[must_use]
    pub fn of_space(table: &Table, space: &dyn SearchSpace) -> Self {
        let manifest = table.manifest();
        let known = Self::of_manifest(manifest);
        if known.is_complete || known.of_classes.is_some() {
            return known;
        }
        Self::of_manifest(&Manifest {
            space_classes: n_classes(space),
            space_size: space.size(),
            ..manifest.clone()
        })
    }

    /// That of the space as a whole, as far as the manifest has it.
    #[must_use]
    pub fn of_manifest(manifest: &Manifest) -> Self {
        let is_whole = manifest.row_order == RowOrder::PublishedIndex;
        let (classes, rows) = (manifest.n_classes.into(), manifest.n_rows.into());
        let of_classes = if is_whole {
            Some(classes)
        } else {
            manifest.space_classes
        };
        let of_rows = if is_whole {
            Some(rows)
        } else {
            manifest.space_size
        };
        Self {
            classes,
            of_classes,
            rows,
            of_rows,
            is_complete: of_classes == Some(classes) || of_rows == Some(rows),
        }
    }

    /// That of what constraints leave of a space, `constrained`.
    #[must_use]
    pub fn under_constraints(
        table: &Table,
        space: &dyn SearchSpace,
        constrained: &dyn SearchSpace,
    ) -> Self {
        let whole = Self::of_space(table, space);
        if whole.is_complete || constrained.constraints().is_none() {
            return whole;
        }
        let Some(admitted) = classes(constrained) else {
            return whole;
        };
        let present = admitted.iter().filter(|&&key| table.row_of(key).is_some());
        let (classes, of_classes) = (present.count() as u64, admitted.len() as u64);
        Self {
            classes,
            of_classes: Some(of_classes),
            of_rows: None,
            is_complete: classes == of_classes,
            ..whole
        }
    }

    /// In words: `300 of 15,625 architectures, 290 of 8,765 classes`.
    #[must_use]
    pub fn describe(&self) -> String {
        let rows = match self.of_rows {
            Some(all) => format!("{} of {} architectures, ", grouped(self.rows), grouped(all)),
            None => String::new(),
        };
        let classes = match self.of_classes {
            Some(all) => format!("{} of {} classes", grouped(self.classes), grouped(all)),
            None => format!("{} of an unknown number of classes", grouped(self.classes)),
        };
        format!("{rows}{classes}")
    }
}

/// The number of classes of a space; none when there are too many to count.
pub(crate) fn n_classes(space: &dyn SearchSpace) -> Option<u64> {
    Some(classes(space)?.len() as u64)
}

fn classes(space: &dyn SearchSpace) -> Option<BTreeSet<ArchKey>> {
    if space.size().is_none_or(|size| size > LISTABLE) {
        return None;
    }
    let list = space.enumeration()?;
    list.prepare(NonZeroUsize::new(rayon::current_num_threads()).unwrap_or(NonZeroUsize::MIN));
    Some(list.keys().collect())
}

/// A number with commas between thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (15_625, "15,625"),
            (104_485_552_128, "104,485,552,128"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
