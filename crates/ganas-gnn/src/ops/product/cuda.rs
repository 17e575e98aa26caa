//! The product on NVIDIA GPUs: tiles in shared memory, and a depth that blocks share where there are few tiles.

#[cfg(test)]
use super::check;
use super::{Operand, Product, Write};
use crate::cuda::kernels::{Kernel, Parameter};
use crate::cuda::{Cuda, Launch};
use crate::ops::Checked;
use crate::ops::bias_activation::Activation;
use crate::{View, ViewMut};

use Parameter::{Pointer as P, U32 as U};

/// The oracle.
pub(crate) const NAIVE: Kernel = Kernel {
    name: "product_naive",
    block: [256, 1],
    parameters: &[P, P, P, P, U, U, U, U, U, U, U, U, U, U],
};

pub(crate) const TILES_OF_64: Kernel = Kernel {
    name: "product_64",
    block: [256, 1],
    parameters: &[P, P, P, P, U, U, U, U, U, U, U, U, U, U, U],
};

pub(crate) const TILES_OF_32: Kernel = Kernel {
    name: "product_32",
    block: [256, 1],
    parameters: &[P, P, P, P, U, U, U, U, U, U, U, U, U, U, U],
};

pub(crate) const SUM_PARTS: Kernel = Kernel {
    name: "product_sum_parts",
    block: [256, 1],
    parameters: &[P, P, P, U, U, U, U, U, U],
};

/// Large tiles are used where there are so many blocks of them: near the number of multiprocessors of a large GPU, but a
/// constant, so that sums have one order on all of them.
const BLOCKS: usize = 96;

/// The depth is shared out until there are so many blocks.
const SHARED_BLOCKS: usize = 384;

/// The least depth of a part, for tiles of 64 and of 32; multiples of the depths of the tiles.
const CHUNKS: [usize; 2] = [128, 64];

impl Product for Cuda {
    fn product_kernel(
        &self,
        out: ViewMut<'_, Self>,
        factors: [Operand<'_, Self>; 2],
        write: Write,
        sizes: Checked<3>,
    ) {
        multiply(self, out, factors, Epilogue::Write(write), sizes);
    }
}

/// What becomes of a product.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Epilogue<'a> {
    /// `out = a b` or `out += a b`.
    Write(Write),
    /// `out = act(a b + bias)`.
    Activate(View<'a, Cuda>, Activation),
}

/// How blocks share out a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    kernel: &'static Kernel,
    tiles: [usize; 2],
    parts: usize,
    chunk: usize,
}

impl Plan {
    /// Depends on the shape only.
    fn new(shape: [usize; 3]) -> Self {
        let plan = Self::of(&TILES_OF_64, 64, CHUNKS[0], shape);
        if plan.tiles[0] * plan.tiles[1] * plan.parts >= BLOCKS {
            return plan;
        }
        Self::of(&TILES_OF_32, 32, CHUNKS[1], shape)
    }

    /// With tiles of one size, and parts whose depth is at least `least`.
    fn of(kernel: &'static Kernel, size: usize, least: usize, [m, k, n]: [usize; 3]) -> Self {
        let tiles = [n.div_ceil(size), m.div_ceil(size)];
        let wanted = SHARED_BLOCKS / (tiles[0] * tiles[1]).max(1);
        let wanted = wanted.min(k / least).max(1);
        let chunk = k.div_ceil(wanted).next_multiple_of(least);
        let parts = k.div_ceil(chunk.max(1)).max(1);
        Self {
            kernel,
            tiles,
            parts,
            chunk: if parts == 1 { k } else { chunk },
        }
    }
}

/// A product and what becomes of it.
pub(crate) fn multiply(
    device: &Cuda,
    out: ViewMut<'_, Cuda>,
    [a, b]: [Operand<'_, Cuda>; 2],
    epilogue: Epilogue<'_>,
    Checked(shape): Checked<3>,
) {
    let [m, k, n] = shape;
    if m * n == 0 {
        return;
    }
    let plan = Plan::new(shape);
    let (add, bias, activation) = match epilogue {
        Epilogue::Write(write) => (write == Write::Add, None, Activation::Identity),
        Epilogue::Activate(bias, activation) => (false, Some(bias), activation),
    };
    let (add, activation) = (usize::from(add), activation.number());
    // const float* a, b, bias; u32 m, n, k, out_row, a_row, a_column, b_row, b_column, add, activation, chunk
    let launch = |to: Launch<'_>, out_row, bias, add, activation| {
        let ([a_row, a_column], [b_row, b_column]) = (steps(a), steps(b));
        to.strided_input(a.view)
            .strided_input(b.view)
            .maybe(bias)
            .sizes([
                m, n, k, out_row, a_row, a_column, b_row, b_column, add, activation, plan.chunk,
            ])
            .blocks([plan.tiles[0], plan.tiles[1], plan.parts]);
    };
    if plan.parts == 1 {
        // float* out
        let to = Launch::new(device, plan.kernel).strided_output(&out);
        launch(to, out.stride, bias, add, activation);
        return;
    }
    device.with_parts(|parts| {
        device.at_least(&mut parts.floats, plan.parts * m * n);
        // float* parts
        let to = Launch::new(device, plan.kernel).buffer(&parts.floats);
        launch(to, n, None, 0, Activation::Identity.number());
        Launch::new(device, &SUM_PARTS)
            .strided_output(&out) // float* out
            .buffer(&parts.floats) // const float* parts
            .maybe(bias) // const float* bias
            .sizes([m, n, out.stride, plan.parts, add, activation]) // u32 m, n, out_row, n_parts, add, activation
            .over(m * n);
    });
}

/// The oracle: one thread for each element.
#[cfg(test)]
pub(crate) fn naive(device: &Cuda, out: ViewMut<'_, Cuda>, [a, b]: [Operand<'_, Cuda>; 2]) {
    let Checked([m, k, n]) = check(out.shape(), [a, b]);
    let ([a_row, a_column], [b_row, b_column]) = (steps(a), steps(b));
    Launch::new(device, &NAIVE)
        .strided_output(&out) // float* out
        .strided_input(a.view) // const float* a
        .strided_input(b.view) // const float* b
        .maybe(None) // const float* bias
        // u32 m, n, k, out_row, a_row, a_column, b_row, b_column, add, activation
        .sizes([m, n, k, out.stride, a_row, a_column, b_row, b_column, 0, 0])
        .over(m * n);
}

/// The step between rows and that between columns.
fn steps(operand: Operand<'_, Cuda>) -> [usize; 2] {
    let stride = operand.view.stride;
    if operand.transposed {
        [1, stride]
    } else {
        [stride, 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_depth() {
        for shape in [
            [1, 0, 1],
            [128, 900, 384],
            [900, 128, 384],
            [4, 4096, 4],
            [1, 63, 1],
            [5000, 128, 128],
        ] {
            let (plan, k) = (Plan::new(shape), shape[1]);
            assert!(plan.parts * plan.chunk >= k, "{shape:?}: {plan:?}");
            assert!(
                plan.parts == 1 || (plan.parts - 1) * plan.chunk < k,
                "{shape:?}: {plan:?}"
            );
        }
        assert!(Plan::new([128, 900, 384]).parts > 1);
        assert_eq!(Plan::new([5000, 128, 128]).kernel, &TILES_OF_64);
    }
}
