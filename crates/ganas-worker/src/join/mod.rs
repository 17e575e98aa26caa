//! Workers of other processes, on whatever machine: joined by a folder of files.
//!
//! The leader does the search; a joiner has worker processes of its own, and passes on what the leader and they say to each
//! other. A worker process of a joiner is a link: to the leader it is a process like its own.

mod folder;
mod joiner;
mod link;
mod stream;

pub use folder::{Leader, Leadership, Role};
pub use joiner::{JoinEnd, evaluate_for};
pub(super) use link::{Link, Offer, offers};
