//! Parts of a matrix that several threads write at the same time.

use std::marker::PhantomData;
use std::ops::Range;

use super::cpu::span;

/// Some rows and columns of a matrix, to be written.
///
/// Of other rows and columns of the same matrix there may be other tiles, on other threads.
pub(crate) struct Tile<'a, T> {
    first: *mut T,
    rows: usize,
    columns: usize,
    /// Elements from one row to the next; at least the columns.
    step: usize,
    of: PhantomData<&'a mut [T]>,
}

#[expect(
    unsafe_code,
    reason = "tiles side by side are no slices, yet have no element in common"
)]
// SAFETY: a tile is an exclusive borrow of its elements.
unsafe impl<T: Send> Send for Tile<'_, T> {}

impl<'a, T> Tile<'a, T> {
    /// The whole of a matrix whose rows begin `step` elements after each other.
    pub(crate) fn new(elements: &'a mut [T], step: usize, [rows, columns]: [usize; 2]) -> Self {
        assert!(
            columns <= step && span([rows, columns], step) <= elements.len(),
            "product: output too short"
        );
        Self {
            first: elements.as_mut_ptr(),
            rows,
            columns,
            step,
            of: PhantomData,
        }
    }

    /// Its rows and columns.
    pub(crate) fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// Elements from one row to the next.
    pub(super) fn step(&self) -> usize {
        self.step
    }

    /// The first element; those of a row are next to each other.
    pub(super) fn as_mut_ptr(&mut self) -> *mut T {
        self.first
    }

    /// Its rows before number `at`, and the others.
    pub(crate) fn split_rows(self, at: usize) -> [Self; 2] {
        let at = at.min(self.rows);
        let (first, rest) = (self.first, self.rows - at);
        // Where there is no other row, this points behind the matrix.
        let second = first.wrapping_add(at * self.step);
        [(first, at), (second, rest)].map(|(first, rows)| Self {
            first,
            rows,
            ..self
        })
    }

    /// Its columns before number `at`, and the others.
    pub(crate) fn split_columns(self, at: usize) -> [Self; 2] {
        let at = at.min(self.columns);
        let (first, rest) = (self.first, self.columns - at);
        [(first, at), (first.wrapping_add(at), rest)].map(|(first, columns)| Self {
            first,
            columns,
            ..self
        })
    }

    /// Some of its rows.
    pub(crate) fn rows(self, rows: Range<usize>) -> Self {
        let [before, _] = self.split_rows(rows.end);
        let [_, rows] = before.split_rows(rows.start);
        rows
    }

    /// Some of its columns.
    pub(crate) fn columns(self, columns: Range<usize>) -> Self {
        let [before, _] = self.split_columns(columns.end);
        let [_, columns] = before.split_columns(columns.start);
        columns
    }

    /// The same tile for a while.
    pub(crate) fn reborrow(&mut self) -> Tile<'_, T> {
        Tile {
            of: PhantomData,
            ..*self
        }
    }

    /// Tiles of so many rows each, and the row where each begins.
    pub(crate) fn bands(self, rows: usize) -> impl Iterator<Item = (usize, Self)> {
        let (mut left, mut next) = (Some(self), 0);
        std::iter::from_fn(move || {
            let [band, rest] = left.take().filter(|left| left.rows > 0)?.split_rows(rows);
            let row = next;
            next += band.rows;
            left = Some(rest);
            Some((row, band))
        })
    }

    /// Tiles of so many columns each, and the column where each begins.
    pub(crate) fn strips(self, columns: usize) -> impl Iterator<Item = (usize, Self)> {
        let (mut left, mut next) = (Some(self), 0);
        std::iter::from_fn(move || {
            let left_over = left.take().filter(|left| left.columns > 0)?;
            let [strip, rest] = left_over.split_columns(columns);
            let column = next;
            next += strip.columns;
            left = Some(rest);
            Some((column, strip))
        })
    }

    /// Tiles of so many rows and columns each, row by row, and the row and column where each begins.
    pub(crate) fn grid(
        self,
        [rows, columns]: [usize; 2],
    ) -> impl Iterator<Item = ([usize; 2], Self)> {
        self.bands(rows).flat_map(move |(row, band)| {
            let strips = band.strips(columns);
            strips.map(move |(column, tile)| ([row, column], tile))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::cpu::{Depth, Strided, multiply};
    use super::*;
    use crate::Cpu;
    use crate::testing::mat;

    /// Adds to each element of a tile, by a product of a column and a row.
    fn add(tile: Tile<'_, f32>, number: f32) {
        let device = Cpu::<f32>::new();
        let [rows, columns] = tile.shape();
        let ones = mat(&device, &vec![1.0; rows], rows, 1);
        let numbers = mat(&device, &vec![f64::from(number); columns], 1, columns);
        let [a, b] = [&ones, &numbers].map(|mat| Strided::new(mat.view().into()));
        multiply(tile, a, b, Depth::new([rows, 1, columns]), 1.0);
    }

    /// A number for a place.
    fn number(row: usize, column: usize) -> f32 {
        f32::from(u16::try_from(row * 100 + column + 1).unwrap())
    }

    #[test]
    fn a_grid_has_each_element_once() {
        for (shape, step, block) in [
            ([7, 10], 12, [3, 4]),
            ([7, 10], 10, [7, 10]),
            ([1, 5], 5, [9, 2]),
            ([6, 4], 6, [2, 2]),
        ] {
            let [rows, columns] = shape;
            let mut elements = vec![0.0; (rows - 1) * step + columns];
            let tiles = Tile::new(&mut elements, step, shape).grid(block);
            for ([row, column], tile) in tiles {
                assert!(row.is_multiple_of(block[0]) && column.is_multiple_of(block[1]));
                add(tile, number(row, column));
            }
            for (i, &element) in elements.iter().enumerate() {
                let (row, column) = (i / step, i % step);
                let first = |i: usize, size: usize| i / size * size;
                let expected = if column < columns {
                    number(first(row, block[0]), first(column, block[1]))
                } else {
                    0.0
                };
                assert!(element == expected, "{shape:?}, {row} {column}: {element}");
            }
        }
    }

    #[test]
    fn parts_of_a_tile() {
        let mut elements = vec![0.0; 20];
        let mut tile = Tile::new(&mut elements, 5, [4, 5]);
        add(tile.reborrow().rows(1..3).columns(2..4), 1.0);
        add(tile.reborrow().rows(3..9), 2.0);
        assert_eq!(tile.rows(4..9).shape(), [0, 5]);
        let expected = [
            0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 2, 2, 2, 2, 2_u8,
        ];
        assert_eq!(elements, expected.map(f32::from));
    }

    #[test]
    #[should_panic(expected = "output too short")]
    fn a_tile_lies_inside_its_slice() {
        Tile::new(&mut [0; 7], 4, [2, 4]);
    }
}
