//! Statistics over the runs of a searcher, and of pairs of searchers with the same seeds.
//!
//! Functions take whatever ndarray can view as one dimension: slices, vectors, rows and columns of a matrix.

mod moments;
mod quantiles;
mod rank;
mod wilcoxon;

pub use moments::{Moments, moments};
pub use quantiles::{median, quantile, quartiles};
pub use rank::rank;
pub use wilcoxon::{Comparison, compare, wilcoxon};
