//! Row look-up on the CPU.

use super::Gather;
use crate::cpu::at;
use crate::lanes;
use crate::ops::product::Old;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> Gather for Cpu<T> {
    fn gather_fwd(
        &self,
        out: ViewMut<'_, Self>,
        table: View<'_, Self>,
        index: &Vec<u32>,
        old: Old,
    ) {
        let [n, c] = out.shape();
        assert!(
            n == index.len() && table.shape()[1] == c,
            "gather: shapes do not fit"
        );
        let (out, table) = (out.host(), table.host());
        if c == 0 {
            return;
        }
        for (row, &i) in out.chunks_exact_mut(c).zip(index) {
            let entry = &table[at(i) * c..(at(i) + 1) * c];
            match old {
                Old::Overwrite => row.copy_from_slice(entry),
                Old::Add => lanes::add(row, entry),
            }
        }
    }

    fn gather_bwd(&self, d_table: ViewMut<'_, Self>, d_out: View<'_, Self>, index: &Vec<u32>) {
        let [n, c] = d_out.shape();
        assert!(
            n == index.len() && d_table.shape()[1] == c,
            "gather: shapes do not fit"
        );
        let (d_table, d_out) = (d_table.host(), d_out.host());
        if c == 0 {
            return;
        }
        self.vectorised(
            #[inline(always)]
            move || scatter_add(d_table, d_out, index, c),
        );
    }
}

#[inline(always)]
fn scatter_add<T: Element>(d_table: &mut [T], d_out: &[T], index: &[u32], c: usize) {
    for (row, &i) in d_out.chunks_exact(c).zip(index) {
        lanes::add(&mut d_table[at(i) * c..(at(i) + 1) * c], row);
    }
}
