//! One launch of a kernel: its arguments, checked against the kernel's signature.

use super::Cuda;
use super::driver::{Buffer, MAX_ARGUMENTS, Plain};
use super::kernels::{Kernel, Parameter};
use crate::view::SOME_COLUMNS;
use crate::{View, ViewMut};

/// Arguments for a kernel, in the order of its parameters.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    device: &'a Cuda,
    kernel: &'static Kernel,
    arguments: [u64; MAX_ARGUMENTS],
    count: usize,
}

impl<'a> Launch<'a> {
    pub(crate) fn new(device: &'a Cuda, kernel: &'static Kernel) -> Self {
        Self {
            device,
            kernel,
            arguments: [0; MAX_ARGUMENTS],
            count: 0,
        }
    }

    fn push(mut self, kind: Parameter, value: u64) -> Self {
        let expected = self.kernel.parameters.get(self.count);
        assert!(
            expected == Some(&kind),
            "argument {} of {}: expected {expected:?}, found {kind:?}",
            self.count,
            self.kernel.name
        );
        self.arguments[self.count] = value;
        self.count += 1;
        self
    }

    /// A matrix that is written.
    pub(crate) fn output(self, view: &ViewMut<'_, Cuda>) -> Self {
        assert!(view.is_dense(), "{SOME_COLUMNS}");
        self.strided_output(view)
    }

    /// A matrix that is written, of which the kernel knows the step between rows.
    pub(crate) fn strided_output(self, view: &ViewMut<'_, Cuda>) -> Self {
        self.push(Parameter::Pointer, view.address())
    }

    /// A matrix that is read.
    pub(crate) fn input(self, view: View<'_, Cuda>) -> Self {
        assert!(view.is_dense(), "{SOME_COLUMNS}");
        self.strided_input(view)
    }

    /// A matrix that is read, of which the kernel knows the step between rows.
    pub(crate) fn strided_input(self, view: View<'_, Cuda>) -> Self {
        self.push(Parameter::Pointer, view.address())
    }

    /// A matrix that is read, or none.
    pub(crate) fn maybe(self, view: Option<View<'_, Cuda>>) -> Self {
        self.push(Parameter::Pointer, view.map_or(0, View::address))
    }

    /// A whole buffer.
    pub(crate) fn buffer<T: Plain>(self, buffer: &Buffer<T>) -> Self {
        self.push(Parameter::Pointer, buffer.address(0))
    }

    /// Sizes, flags and steps.
    pub(crate) fn sizes<const N: usize>(mut self, sizes: [usize; N]) -> Self {
        for size in sizes {
            let size = u32::try_from(size).expect("invariant: sizes are below 2^32");
            self = self.push(Parameter::U32, u64::from(size));
        }
        self
    }

    /// Single-precision scalars.
    pub(crate) fn scalars<const N: usize>(mut self, scalars: [f64; N]) -> Self {
        for scalar in scalars {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the device computes in single precision"
            )]
            let bits = (scalar as f32).to_bits();
            self = self.push(Parameter::F32, u64::from(bits));
        }
        self
    }

    /// One thread for each of `n` elements.
    pub(crate) fn over(self, n: usize) {
        let [x, y] = self.kernel.block;
        let threads = (x * y) as usize;
        self.blocks([n.div_ceil(threads), 1, 1]);
    }

    /// So many blocks; nothing is done for none.
    pub(crate) fn blocks(mut self, grid: [usize; 3]) {
        assert!(
            self.count == self.kernel.parameters.len(),
            "{} arguments for {}, which has {}",
            self.count,
            self.kernel.name,
            self.kernel.parameters.len()
        );
        if grid.contains(&0) {
            return;
        }
        let grid =
            grid.map(|n| u32::try_from(n).expect("invariant: grids have fewer than 2^32 blocks"));
        let arguments = &mut self.arguments[..self.count];
        self.device.driver().launch(self.kernel, grid, arguments);
    }
}
