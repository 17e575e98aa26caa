//! Affine maps on the CPU: the pass of bias and activation finds the product in the cache.

use super::Affine;
use crate::{Cpu, Element};

impl<T: Element> Affine for Cpu<T> {}
