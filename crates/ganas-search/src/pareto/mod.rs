//! Several objectives at once: dominance, fronts, crowding, hypervolume.
//!
//! Kalyanmoy Deb et al., "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", IEEE Transactions on
//! Evolutionary Computation 6(2), 2002, says what is better when there is no single number.

mod archive;
mod hypervolume;
mod point;
mod sort;
#[cfg(test)]
mod tests;

pub use archive::{Archive, default_reference};
pub use hypervolume::hypervolume;
pub use point::{NotFinite, Point};
pub use sort::{Standing, best_first, standings};
