//! Projections on the CPU: blocks of rows for the threads, and in each of them one product for the rows that have the same
//! parts next to each other.

use std::ops::Range;

use super::{ProjectionDerivatives, Projections, check, check_derivatives};
use crate::cpu::for_each;
use crate::ops::product::cpu::{Strided, block_rows, multiply, part};
use crate::{Cpu, Element, View, ViewMut};

/// Rows with the same parts that are left on both sides of a cut at least.
const LEAST_ROWS: usize = 60;

impl<T: Element> Projections for Cpu<T> {
    fn projections_fwd(
        &self,
        projected: ViewMut<'_, Self>,
        x: View<'_, Self>,
        weight: View<'_, Self>,
        read: &[Range<usize>],
    ) {
        let [n, k, c] = check(projected.shape(), x.shape(), weight.shape(), read);
        let width = read.len() * c;
        let (projected, x) = (projected.host(), Strided::new(x.into()));
        let weight = Strided::new(weight.into());
        let blocks = n.div_ceil(block_rows([n, k, width]));
        for_each(
            Blocks::new(projected, n, read, blocks),
            |(rows, projected)| {
                for (tile, parts) in tiles(rows.clone(), read) {
                    let start = (tile.start - rows.start) * width + parts.start * c;
                    multiply(
                        (&mut projected[start..], width),
                        x.skip_rows(tile.start),
                        weight.skip_columns(parts.start * c),
                        [tile.len(), k, parts.len() * c],
                        part([n, k, c]),
                        T::zero(),
                    );
                }
            },
        );
    }

    fn projections_bwd(
        &self,
        out: ProjectionDerivatives<'_, Self>,
        d_projected: View<'_, Self>,
        x: View<'_, Self>,
        weight: View<'_, Self>,
        read: &[Range<usize>],
    ) {
        let [n, k, c] = check_derivatives(&out, d_projected, x, weight, read);
        let width = read.len() * c;
        let (d_weight, d_x) = (out.d_weight.host(), out.d_x.host());
        let d = Strided::new(d_projected.into());
        let (turned_x, turned_weight) = (
            Strided::new(x.transposed()),
            Strided::new(weight.transposed()),
        );
        let of_weight = |(first, d_weight): (usize, &mut [T])| {
            let rows = d_weight.len() / width;
            for (p, range) in read.iter().enumerate() {
                multiply(
                    (&mut d_weight[p * c..], width),
                    turned_x.skip_rows(first).skip_columns(range.start),
                    d.skip_rows(range.start).skip_columns(p * c),
                    [rows, range.len(), c],
                    part([k, range.len(), c]),
                    T::one(),
                );
            }
        };
        let of_x = |(rows, d_x): (Range<usize>, &mut [T])| {
            for (tile, parts) in tiles(rows.clone(), read) {
                // The tile with the first part comes first, and overwrites.
                let scale = if parts.start == 0 {
                    T::zero()
                } else {
                    T::one()
                };
                multiply(
                    (&mut d_x[(tile.start - rows.start) * k..], k),
                    d.skip_rows(tile.start).skip_columns(parts.start * c),
                    turned_weight.skip_rows(parts.start * c),
                    [tile.len(), parts.len() * c, k],
                    part([n, parts.len() * c, k]),
                    scale,
                );
            }
        };
        let rows = block_rows([k, n, width]);
        let of_weights = d_weight.chunks_mut((rows * width).max(1)).enumerate();
        let of_weights = of_weights.map(|(block, d)| Block::Weight((block * rows, d)));
        let blocks = n.div_ceil(block_rows([n, width, k]));
        let of_xs = Blocks::new(d_x, n, read, blocks).map(Block::X);
        for_each(of_weights.chain(of_xs), |block| match block {
            Block::Weight(block) => of_weight(block),
            Block::X(block) => of_x(block),
        });
    }
}

/// A block of one of the derivatives: its first row or its rows, and its elements.
enum Block<'a, T> {
    Weight((usize, &'a mut [T])),
    X((Range<usize>, &'a mut [T])),
}

/// Rows of a matrix, in blocks of nearly equal size.
///
/// Rows with the same parts are cut only where at least [`LEAST_ROWS`] of them are left on both sides: `gemm` takes other
/// sums for a single row, and a row must not show with how many others it was computed.
struct Blocks<'a, T> {
    /// What is left, and its rows.
    elements: &'a mut [T],
    rows: Range<usize>,
    width: usize,
    read: &'a [Range<usize>],
    /// How many blocks are left at most; at least one where there are rows.
    n: usize,
}

impl<'a, T> Blocks<'a, T> {
    fn new(elements: &'a mut [T], n_rows: usize, read: &'a [Range<usize>], n: usize) -> Self {
        Self {
            width: elements.len().checked_div(n_rows).unwrap_or(0),
            elements,
            rows: 0..n_rows,
            read,
            n,
        }
    }
}

impl<'a, T> Iterator for Blocks<'a, T> {
    type Item = (Range<usize>, &'a mut [T]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rows.is_empty() {
            return None;
        }
        let start = self.rows.start;
        let mut end = self.rows.end;
        while self.n > 1 {
            let wanted = start + (end - start) / self.n;
            self.n -= 1;
            let cut = cut(self.rows.clone(), self.read, wanted);
            if cut > start {
                end = cut;
                break;
            }
        }
        let elements = std::mem::take(&mut self.elements);
        let (block, rest) = elements.split_at_mut((end - start) * self.width);
        (self.elements, self.rows.start) = (rest, end);
        Some((start..end, block))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(!self.rows.is_empty()), Some(self.n))
    }
}

/// Where rows are cut, near `middle`.
fn cut(rows: Range<usize>, read: &[Range<usize>], middle: usize) -> usize {
    let edges = || read.iter().flat_map(|range| [range.start, range.end]);
    let start = edges()
        .filter(|&e| e <= middle)
        .fold(rows.start, usize::max);
    let end = edges().filter(|&e| e >= middle).fold(rows.end, usize::min);
    if middle - start < LEAST_ROWS {
        start
    } else if end - middle < LEAST_ROWS {
        end
    } else {
        middle
    }
}

/// What is read of some rows, as products: rows that have the same parts, and of these parts those that are neighbours;
/// ascending by rows, then by parts.
///
/// Which parts are one product depends on the row only, and not on what other rows are computed with it.
fn tiles(
    rows: Range<usize>,
    read: &[Range<usize>],
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let mut start = rows.start;
    let segments = std::iter::from_fn(move || {
        let ends = read.iter().flat_map(|range| [range.start, range.end]);
        let end = ends.filter(|&end| end > start).fold(rows.end, usize::min);
        let segment = start..end;
        start = end;
        (!segment.is_empty()).then_some(segment)
    });
    segments.flat_map(move |segment| {
        let holds = move |p: usize| read[p].contains(&segment.start);
        let mut next = 0;
        let rows = segment.clone();
        std::iter::from_fn(move || {
            let start = (next..read.len()).find(|&p| holds(p))?;
            let end = (start..read.len())
                .find(|&p| !holds(p))
                .unwrap_or(read.len());
            next = end;
            Some((rows.clone(), start..end))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_what_is_read() {
        let read = [0..10, 0..7, 4..9];
        let found: Vec<_> = tiles(2..10, &read).collect();
        let expected = [
            (2..4, 0..2),
            (4..7, 0..3),
            (7..9, 0..1),
            (7..9, 2..3),
            (9..10, 0..1),
        ];
        assert_eq!(found, expected);
        assert_eq!(tiles(3..3, &read).count(), 0);
    }

    #[test]
    fn rows_with_the_same_parts_are_not_cut_short() {
        let read = [0..1000, 0..700, 100..1000];
        for (middle, expected) in [(500, 500), (110, 100), (690, 700), (720, 700), (10, 0)] {
            assert_eq!(cut(0..1000, &read, middle), expected, "{middle}");
        }
        assert_eq!(cut(400..520, &read, 460), 460);
        assert_eq!(cut(400..510, &read, 455), 400);
    }
}
