//! Readers of the files in which benchmarks are published. None of them executes anything, and none holds a whole file.

pub(crate) mod bzip2;
mod fault;
pub(crate) mod nasbench101;
pub(crate) mod nasbench301;
pub(crate) mod nasbench_pickle;
pub(crate) mod nats;
pub(crate) mod nats_archive;
pub(crate) mod pickle;
mod protobuf;
pub(crate) mod tfrecord;

pub(crate) use fault::Fault;
pub use fault::Problem;
