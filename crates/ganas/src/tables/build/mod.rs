//! Building a table: the architectures of a space are evaluated by workers, each with several seeds.
//!
//! Every finished evaluation is kept in a study at once, so that a process that is killed loses what its workers are
//! at, and nothing else.

mod architectures;
mod evaluation;
mod progress;

use ganas_table::MAX_SEEDS;

pub use architectures::Choice;
pub use evaluation::{Build, BuildReport, TableBuild};
pub use progress::Progress;

use crate::{Error, Seeds};

/// The seeds as evaluators have them.
///
/// # Errors
///
/// There are too many for a table, or one is too large.
pub fn check_seeds(seeds: &Seeds) -> Result<Vec<u32>, Error> {
    let seeds = seeds.all();
    if seeds.len() > MAX_SEEDS {
        return Err(Error::Usage(format!(
            "{} seeds are too many for a table: expected at most {MAX_SEEDS}",
            seeds.len()
        )));
    }
    let number = |&seed: &u64| {
        u32::try_from(seed).map_err(|_| {
            Error::Usage(format!(
                "the seed {seed} is too large: expected at most {}",
                u32::MAX
            ))
        })
    };
    seeds.iter().map(number).collect()
}
