//! A device with all operations that the layers need.

use crate::{Device, ops};

/// A device with all operations that the layers need.
pub trait Backend:
    Device
    + ops::product::Product
    + ops::projections::Projections
    + ops::affine::Affine
    + ops::gather::Gather
    + ops::graph_conv::GraphConvolve
    + ops::colour_conv::ColourConvolve
    + ops::bias_activation::BiasActivation
    + ops::list_readout::ListReadout
    + ops::gru_gates::GruGates
    + ops::categorical::Categorical
    + ops::bernoulli::Bernoulli
    + ops::pair_scores::PairScores
    + ops::edge_scores::EdgeScores
    + ops::bce::BinaryCrossEntropy
    + ops::ranking::Ranking
    + ops::adam::AdamStep
{
}

impl<D> Backend for D where
    D: Device
        + ops::product::Product
        + ops::projections::Projections
        + ops::affine::Affine
        + ops::gather::Gather
        + ops::graph_conv::GraphConvolve
        + ops::colour_conv::ColourConvolve
        + ops::bias_activation::BiasActivation
        + ops::list_readout::ListReadout
        + ops::gru_gates::GruGates
        + ops::categorical::Categorical
        + ops::bernoulli::Bernoulli
        + ops::pair_scores::PairScores
        + ops::edge_scores::EdgeScores
        + ops::bce::BinaryCrossEntropy
        + ops::ranking::Ranking
        + ops::adam::AdamStep
{
}
