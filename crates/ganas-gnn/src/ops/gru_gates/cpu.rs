//! The gates of a GRU cell on the CPU.

use super::{GruCached, GruDerivatives, GruGates, GruInputs};
use crate::cpu::{block_rows, for_each};
use crate::index::to_usize;
use crate::ops::Checked;
use crate::simd_rows;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> GruGates for Cpu<T> {
    fn gru_gates_fwd_kernel(
        &self,
        new: ViewMut<'_, Self>,
        gates: ViewMut<'_, Self>,
        inputs: GruInputs<'_, Self>,
        Checked([n_cells, c]): Checked<2>,
    ) {
        if c == 0 {
            return;
        }
        let GruInputs {
            gi,
            bias_i,
            gh,
            bias_h,
            old,
        } = inputs;
        let gh = Rows::new(gh.0, gh.1);
        let biases = [bias_i.host(), bias_h.host()];
        let n = block_rows(n_cells, FORWARD_WORK * c);
        let blocks = (new.host().chunks_mut(n * c))
            .zip(old.host().chunks(n * c))
            .zip(gates.host().chunks_mut(4 * n * c))
            .zip(gi.host().chunks(3 * n * c));
        for_each(blocks.enumerate(), |(block, (((new, old), gates), gi))| {
            let states = new.chunks_exact_mut(c).zip(old.chunks_exact(c));
            let rows = states
                .zip(gates.chunks_exact_mut(4 * c))
                .zip(gi.chunks_exact(3 * c));
            self.vectorised(
                #[inline(always)]
                || {
                    for (cell, (((out, h), gates), gi)) in (block * n..).zip(rows) {
                        forward_row(out, gates, h, [gi, gh.of(cell)], biases);
                    }
                },
            );
        });
    }

    fn gru_gates_bwd_kernel(
        &self,
        out: GruDerivatives<'_, Self>,
        d_new: View<'_, Self>,
        GruCached { gates, old }: GruCached<'_, Self>,
        Checked([n_cells, c]): Checked<2>,
    ) {
        let GruDerivatives { d_gi, d_gh, d_old } = out;
        if c == 0 {
            return;
        }
        let n = block_rows(n_cells, BACKWARD_WORK * c);
        let products = d_gi.host().chunks_mut(3 * n * c);
        let blocks = (products.zip(d_gh.host().chunks_mut(3 * n * c)))
            .zip(d_old.host().chunks_mut(n * c))
            .zip(d_new.host().chunks(n * c))
            .zip(gates.host().chunks(4 * n * c))
            .zip(old.host().chunks(n * c));
        for_each(blocks, |(((((d_gi, d_gh), d_old), d_new), gates), old)| {
            let products = d_gi
                .chunks_exact_mut(3 * c)
                .zip(d_gh.chunks_exact_mut(3 * c));
            let states = (d_old.chunks_exact_mut(c).zip(d_new.chunks_exact(c)))
                .zip(gates.chunks_exact(4 * c).zip(old.chunks_exact(c)));
            self.vectorised(
                #[inline(always)]
                || {
                    for ((d_gi, d_gh), ((d_h, d_out), (gates, h))) in products.zip(states) {
                        backward_row([d_gi, d_gh], d_h, d_out, gates, h);
                    }
                },
            );
        });
    }
}

/// The work of a row forward in multiply-adds of a product that take as long, for each column.
const FORWARD_WORK: usize = 256;

/// The same backward.
const BACKWARD_WORK: usize = 64;

/// Rows that cells have in common.
struct Rows<'a, T> {
    rows: &'a [T],
    width: usize,
    index: &'a [u32],
}

impl<'a, T: Element> Rows<'a, T> {
    fn new(rows: View<'a, Cpu<T>>, index: &'a [u32]) -> Self {
        Self {
            width: rows.shape()[1],
            rows: rows.host(),
            index,
        }
    }

    /// The row of a cell.
    #[inline(always)]
    fn of(&self, cell: usize) -> &'a [T] {
        let start = to_usize(self.index[cell]) * self.width;
        &self.rows[start..start + self.width]
    }
}

#[inline(always)]
fn forward_row<T: Element>(
    out: &mut [T],
    gates: &mut [T],
    h: &[T],
    [gi, gh]: [&[T]; 2],
    [bias_i, bias_h]: [&[T]; 2],
) {
    let c = h.len();
    let (rz, rest) = gates.split_at_mut(2 * c);
    simd_rows::combine(rz, &gi[..2 * c], &bias_i[..2 * c], |x, b| x + b);
    simd_rows::add(rz, &gh[..2 * c]);
    simd_rows::update(rz, &bias_h[..2 * c], |x, b| (x + b).sigmoid());
    let (new, inner) = rest.split_at_mut(c);
    simd_rows::combine(inner, &gh[2 * c..], &bias_h[2 * c..], |x, b| x + b);
    let (reset, update) = rz.split_at(c);
    simd_rows::combine(new, reset, inner, |r, x| r * x);
    simd_rows::add(new, &gi[2 * c..]);
    simd_rows::update(new, &bias_i[2 * c..], |x, b| (x + b).hyperbolic_tangent());
    simd_rows::combine(out, update, new, |z, n| (T::one() - z) * n);
    // out = out + z h, with z read from the gates.
    for ((out, &z), &h) in out.iter_mut().zip(update).zip(h) {
        *out += z * h;
    }
}

#[inline(always)]
fn backward_row<T: Element>(
    [d_gi, d_gh]: [&mut [T]; 2],
    d_h: &mut [T],
    d_out: &[T],
    gates: &[T],
    h: &[T],
) {
    let c = h.len();
    let one = T::one();
    // Slices of one known length each, so that the loop has no bounds to check.
    let (reset, gates) = gates.split_at(c);
    let (update, gates) = gates.split_at(c);
    let (new, inner) = gates.split_at(c);
    let (d_reset, d_rest) = d_gi.split_at_mut(c);
    let (d_update, d_new) = d_rest.split_at_mut(c);
    let (h, d_out, d_h) = (&h[..c], &d_out[..c], &mut d_h[..c]);
    let (inner, d_new) = (&inner[..c], &mut d_new[..c]);
    for k in 0..c {
        let e = d_out[k];
        let (r, z, n) = (reset[k], update[k], new[k]);
        let d = e * (one - z) * (one - n * n);
        d_new[k] = d;
        d_update[k] = e * (h[k] - n) * z * (one - z);
        d_reset[k] = d * inner[k] * r * (one - r);
        d_h[k] = e * z;
    }
    d_gh[..2 * c].copy_from_slice(&d_gi[..2 * c]);
    simd_rows::combine(&mut d_gh[2 * c..], &d_gi[2 * c..], reset, |d, r| d * r);
}
