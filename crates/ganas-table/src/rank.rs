//! The rank of an architecture: how many classes are better.

use std::cmp::Ordering;

use super::open::{Column, Row, Table};

/// The place of a row among all classes of a table under one metric.
///
/// A class counts once, with the row that answers its queries; the row in question counts for its own class. Only an exhaustive table makes this the rank in the space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    /// 1 for the best. Equal values share the mean of the places that they take together, as is usual in statistics.
    pub position: f64,
    /// Classes with a value.
    pub of: usize,
    /// How many percent of the other classes are worse, ties counted half: 100 for the best alone.
    pub percentile: f64,
}

impl Table {
    /// The rank of a row; `None` when it has no value of the metric, or when it is not known which values are better.
    ///
    /// # Panics
    ///
    /// When the column or the row is not one of this table.
    #[must_use]
    pub fn rank(&self, column: Column, row: Row) -> Option<Rank> {
        let value = self.value(column, row)?;
        let direction = self.meaning(column).direction?;
        let own = self.key(row);
        let (mut better, mut equal, mut worse) = (0usize, 0usize, 0usize);
        for other in self.class_rows().filter(|&other| self.key(other) != own) {
            let Some(other) = self.value(column, other) else {
                continue;
            };
            match direction.compare(other, value) {
                Ordering::Greater => better += 1,
                Ordering::Equal => equal += 1,
                Ordering::Less => worse += 1,
            }
        }
        let others = better + equal + worse;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a table has fewer than 2^53 classes"
        )]
        let [better, equal, n_others] = [better, equal, others].map(|n| n as f64);
        Some(Rank {
            position: better + equal / 2.0 + 1.0,
            of: others + 1,
            percentile: if others == 0 {
                100.0
            } else {
                100.0 * (n_others - better - equal / 2.0) / n_others
            },
        })
    }
}
