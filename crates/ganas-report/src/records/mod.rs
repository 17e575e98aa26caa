//! Records of searches, runs, fronts and evaluated lists: what `ganas search --json` and `ganas evaluate --json` print, and what reads it back.

mod evaluated;
mod front;
mod improvement;
mod run;
mod search;

pub use evaluated::{EvaluatedArch, EvaluatedOnce, EvaluatedRecord, OverSeeds};
pub use front::{Completed, FrontMember, FrontRecord};
pub use improvement::{Gains, ImprovedRun, KnownNetwork};
pub use run::{Best, BestRank, RunRecord};
pub use search::SearchRecord;
