//! All kernels: their source, and what the host knows of them.

use crate::ops;

/// A kernel of the source, as the host launches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Its name in the source.
    pub name: &'static str,
    /// The threads of a block, along x and y.
    pub block: [u32; 2],
    /// The kinds of its parameters, in order.
    pub parameters: &'static [Parameter],
}

/// The kind of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// An address on the device.
    Pointer,
    /// A 32-bit size, step, flag or index.
    U32,
    /// A single-precision number.
    F32,
}

/// Options of the compiler, beside the architecture: no fused multiply-adds but those that are written, so that pointwise
/// functions give the bits that they give on the CPU.
pub const OPTIONS: &[&str] = &["--fmad=false"];

/// What a decision without a legal action returns instead of an action; `NO_ACTION` in the source.
pub(crate) const NO_ACTION: u32 = u32::MAX;

/// The source of all kernels, with the names of the files for the compiler's messages.
#[must_use]
pub fn source() -> String {
    FILES
        .iter()
        .map(|(name, text)| format!("#line 1 \"{name}\"\n{text}"))
        .collect()
}

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        /// The files of the source, in the order of compilation.
        pub const FILES: &[(&str, &str)] = &[$(($path, include_str!(concat!("../", $path)))),*];
    };
}

files![
    "cuda/functions.cuh",
    "ops/product/product.cu",
    "ops/bias_activation/bias_activation.cu",
    "ops/gather/gather.cu",
    "ops/graph_conv/graph_conv.cu",
    "ops/colour_conv/colour_conv.cu",
    "ops/list_readout/list_readout.cu",
    "ops/gru_gates/gru_gates.cu",
    "ops/categorical/categorical.cu",
    "ops/bernoulli/bernoulli.cu",
    "ops/pair_scores/pair_scores.cu",
    "ops/edge_scores/edge_scores.cu",
    "ops/bce/bce.cu",
    "ops/ranking/ranking.cu",
    "ops/adam/adam.cu",
];

/// All kernels.
pub const KERNELS: &[Kernel] = &[
    ops::product::cuda::NAIVE,
    ops::product::cuda::TILES_OF_64,
    ops::product::cuda::TILES_OF_32,
    ops::product::cuda::SUM_PARTS,
    ops::bias_activation::cuda::FORWARD,
    ops::bias_activation::cuda::BACKWARD,
    ops::bias_activation::cuda::COLUMN_SUMS,
    ops::gather::cuda::FORWARD,
    ops::gather::cuda::BACKWARD,
    ops::graph_conv::cuda::FORWARD,
    ops::graph_conv::cuda::BACKWARD,
    ops::colour_conv::cuda::FORWARD,
    ops::colour_conv::cuda::BACKWARD,
    ops::list_readout::cuda::FORWARD,
    ops::list_readout::cuda::BACKWARD,
    ops::list_readout::cuda::PROJECTED_FORWARD,
    ops::list_readout::cuda::PROJECTED_BACKWARD,
    ops::gru_gates::cuda::FORWARD,
    ops::gru_gates::cuda::BACKWARD,
    ops::categorical::cuda::SAMPLE,
    ops::categorical::cuda::FORWARD,
    ops::categorical::cuda::BACKWARD,
    ops::bernoulli::cuda::SAMPLE,
    ops::bernoulli::cuda::FORWARD,
    ops::bernoulli::cuda::BACKWARD,
    ops::pair_scores::cuda::FORWARD,
    ops::pair_scores::cuda::ACTIVE,
    ops::pair_scores::cuda::WEIGHTS,
    ops::pair_scores::cuda::CONSTANT,
    ops::pair_scores::cuda::SCALE,
    ops::edge_scores::cuda::FORWARD,
    ops::edge_scores::cuda::ACTIVE,
    ops::bce::cuda::BCE,
    ops::ranking::cuda::LOSS,
    ops::ranking::cuda::BACKWARD,
    ops::adam::cuda::STEP,
    ops::adam::cuda::SUM_OF_SQUARES,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_that_of_the_source() {
        let mut listed: Vec<_> = KERNELS.iter().map(|kernel| kernel.name).collect();
        listed.sort_unstable();
        let source = source();
        let mut found: Vec<_> = source
            .lines()
            .filter(|line| line.starts_with("extern \"C\" __global__"))
            .filter_map(|line| line.split('(').rev().nth(1))
            .filter_map(|before| before.split_whitespace().last())
            .collect();
        found.sort_unstable();
        assert_eq!(listed, found);
    }
}
