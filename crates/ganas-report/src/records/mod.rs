//! Records of searches, runs and fronts: what `ganas search --json` prints, and what reads it back.

mod front;
mod improvement;
mod run;
mod search;

pub use front::{Completed, FrontMember, FrontRecord};
pub use improvement::{Gains, ImprovedRun, KnownNetwork};
pub use run::{Best, BestRank, RunRecord};
pub use search::SearchRecord;
