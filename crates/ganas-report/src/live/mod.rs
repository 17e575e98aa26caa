//! What is shown of a search that goes on.

mod activity;
mod due;
mod progress;
mod read;
mod status;
mod time;

pub use activity::{BusyWith, LastFailure, ProcessActivity, WorkerActivity, WorkerLife};
pub use due::{Due, Eagerness};
pub use progress::{Ended, Round, RunProgress, SearchProgress};
pub use status::{BestSoFar, FailedTrial, ProcessStatus, Proposed, RunStatus, StudyStatus};
pub use time::{Finishing, about};
