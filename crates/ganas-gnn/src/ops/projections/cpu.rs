//! Projections on the CPU: blocks of rows for the threads, and in each of them one product for the rows that have the same
//! parts next to each other.

use std::ops::Range;

use super::{ProjectionDerivatives, ProjectionInputs, Projections};
use crate::cpu::{for_each, large_first};
use crate::ops::Checked;
use crate::ops::product::cpu::{
    BLOCK_WORK, Depth, FEW_ELEMENTS, LEAST_ROWS, Strided, Tile, UNIT, WIDE_UNIT, cut, height,
    multiply,
};
use crate::{Cpu, Element, View, ViewMut};

/// Blocks of rows are at least so high where columns can be split instead, since each packs the weights.
const HIGH: usize = 16 * UNIT;

/// Blocks for each thread at most.
const BLOCKS_PER_THREAD: usize = 4;

/// Rows with the same parts that are left on both sides of a cut at least.
const LEAST_SEGMENT: usize = 60;

impl<T: Element> Projections for Cpu<T> {
    fn projections_fwd_kernel(
        &self,
        projected: ViewMut<'_, Self>,
        ProjectionInputs { x, weight, read }: ProjectionInputs<'_, Self>,
        Checked([n, k, c]): Checked<3>,
    ) {
        let width = read.len() * c;
        let (out, x) = (projected.host(), Strided::new(x.into()));
        let weight = Strided::new(weight.into());
        let [rows, columns] = blocks([n, k, width]);
        // Columns are split between parts, and the same number of times in each.
        let strips = width.div_ceil(columns);
        let (strip, together) = match strips {
            0 | 1 => (width, read.len()),
            _ => (cut(c, strips.div_ceil(read.len()), WIDE_UNIT, WIDE_UNIT), 1),
        };
        let out = Tile::new(out, width, [n, width]);
        let bands = Bands::new(out, read, n.div_ceil(rows));
        let tiles = bands.flat_map(|(rows, band)| {
            let parts = band.strips((together * c).max(1));
            parts.flat_map(move |(first, part)| {
                let rows = rows.clone();
                let strips = part.strips(strip.max(1));
                strips.map(move |(column, tile)| (rows.clone(), first, column, tile))
            })
        });
        for_each(tiles, |(rows, first, column, mut tile)| {
            let read = &read[first / c..first / c + together];
            for (segment, parts) in segments(rows.clone(), read) {
                let start = parts.start * c;
                let tile = tile.reborrow();
                let tile = tile.rows(segment.start - rows.start..segment.end - rows.start);
                multiply(
                    tile.columns(start..parts.end * c),
                    x.skip_rows(segment.start),
                    weight.skip_columns(first + column + start),
                    Depth::new([n, k, c]),
                    T::zero(),
                );
            }
        });
    }

    fn projections_bwd_kernel(
        &self,
        out: ProjectionDerivatives<'_, Self>,
        d_projected: View<'_, Self>,
        ProjectionInputs { x, weight, read }: ProjectionInputs<'_, Self>,
        Checked([n, k, c]): Checked<3>,
    ) {
        let width = read.len() * c;
        let (d_weight, d_x) = (out.d_weight.host(), out.d_x.host());
        let d = Strided::new(d_projected.into());
        let (turned_x, turned_weight) = (
            Strided::new(x.transposed()),
            Strided::new(weight.transposed()),
        );
        let of_weight = |[row, column]: [usize; 2], tile: Tile<'_, T>| {
            let range = &read[column / c];
            multiply(
                tile,
                turned_x.skip_rows(row).skip_columns(range.start),
                d.skip_rows(range.start).skip_columns(column),
                Depth::new([k, range.len(), c]),
                T::one(),
            );
        };
        let of_x = |rows: Range<usize>, column: usize, mut tile: Tile<'_, T>| {
            for (segment, parts) in segments(rows.clone(), read) {
                // The segment with the first part comes first, and overwrites.
                let scale = if parts.start == 0 {
                    T::zero()
                } else {
                    T::one()
                };
                multiply(
                    tile.reborrow()
                        .rows(segment.start - rows.start..segment.end - rows.start),
                    d.skip_rows(segment.start).skip_columns(parts.start * c),
                    turned_weight
                        .skip_rows(parts.start * c)
                        .skip_columns(column),
                    Depth::new([n, parts.len() * c, k]),
                    scale,
                );
            }
        };
        // A part of the weights is one block, unless there are more threads than parts and enough work for them.
        let most = (k * n * width / BLOCK_WORK).min(rayon::current_num_threads());
        let rows_of_weight = cut(k, most.div_ceil(read.len().max(1)), UNIT, LEAST_ROWS);
        let of_weights = Tile::new(d_weight, width, [k, width])
            .grid([rows_of_weight, c.max(1)])
            .map(|(place, tile)| Block::Weight(place, tile));
        let [rows, columns] = blocks([n, width, k]);
        let bands = Bands::new(Tile::new(d_x, k, [n, k]), read, n.div_ceil(rows));
        let few = FEW_ELEMENTS / columns;
        let pieces = bands.flat_map(|(rows, band)| pieces(rows, band, read, few));
        let of_xs = pieces.flat_map(|(rows, piece)| {
            let columns = if rows.len() <= few { k.max(1) } else { columns };
            let strips = piece.strips(columns);
            strips.map(move |(column, tile)| Block::X(rows.clone(), column, tile))
        });
        large_first(of_weights, of_xs, |block| match block {
            Block::Weight(place, tile) => of_weight(place, tile),
            Block::X(rows, column, tile) => of_x(rows, column, tile),
        });
    }
}

/// The rows and columns of the blocks of a product of rows: high ones, and more than one for each thread, so that one that is
/// slow is left with less.
fn blocks([m, k, n]: [usize; 3]) -> [usize; 2] {
    let threads = rayon::current_num_threads();
    let most = (m * k * n / BLOCK_WORK).min(BLOCKS_PER_THREAD * threads);
    if threads == 1 || most <= 1 {
        return [m.max(1), n.max(1)];
    }
    let rows = cut(m, threads.min(most), UNIT, HIGH);
    let bands = m.div_ceil(rows);
    let least = WIDE_UNIT.max(FEW_ELEMENTS / rows + 1);
    let columns = cut(n, most.div_ceil(bands), WIDE_UNIT, least);
    if bands * n.div_ceil(columns) >= threads.min(most) {
        return [rows, columns];
    }
    [height(m, n, threads.min(most)), n]
}

/// A block of one of the derivatives: where it begins, and its elements.
enum Block<'a, T> {
    Weight([usize; 2], Tile<'a, T>),
    X(Range<usize>, usize, Tile<'a, T>),
}

/// The rows of a matrix, in blocks of nearly equal height.
///
/// Rows with the same parts are cut only where at least [`LEAST_SEGMENT`] of them are left on both sides: `gemm` takes other
/// sums for a single row, and a row must not show with how many others it was computed.
struct Bands<'a, T> {
    /// What is left, and its rows.
    left: Option<Tile<'a, T>>,
    rows: Range<usize>,
    read: &'a [Range<usize>],
    /// How many blocks are left at most; at least one where there are rows.
    n: usize,
}

impl<'a, T> Bands<'a, T> {
    fn new(matrix: Tile<'a, T>, read: &'a [Range<usize>], n: usize) -> Self {
        Self {
            rows: 0..matrix.shape()[0],
            left: Some(matrix),
            read,
            n,
        }
    }
}

impl<'a, T> Iterator for Bands<'a, T> {
    type Item = (Range<usize>, Tile<'a, T>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rows.is_empty() {
            return None;
        }
        let start = self.rows.start;
        let mut end = self.rows.end;
        while self.n > 1 {
            let wanted = start + (end - start) / self.n;
            self.n -= 1;
            let place = place_of_cut(self.rows.clone(), self.read, wanted);
            if place > start {
                end = place;
                break;
            }
        }
        let [band, rest] = self.left.take()?.split_rows(end - start);
        (self.left, self.rows.start) = (Some(rest), end);
        Some((start..end, band))
    }
}

/// Where rows are cut, near `middle`.
fn place_of_cut(rows: Range<usize>, read: &[Range<usize>], middle: usize) -> usize {
    let edges = || read.iter().flat_map(|range| [range.start, range.end]);
    let start = edges()
        .filter(|&e| e <= middle)
        .fold(rows.start, usize::max);
    let end = edges().filter(|&e| e >= middle).fold(rows.end, usize::min);
    if middle - start < LEAST_SEGMENT {
        start
    } else if end - middle < LEAST_SEGMENT {
        end
    } else {
        middle
    }
}

/// The rows of a band in pieces, such that segments of at most so many rows are pieces of their own: their columns cannot be
/// split, since `gemm` takes other sums for so few elements.
fn pieces<'a, T>(
    rows: Range<usize>,
    band: Tile<'a, T>,
    read: &'a [Range<usize>],
    few: usize,
) -> impl Iterator<Item = (Range<usize>, Tile<'a, T>)> {
    let (mut start, mut left) = (rows.start, Some(band));
    std::iter::from_fn(move || {
        let after = |row| next_edge(row, rows.end, read);
        let mut end = after(start);
        if end - start > few {
            while after(end) - end > few {
                end = after(end);
            }
        }
        let [piece, rest] = left.take()?.split_rows(end - start);
        left = (end < rows.end).then_some(rest);
        let piece = (start..end, piece);
        start = end;
        Some(piece)
    })
}

/// The first row after this one that has other parts, `end` at most.
fn next_edge(row: usize, end: usize, read: &[Range<usize>]) -> usize {
    let edges = read.iter().flat_map(|range| [range.start, range.end]);
    edges.filter(|&edge| edge > row).fold(end, usize::min)
}

/// What is read of some rows, as products: rows that have the same parts, and of these parts those that are neighbours;
/// ascending by rows, then by parts.
///
/// Which parts are one product depends on the row only, and not on what other rows are computed with it.
fn segments(
    rows: Range<usize>,
    read: &[Range<usize>],
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let mut start = rows.start;
    let segments = std::iter::from_fn(move || {
        let segment = start..next_edge(start, rows.end, read);
        start = segment.end;
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
    fn segments_are_what_is_read() {
        let read = [0..10, 0..7, 4..9];
        let found: Vec<_> = segments(2..10, &read).collect();
        let expected = [
            (2..4, 0..2),
            (4..7, 0..3),
            (7..9, 0..1),
            (7..9, 2..3),
            (9..10, 0..1),
        ];
        assert_eq!(found, expected);
        assert_eq!(segments(3..3, &read).count(), 0);
    }

    #[test]
    fn short_segments_are_pieces() {
        let read = [0..100, 0..90, 3..100];
        for (few, expected) in [
            (2, vec![(0, 100)]),
            (3, vec![(0, 3), (3, 100)]),
            (10, vec![(0, 3), (3, 90), (90, 100)]),
        ] {
            let mut elements = [0; 100];
            let band = Tile::new(&mut elements, 1, [100, 1]);
            let pieces = pieces(0..100, band, &read, few);
            let pieces: Vec<_> = pieces
                .inspect(|(rows, piece)| assert_eq!(piece.shape(), [rows.len(), 1]))
                .map(|(rows, _)| (rows.start, rows.end))
                .collect();
            assert_eq!(pieces, expected, "{few}");
        }
    }

    #[test]
    fn rows_with_the_same_parts_are_not_cut_short() {
        let read = [0..1000, 0..700, 100..1000];
        for (middle, expected) in [(500, 500), (110, 100), (690, 700), (720, 700), (10, 0)] {
            assert_eq!(place_of_cut(0..1000, &read, middle), expected, "{middle}");
        }
        assert_eq!(place_of_cut(400..520, &read, 460), 460);
        assert_eq!(place_of_cut(400..510, &read, 455), 400);
    }
}
