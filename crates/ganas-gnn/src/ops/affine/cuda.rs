//! Affine maps on NVIDIA GPUs: bias and activation are the end of the product's kernel.

use super::{Affine, AffineInputs};
use crate::ViewMut;
use crate::cuda::Cuda;
use crate::ops::Checked;
use crate::ops::product::cuda::{Epilogue, multiply};

impl Affine for Cuda {
    fn affine_fwd_kernel(
        &self,
        y: ViewMut<'_, Self>,
        inputs: AffineInputs<'_, Self>,
        sizes: Checked<3>,
    ) {
        let factors = [inputs.x.into(), inputs.weight.into()];
        let epilogue = Epilogue::Activate(inputs.bias, inputs.activation);
        multiply(self, y, factors, epilogue, sizes);
    }
}
