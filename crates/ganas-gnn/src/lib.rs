//! Graph neural networks with forward and backward passes written by hand.
//!
//! No autograd and no tape: every layer has a `forward` that fills a cache owned by the caller and a `backward` that
//! reads it. Conventions (they hold in every file unless its top says otherwise):
//!
//! * matrices are row-major and contiguous; a batch is a matrix with one row for each item;
//! * the derivative of the loss with respect to `x` is `d_x`; derivatives of parameters are added to (`+=`),
//!   derivatives of activations are overwritten (`=`);
//! * outputs come first, then inputs, then sizes;
//! * a shape that does not fit is a bug of the caller and panics with both shapes;
//! * results do not depend on the number of threads.
//!
//! This crate does not know what an architecture is: it sees a [`GraphBatch`] of labelled graphs as indices.

#![deny(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::float_cmp, reason = "where values are exact, tests say so")
)]

mod backend;
mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
mod device;
mod device_error;
mod element;
mod functions;
mod graph;
mod host_graphs;
mod index;
mod interner;
mod known_graphs;
pub mod layers;
mod lists;
pub mod nets;
pub mod ops;
mod params;
mod pass;
mod refinement;
mod simd_rows;
mod view;

#[cfg(test)]
mod testing;

pub use backend::Backend;
pub use cpu::Cpu;
#[cfg(feature = "cuda")]
pub use cuda::Cuda;
pub use device::Device;
pub use device_error::{DeviceError, guarded};
pub use element::Element;
pub use graph::GraphBatch;
pub use known_graphs::KnownGraphs;
pub use ops::adam::{Adam, AdamConfig};
pub use params::{Grads, Init, Layout, ParamId, Params};
pub use pass::{Backward, Forward};
pub use view::{Mat, View, ViewMut};
