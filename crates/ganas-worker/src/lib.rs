//! Workers: any program that trains a network and speaks the protocol of docs/PROTOCOL.md, on its stdin and stdout.
//!
//! A [`WorkerEvaluator`] starts as many of them as it is told, gives each the next architecture, and survives what they
//! do: they crash, hang, print garbage, lie. A failed attempt is made again, by whoever is free, until the retries are
//! used up; then the architecture has failed, for a reason that is recorded. When everything fails, the circuit breaker
//! ends the search, because then the reason is not the architecture.
//!
//! # Example
//!
//! ```no_run
//! use ganas_worker::{MetricNames, PoolConfig, WorkerEvaluator};
//!
//! let space = ganas_space::by_name("nasbench201")?;
//! let config = PoolConfig {
//!     workers: 4,
//!     ..PoolConfig::new("python train.py", "logs")
//! };
//! let listener = Box::new(|_note: &_| ());
//! let evaluator = WorkerEvaluator::open(config, space, &MetricNames::default(), listener)?;
//! println!("{}", evaluator.statistics());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod activity;
mod batch;
mod clock;
mod curves;
mod evaluator;
mod excerpt;
mod failure;
#[doc(hidden)]
pub mod fuzzing;
mod guard;
mod hello;
mod job;
pub mod join;
mod json_line;
mod log_tail;
mod mailbox;
pub mod message;
mod pool;
mod process;
mod slot;
mod statistics;
mod stdout;
mod strict_json;
mod supervisor;
mod workers;

pub use activity::{BusyWith, LastFailure, PoolActivity, WorkerActivity, WorkerState};
pub use evaluator::{MetricNames, WorkerEvaluator};
pub use failure::{WorkerError, WorkerFailure};
pub use pool::{MAX_WORKERS, PoolConfig, PoolListener, PoolNote};
pub use statistics::WorkerStatistics;
pub use workers::{Collected, Measured, Request, TaskFeed, Workers};
