//! The rank of an architecture: how many classes are better.

use std::cmp::Ordering;

use ganas_space::ArchKey;

use super::class_value::Answer;
use super::open::{Column, Row, Table};

/// The place of a row among all classes of a table under one metric.
///
/// A class counts once, with the value that its queries return; the value in question counts for its own class. Only an
/// exhaustive table makes this the rank in the space.
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
        self.rank_among_others(column, self.key(row), self.value(column, row)?)
    }

    /// The rank of what answers a query; `None` when it has no value of the metric, or when it is not known which values are
    /// better.
    ///
    /// # Panics
    ///
    /// When the column or the answer is not one of this table.
    #[must_use]
    pub fn rank_of_answer(&self, column: Column, answer: &Answer) -> Option<Rank> {
        let value = self.answer_value(column, answer)?;
        self.rank_among_others(column, self.key(answer.row), value)
    }

    /// The rank of a value of a class among all other classes.
    fn rank_among_others(&self, column: Column, own: ArchKey, value: f64) -> Option<Rank> {
        let direction = self.meaning(column).direction?;
        let (mut better, mut equal, mut worse) = (0usize, 0usize, 0usize);
        for other in self.class_answers() {
            if self.key(other.row) == own {
                continue;
            }
            let Some(other) = self.answer_value(column, &other) else {
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
