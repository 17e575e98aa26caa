//! Projections on NVIDIA GPUs: a launch for each part.

use super::Projections;
use crate::cuda::Cuda;

impl Projections for Cuda {}
