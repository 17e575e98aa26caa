//! Statistics over the runs of a searcher, and of searchers that are compared.
//!
//! [`moments`], [`quantiles`](quartiles) and [`interquartile_mean`] describe one sample, and [`Bootstrap`] says how sure that is;
//! [`Survival`] describes queries to a target of which some were not reached, [`Proportion`] the share of runs that did.
//! [`wilcoxon`], [`holm`], [`probability_of_improvement`], [`performance_profile`] and [`Friedman`] compare searchers.
//!
//! Functions take whatever ndarray can view as one dimension (slices, vectors, rows and columns of a matrix) or slices.
//! Each agrees with SciPy on fixed samples, which `cargo xtask golden statistics` computes.

mod area;
mod bootstrap;
mod friedman;
mod holm;
mod improvement;
mod interquartile;
mod moments;
mod nemenyi;
mod profile;
mod proportion;
mod quantiles;
mod rank;
mod survival;
mod wilcoxon;

pub use area::mean_of_steps;
pub use bootstrap::{Bootstrap, Interval};
pub use friedman::Friedman;
pub use holm::holm;
pub use improvement::probability_of_improvement;
pub use interquartile::interquartile_mean;
pub use moments::{Moments, moments};
pub use nemenyi::{critical_difference, indistinguishable};
pub use profile::performance_profile;
pub use proportion::Proportion;
pub use quantiles::{median, quantile, quartiles};
pub use rank::{rank, ranks};
pub use survival::{Observation, Survival, SurvivalStep};
pub use wilcoxon::{PairedDifference, compare, wilcoxon};

/// A count as a float.
#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer than 2^53 values"
)]
fn float(count: usize) -> f64 {
    count as f64
}

/// The golden values, for the tests of this module.
#[cfg(test)]
fn golden() -> ganas_testkit::golden::Golden {
    ganas_testkit::golden::Golden::parse(include_str!("../../goldens/statistics.json"))
}
