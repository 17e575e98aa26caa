//! Affine maps on NVIDIA GPUs: bias and activation are the end of the product's kernel.

use super::{Affine, check};
use crate::cuda::Cuda;
use crate::ops::bias_activation::Activation;
use crate::ops::product::Old;
use crate::ops::product::cuda::multiply;
use crate::{View, ViewMut};

impl Affine for Cuda {
    fn affine_fwd(
        &self,
        y: ViewMut<'_, Self>,
        x: View<'_, Self>,
        weight: View<'_, Self>,
        bias: View<'_, Self>,
        activation: Activation,
    ) {
        check(y.shape(), bias.shape());
        let operands = [x.into(), weight.into()];
        multiply(self, y, operands, Old::Overwrite, Some(bias), activation);
    }
}
