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
    use super::*;

    /// Adds to each element of a tile.
    fn add(tile: &mut Tile<'_, u32>, number: u32) {
        let [rows, columns] = tile.shape();
        for row in 0..rows {
            let first = row * tile.step();
            #[expect(unsafe_code, reason = "what the gemm crate does")]
            // SAFETY: these are the elements of the tile.
            unsafe {
                let row = std::slice::from_raw_parts_mut(tile.as_mut_ptr().add(first), columns);
                row.iter_mut().for_each(|x| *x += number);
            }
        }
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
            let mut elements = vec![0; (rows - 1) * step + columns];
            let tiles = Tile::new(&mut elements, step, shape).grid(block);
            for ([row, column], mut tile) in tiles {
                assert!(row.is_multiple_of(block[0]) && column.is_multiple_of(block[1]));
                add(&mut tile, u32::try_from(row * 100 + column + 1).unwrap());
            }
            for (i, &element) in elements.iter().enumerate() {
                let (row, column) = (i / step, i % step);
                let first = |i: usize, size: usize| i / size * size;
                let expected = match column < columns {
                    true => first(row, block[0]) * 100 + first(column, block[1]) + 1,
                    false => 0,
                };
                assert_eq!(element as usize, expected, "{shape:?}, {row} {column}");
            }
        }
    }

    #[test]
    fn parts_of_a_tile() {
        let mut elements = vec![0; 20];
        let mut tile = Tile::new(&mut elements, 5, [4, 5]);
        add(&mut tile.reborrow().rows(1..3).columns(2..4), 1);
        add(&mut tile.reborrow().rows(3..9), 2);
        assert_eq!(tile.rows(4..9).shape(), [0, 5]);
        let expected = [0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 2, 2, 2, 2, 2];
        assert_eq!(elements, expected);
    }

    #[test]
    #[should_panic(expected = "output too short")]
    fn a_tile_lies_inside_its_slice() {
        Tile::new(&mut [0; 7], 4, [2, 4]);
    }
}
