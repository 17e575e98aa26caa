//! How much of a metric is the architecture, and how much is the seed.
//!
//! A table in which every architecture was trained several times tells both apart. Over all rows with a value for each
//! of `k` seeds, with the mean squares between and within rows of a one-way analysis of variance:
//!
//! - *Spearman*: the rank correlation of two seeds, averaged over all pairs.
//! - *share*: `(between - within) / (between + (k - 1) within)`, the part of the variance of a single training that
//!   the architecture explains; also known as the intraclass correlation ICC(1).

use crate::TableError;

use super::manifest::Run;
use super::open::{Column, Row, Table};

/// Spread and noise of a metric that was measured with several seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// The metric, without its seed.
    pub metric: String,
    /// Seeds, at least 2.
    pub seeds: usize,
    /// Rows with a value for every seed.
    pub rows: usize,
    /// The lowest, the median and the highest mean of a row.
    pub means: [f64; 3],
    /// The standard deviation of one training around the mean of its row, over all rows.
    pub deviation: f64,
    /// The mean rank correlation of two seeds; none where a seed has the same value everywhere.
    pub spearman: Option<f64>,
    /// The share of the variance that the architecture explains; none where all values are equal.
    pub share: Option<f64>,
}

impl Table {
    /// Spread and noise of each metric that has several seeds (or repeats), in the order of the columns.
    ///
    /// Metrics with fewer than 2 complete rows are left out.
    ///
    /// # Errors
    ///
    /// Which column is damaged.
    pub fn noise(&self) -> Result<Vec<Noise>, TableError> {
        let mut metrics: Vec<(String, Vec<Column>)> = Vec::new();
        for column in self.columns()? {
            let info = self.info(column);
            let Some(run @ (Run::Seed(_) | Run::Repeat(_))) = info.run else {
                continue;
            };
            let name = without(&info.name, run);
            match metrics.iter_mut().find(|(known, _)| *known == name) {
                Some((_, columns)) => columns.push(column),
                None => metrics.push((name, vec![column])),
            }
        }
        let noises = metrics
            .into_iter()
            .filter(|(_, columns)| columns.len() > 1)
            .filter_map(|(metric, columns)| {
                let values: Vec<Vec<f64>> = self
                    .rows()
                    .filter_map(|row| self.all(&columns, row))
                    .collect();
                noise(metric, &values)
            });
        Ok(noises.collect())
    }

    /// The values of a row, when there are all of them.
    fn all(&self, columns: &[Column], row: Row) -> Option<Vec<f64>> {
        columns
            .iter()
            .map(|&column| self.value(column, row))
            .collect()
    }
}

/// `valid_seed0` without the seed.
fn without(name: &str, run: Run) -> String {
    let run = run.to_string();
    let parts: Vec<&str> = name.split('_').filter(|part| *part != run).collect();
    parts.join("_")
}

/// The noise of rows of values, one for each seed, all of one length.
#[expect(
    clippy::cast_precision_loss,
    reason = "a table has fewer than 2^53 values"
)]
fn noise(metric: String, rows: &[Vec<f64>]) -> Option<Noise> {
    let seeds = rows.first()?.len();
    if rows.len() < 2 {
        return None;
    }
    let [n, k] = [rows.len(), seeds].map(|count| count as f64);
    let means: Vec<f64> = rows.iter().map(|row| row.iter().sum::<f64>() / k).collect();
    let grand = means.iter().sum::<f64>() / n;
    let between = means.iter().map(|mean| (mean - grand).powi(2)).sum::<f64>() * k / (n - 1.0);
    let deviations = rows.iter().zip(&means);
    let within = deviations
        .flat_map(|(row, mean)| row.iter().map(move |value| (value - mean).powi(2)))
        .sum::<f64>()
        / (n * (k - 1.0));
    let columns: Vec<Vec<f64>> = (0..seeds)
        .map(|seed| ranks(&rows.iter().map(|row| row[seed]).collect::<Vec<f64>>()))
        .collect();
    let pairs: Option<Vec<f64>> = (0..seeds)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .map(|(a, b)| correlation(&columns[a], &columns[b]))
        .collect();
    let mut sorted = means;
    sorted.sort_by(f64::total_cmp);
    let total = between + (k - 1.0) * within;
    Some(Noise {
        metric,
        seeds,
        rows: rows.len(),
        means: [0, sorted.len() / 2, sorted.len() - 1].map(|place| sorted[place]),
        deviation: within.sqrt(),
        spearman: pairs.map(|pairs| pairs.iter().sum::<f64>() / pairs.len() as f64),
        share: (total > 0.0).then(|| (between - within) / total),
    })
}

/// The places of values in ascending order; equal ones share the mean of theirs.
#[expect(
    clippy::cast_precision_loss,
    reason = "a table has fewer than 2^53 rows"
)]
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&a, &b| values[a].total_cmp(&values[b]).is_eq()) {
        let mean = first as f64 + (equal.len() - 1) as f64 / 2.0;
        for &place in equal {
            ranks[place] = mean;
        }
        first += equal.len();
    }
    ranks
}

/// Pearson's correlation; none where one side does not vary.
#[expect(
    clippy::cast_precision_loss,
    reason = "a table has fewer than 2^53 rows"
)]
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a).powi(2);
        bb += (b - mean_b).powi(2);
    }
    let product = aa * bb;
    (product > 0.0).then(|| ab / product.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[[f64; 2]], spearman: Option<f64>, share: Option<f64>) {
        let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.to_vec()).collect();
        let found = noise("m".to_owned(), &rows).unwrap();
        let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            (a, b) => a == b,
        };
        assert!(close(found.spearman, spearman), "{found:?}");
        assert!(close(found.share, share), "{found:?}");
    }

    #[test]
    fn seeds_that_agree_explain_everything() {
        check(&[[1.0, 1.0], [2.0, 2.0], [5.0, 5.0]], Some(1.0), Some(1.0));
    }

    #[test]
    fn hand_computed_values() {
        // Means 1, 2, 4.5; between 2 * (2.25 + 0.25 + 4) / 2 = 6.5; within (0.5 + 0 + 0.5) / 3 = 1/3 (2 * 0.25 each).
        let rows = [[0.5, 1.5], [2.0, 2.0], [5.0, 4.0]];
        let within = 1.0 / 3.0;
        check(&rows, Some(1.0), Some((6.5 - within) / (6.5 + within)));
        // Ranks 0, 1, 2 against 1, 0, 2. Means 1.5, 1.5, 3; between 2 * 1.5 / 2 = 1.5; within 2 * 0.5 / 3 = 1/3.
        let rows = [[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]];
        check(&rows, Some(0.5), Some(7.0 / 11.0));
        // Ties: ranks 0.5, 0.5, 2 against 0, 1, 2.
        let spearman = 1.5 / (1.5f64 * 2.0).sqrt();
        // Means 1, 1.5, 3; between 2 * 13/6 / 2 = 13/6; within 2 * 0.25 / 3 = 1/6.
        let rows = [[1.0, 1.0], [1.0, 2.0], [3.0, 3.0]];
        check(&rows, Some(spearman), Some(12.0 / 14.0));
    }

    #[test]
    fn what_does_not_vary_has_no_correlation() {
        check(&[[1.0, 1.0], [1.0, 1.0]], None, None);
        check(&[[1.0, 2.0], [1.0, 2.0]], None, Some(-1.0));
        assert_eq!(noise("m".to_owned(), &[vec![1.0, 2.0]]), None);
        assert_eq!(noise("m".to_owned(), &[]), None);
    }

    #[test]
    fn a_name_loses_its_seed() {
        for (name, run, expected) in [
            ("valid_seed0", Run::Seed(0), "valid"),
            (
                "cifar10_valid_seed777_200",
                Run::Seed(777),
                "cifar10_valid_200",
            ),
            ("test_run1_108", Run::Repeat(1), "test_108"),
        ] {
            assert_eq!(without(name, run), expected);
        }
    }
}
