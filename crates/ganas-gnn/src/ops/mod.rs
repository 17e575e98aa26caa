//! Operations: one folder each, with the equation and its adjoint, the argument checks, and the implementation of each
//! device.

pub mod adam;
pub mod affine;
pub mod bce;
pub mod bernoulli;
pub mod bias_activation;
pub mod categorical;
pub mod colour_conv;
pub mod edge_scores;
pub mod gather;
pub mod graph_conv;
pub mod gru_gates;
pub mod list_readout;
pub mod pair_scores;
pub mod product;
pub mod projections;
pub mod ranking;

#[cfg(test)]
mod golden_tests;

/// Panics when shapes differ; the message names the operation and the argument.
#[track_caller]
pub(crate) fn expect_shape(what: &str, found: [usize; 2], expected: [usize; 2]) {
    assert!(
        found == expected,
        "{what}: expected shape {expected:?}, found {found:?}"
    );
}

/// The sizes of an operation whose shapes were checked.
///
/// An operation is entered where it is called: there its shapes are checked, once for all devices, and a kernel gets what
/// only the check can make.
#[derive(Clone, Copy, Debug)]
pub struct Checked<const N: usize>([usize; N]);
