//! Row look-up on the CPU.

use super::{Gather, TableRows};
use crate::cpu::{block_rows, for_each};
use crate::index::to_usize;
use crate::ops::Checked;
use crate::ops::product::Write;
use crate::simd_rows;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Gather for Cpu<T> {
    fn gather_fwd_kernel(
        &self,
        out: ViewMut<'_, Self>,
        TableRows { table, index }: TableRows<'_, Self>,
        write: Write,
        Checked([n, _, c]): Checked<3>,
    ) {
        let (out, table) = (out.host(), table.host());
        if c == 0 {
            return;
        }
        let rows = block_rows(n, ROW_WORK * c);
        let blocks = out.chunks_mut(rows * c).zip(index.chunks(rows));
        for_each(blocks, |(out, index)| {
            self.vectorised(
                #[inline(always)]
                || {
                    for (row, &i) in out.chunks_exact_mut(c).zip(index) {
                        let entry = &table[to_usize(i) * c..(to_usize(i) + 1) * c];
                        match write {
                            Write::Set => row.copy_from_slice(entry),
                            Write::Add => simd_rows::add(row, entry),
                        }
                    }
                },
            );
        });
    }

    fn gather_bwd_kernel(
        &self,
        d_table: ViewMut<'_, Self>,
        d_out: View<'_, Self>,
        index: &Vec<u32>,
        Checked([n, entries, c]): Checked<3>,
    ) {
        let (d_table, d_out) = (d_table.host(), d_out.host());
        if c == 0 {
            return;
        }
        // Each thread has some rows of the table, and looks for them in the whole index.
        let rows = block_rows(entries, ROW_WORK * c * n / entries.max(1));
        for_each(
            d_table.chunks_mut(rows * c).enumerate(),
            |(block, d_table)| {
                let first = block * rows;
                self.vectorised(
                    #[inline(always)]
                    || scatter_add(d_table, first, d_out, index, c),
                );
            },
        );
    }
}

/// The work of a row in multiply-adds of a product that take as long, for each column.
const ROW_WORK: usize = 16;

/// Adds to the rows of the table from number `first` on.
#[inline(always)]
fn scatter_add<T: Element>(d_table: &mut [T], first: usize, d_out: &[T], index: &[u32], c: usize) {
    let n = d_table.len() / c;
    for (row, &i) in d_out.chunks_exact(c).zip(index) {
        // Rows before the first one wrap around to numbers beyond the last.
        let own = to_usize(i).wrapping_sub(first);
        if own < n {
            simd_rows::add(&mut d_table[own * c..(own + 1) * c], row);
        }
    }
}
