//! The product on the CPU, by the `gemm` crate: its kernels reach the machine's peak at these sizes.

use std::ops::Range;

pub(crate) use super::tile::Tile;
use super::{Operand, Product, ProductDerivatives, Write};
use crate::cpu::{for_each, large_first};
use crate::ops::Checked;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Product for Cpu<T> {
    fn product_kernel(
        &self,
        out: ViewMut<'_, Self>,
        factors: [Operand<'_, Self>; 2],
        write: Write,
        sizes: Checked<3>,
    ) {
        let (product, out) = Blocked::new(out, factors, write, sizes);
        for_each(product.tiles(out), |block| product.compute(block));
    }

    fn product_bwd_kernel(
        &self,
        out: ProductDerivatives<'_, Self>,
        d: View<'_, Self>,
        [x, w]: [View<'_, Self>; 2],
        Checked([m, k, n]): Checked<3>,
    ) {
        let of_w = [x.transposed(), d.into()];
        let (of_w, d_w) = Blocked::new(out.d_w, of_w, Write::Add, Checked([k, m, n]));
        let of_x = [d.into(), w.transposed()];
        let (of_x, d_x) = Blocked::new(out.d_x, of_x, out.write, Checked([m, n, k]));
        let of_weights = of_w.tiles(d_w).map(|block| (&of_w, block));
        let of_inputs = of_x.tiles(d_x).map(|block| (&of_x, block));
        large_first(of_weights, of_inputs, |(product, block)| {
            product.compute(block);
        });
    }
}

/// A product in blocks, each of which any thread can compute.
struct Blocked<'a, T> {
    a: Strided<'a, T>,
    b: Strided<'a, T>,
    depth: Depth,
    /// What old contents are multiplied by.
    scale: T,
    /// Rows and columns of a block.
    size: [usize; 2],
}

impl<'a, T: Element> Blocked<'a, T> {
    /// The product, and the matrix that it is written to.
    fn new<'o>(
        out: ViewMut<'o, Cpu<T>>,
        factors: [Operand<'a, Cpu<T>>; 2],
        write: Write,
        Checked(shape): Checked<3>,
    ) -> (Self, Tile<'o, T>) {
        let [m, _, n] = shape;
        let step = out.stride;
        let out = &mut out.floats[extent(out.offset, [m, n], step)];
        let [a, b] = factors.map(Strided::new);
        let product = Self {
            a,
            b,
            depth: Depth::new(shape),
            scale: match write {
                Write::Set => T::zero(),
                Write::Add => T::one(),
            },
            size: blocks(shape, a),
        };
        (product, Tile::new(out, step, [m, n]))
    }

    /// The blocks of the output, and the row and column where each begins.
    fn tiles<'o>(&self, out: Tile<'o, T>) -> impl Iterator<Item = ([usize; 2], Tile<'o, T>)> {
        out.grid(self.size)
    }

    fn compute(&self, ([row, column], tile): ([usize; 2], Tile<'_, T>)) {
        let (a, b) = (self.a.skip_rows(row), self.b.skip_columns(column));
        multiply(tile, a, b, self.depth, self.scale);
    }
}

/// The height of the tiles of `gemm`: blocks have a multiple of so many rows.
pub(crate) const UNIT: usize = 6;

/// Columns of the widest tiles of `gemm`: blocks have a multiple of so many columns.
pub(crate) const WIDE_UNIT: usize = 32;

/// Blocks of columns are at least so wide, since each packs the left-hand side where that is transposed.
const WIDE: usize = 4 * WIDE_UNIT;

/// Blocks have at least so many rows, since each packs the right-hand side: with fewer, packing takes longer than what a
/// second thread gains.
pub(crate) const LEAST_ROWS: usize = 3 * UNIT;

/// Blocks have more elements than this: for so few, `gemm` may take other sums.
pub(crate) const FEW_ELEMENTS: usize = 256;

/// Multiply-adds that are worth handing to another thread.
pub(crate) const BLOCK_WORK: usize = 1 << 18;

/// The rows and columns of the blocks of a product, all but the last ones in each direction. There is one block for each thread, since `gemm` packs an operand for each of them.
///
/// An element of the output is a chain of multiply-adds along the depth, in an order that depends on the depth only, so the
/// blocks do not show in the results, as long as none of them is small. Where there is one row or column only, `gemm` sums in
/// another way; that is not split.
fn blocks<T: Element>([m, k, n]: [usize; 3], a: Strided<'_, T>) -> [usize; 2] {
    let threads = rayon::current_num_threads();
    let most = (m * k * n / BLOCK_WORK).min(threads);
    if most <= 1 || m <= 1 || n <= 1 {
        return [m.max(1), n.max(1)];
    }
    let columns = cut(n, most, WIDE_UNIT, WIDE);
    if a.is_transposed() && n.div_ceil(columns) == most {
        return [m, columns];
    }
    [height(m, n, most), n]
}

/// The height of up to so many blocks of `m` rows of `n` columns, all but the last.
pub(crate) fn height(m: usize, n: usize, most: usize) -> usize {
    cut(m, most, UNIT, LEAST_ROWS.max(FEW_ELEMENTS / n + 1))
}

/// The size of up to so many parts of `n`, all but the last a multiple of `unit`, and none of them less than `least`.
pub(crate) fn cut(n: usize, parts: usize, unit: usize, least: usize) -> usize {
    (2..=parts.min(n / least))
        .rev()
        .map(|parts| n.div_ceil(parts).next_multiple_of(unit))
        .find(|&size| size < n && (n.is_multiple_of(size) || n % size >= least))
        .unwrap_or(n)
}

/// The most multiply-adds in one chain.
const DEPTH: usize = 512;

/// Products of at most so many rows and columns have chains of full length; longer chains of larger ones are cut evenly, and
/// those of a single row or column not at all.
///
/// The second is what `gemm` does where the first cache is of usual size, and the others what it does everywhere; with depths
/// that are given, neither the cache nor the blocks show in the results.
const SMALL: usize = 64;

/// How deep a product is, and the parts that its sums are cut into.
#[derive(Clone, Copy)]
pub(crate) struct Depth {
    pub(crate) whole: usize,
    pub(crate) part: usize,
}

impl Depth {
    /// For the shape of the whole product.
    pub(crate) fn new([m, k, n]: [usize; 3]) -> Self {
        let part = if m <= 1 || n <= 1 {
            k.max(1)
        } else if m <= SMALL && n <= SMALL {
            DEPTH
        } else {
            k.div_ceil(k.div_ceil(DEPTH).max(1)).max(1)
        };
        Self { whole: k, part }
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

    fn is_transposed(&self) -> bool {
        self.column != 1
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
pub(super) fn span([rows, cols]: [usize; 2], stride: usize) -> usize {
    match (rows, cols) {
        (0, _) | (_, 0) => 0,
        _ => (rows - 1) * stride + cols,
    }
}

/// `out = scale out + a b`, where a scale of 0 ignores the old contents.
pub(crate) fn multiply<T: Element>(
    mut out: Tile<'_, T>,
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    Depth { whole: k, part }: Depth,
    scale: T,
) {
    // Once where there is no depth, to overwrite.
    for start in (0..k.max(1)).step_by(part) {
        let scale = if start == 0 { scale } else { T::one() };
        let (a, b) = (a.skip_columns(start), b.skip_rows(start));
        multiply_part(out.reborrow(), a, b, part.min(k - start), scale);
    }
}

/// The same for one part.
#[expect(unsafe_code, reason = "the gemm crate takes pointers and strides")]
fn multiply_part<T: Element>(
    mut out: Tile<'_, T>,
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    k: usize,
    scale: T,
) {
    let [m, n] = out.shape();
    assert!(
        a.covers(m, k) && b.covers(k, n),
        "product: operands too short"
    );
    let stride = |step: usize| isize::try_from(step).expect("invariant: strides fit in isize");
    // SAFETY: the assertion above keeps every read inside the two slices, and the tile borrows what is written exclusively,
    // so it overlaps neither; `gemm` supports the element types f32 and f64, which are all that `Element` has.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride(out.step()),
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
