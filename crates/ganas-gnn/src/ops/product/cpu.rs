//! The product on the CPU, by the `gemm` crate: its kernels reach the machine's peak at these sizes.

use std::ops::Range;

use super::{Old, Operand, Product, check};
use crate::cpu::for_each;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Product for Cpu<T> {
    fn product<'a>(
        &self,
        out: ViewMut<'_, Self>,
        a: impl Into<Operand<'a, Self>>,
        b: impl Into<Operand<'a, Self>>,
        old: Old,
    ) {
        let (a, b) = (a.into(), b.into());
        let [m, k, n] = check(&out, a, b);
        let step = out.stride;
        let out = &mut out.floats[extent(out.offset, [m, n], step)];
        let (a, b) = (Strided::new(a), Strided::new(b));
        let scale = match old {
            Old::Overwrite => T::zero(),
            Old::Add => T::one(),
        };
        let (rows, part) = (block_rows([m, k, n]), part([m, k, n]));
        for_each(
            out.chunks_mut((rows * step).max(1)).enumerate(),
            |(block, out)| {
                let first = block * rows;
                let shape = [rows.min(m - first), k, n];
                multiply((out, step), a.skip_rows(first), b, shape, part, scale);
            },
        );
    }
}

/// The height of the tiles of `gemm`: blocks have a multiple of so many rows.
const UNIT: usize = 6;

/// Blocks have at least so many rows, since each packs the whole right-hand side: with fewer, packing takes longer than
/// what a second thread gains.
const LEAST_ROWS: usize = 4 * UNIT;

/// Blocks have more elements than this: for so few, `gemm` may take other sums.
const FEW_ELEMENTS: usize = 256;

/// Multiply-adds that are worth handing to another thread.
const BLOCK_WORK: usize = 1 << 18;

/// The number of rows in a block of a product: one block for each thread, since `gemm` packs the right-hand side for each.
///
/// An element of the output is a chain of multiply-adds along the depth, in an order that depends on the depth only, so the
/// blocks do not show in the results, as long as none of them is small. Where there is one column only, `gemm` sums in another
/// way; that is not split.
pub(crate) fn block_rows([m, k, n]: [usize; 3]) -> usize {
    let threads = match n {
        0 | 1 => 1,
        _ => rayon::current_num_threads(),
    };
    let least = least_rows(n);
    let most = (m / least).min(m * k * n / BLOCK_WORK).min(threads);
    (2..=most)
        .rev()
        .map(|blocks| m.div_ceil(blocks).next_multiple_of(UNIT))
        .find(|&rows| m % rows == 0 || m % rows >= least)
        .unwrap_or(m.max(1))
}

/// The least rows of a block with so many columns.
fn least_rows(columns: usize) -> usize {
    LEAST_ROWS.max(FEW_ELEMENTS / columns.max(1) + 1)
}

/// The most multiply-adds in one chain.
const DEPTH: usize = 512;

/// Products of at most so many rows and columns have chains of full length; longer chains of larger ones are cut evenly, and
/// those of a single row or column not at all.
///
/// The second is what `gemm` does where the first cache is of usual size, and the others what it does everywhere; with depths
/// that are given, neither the cache nor the blocks show in the results.
const SMALL: usize = 64;

/// The depth of the parts of a product, for the shape of the whole.
pub(crate) fn part([m, k, n]: [usize; 3]) -> usize {
    if m <= 1 || n <= 1 {
        k.max(1)
    } else if m <= SMALL && n <= SMALL {
        DEPTH
    } else {
        k.div_ceil(k.div_ceil(DEPTH).max(1)).max(1)
    }
}

/// A row-major or transposed matrix: elements, step between columns, step between rows.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a, T> {
    elements: &'a [T],
    column: usize,
    row: usize,
}

impl<'a, T: Element> Strided<'a, T> {
    pub(crate) fn new(operand: Operand<'a, Cpu<T>>) -> Self {
        let View {
            floats,
            offset,
            stride,
            ..
        } = operand.view;
        let (column, row) = if operand.transposed {
            (stride, 1)
        } else {
            (1, stride)
        };
        Self {
            elements: &floats[extent(offset, operand.view.shape(), stride)],
            column,
            row,
        }
    }

    /// The matrix without its first rows.
    pub(crate) fn skip_rows(self, rows: usize) -> Self {
        self.skip(rows * self.row)
    }

    /// The matrix without its first columns.
    pub(crate) fn skip_columns(self, columns: usize) -> Self {
        self.skip(columns * self.column)
    }

    fn skip(self, elements: usize) -> Self {
        Self {
            elements: &self.elements[elements.min(self.elements.len())..],
            ..self
        }
    }

    /// Whether all elements of an `m` by `n` matrix lie inside the slice.
    fn covers(&self, m: usize, n: usize) -> bool {
        m == 0 || n == 0 || (m - 1) * self.row + (n - 1) * self.column < self.elements.len()
    }
}

/// Where the elements of a matrix lie that begins at `offset` and whose rows are `stride` apart.
fn extent(offset: usize, shape: [usize; 2], stride: usize) -> Range<usize> {
    offset..offset + span(shape, stride)
}

/// The number of elements from the first to the last one.
fn span([rows, cols]: [usize; 2], stride: usize) -> usize {
    match (rows, cols) {
        (0, _) | (_, 0) => 0,
        _ => (rows - 1) * stride + cols,
    }
}

/// `out = scale out + a b`, with the step between the rows of `out`, where a scale of 0 ignores the old contents; the depth
/// is cut into parts.
pub(crate) fn multiply<T: Element>(
    (out, step): (&mut [T], usize),
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    [m, k, n]: [usize; 3],
    part: usize,
    scale: T,
) {
    // Once where there is no depth, to overwrite.
    for start in (0..k.max(1)).step_by(part) {
        let scale = if start == 0 { scale } else { T::one() };
        let shape = [m, part.min(k - start), n];
        let (a, b) = (a.skip_columns(start), b.skip_rows(start));
        multiply_part((&mut *out, step), a, b, shape, scale);
    }
}

/// The same for one part.
#[expect(unsafe_code, reason = "the gemm crate takes pointers and strides")]
fn multiply_part<T: Element>(
    (out, step): (&mut [T], usize),
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    [m, k, n]: [usize; 3],
    scale: T,
) {
    assert!(
        n <= step && span([m, n], step) <= out.len() && a.covers(m, k) && b.covers(k, n),
        "product: operands too short"
    );
    let stride = |step: usize| isize::try_from(step).expect("invariant: strides fit in isize");
    // SAFETY: the assertion above keeps every access inside the three slices; `out` is borrowed exclusively, so it
    // overlaps neither operand; `gemm` supports the element types f32 and f64, which are all that `Element` has.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride(step),
            scale != T::zero(),
            a.elements.as_ptr(),
            stride(a.column),
            stride(a.row),
            b.elements.as_ptr(),
            stride(b.column),
            stride(b.row),
            scale,
            T::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
