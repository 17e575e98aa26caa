//! The gates of a GRU cell on the CPU.

use super::{GruDerivatives, GruGates, GruInputs, check};
use crate::ops::expect_shape;
use crate::{Cpu, Element, View, ViewMut};

impl<T: Element> GruGates for Cpu<T> {
    fn gru_gates_fwd(
        &self,
        states: ViewMut<'_, Self>,
        gates: ViewMut<'_, Self>,
        inputs: GruInputs<'_, Self>,
    ) {
        let GruInputs {
            gi,
            bias_i,
            gh,
            bias_h,
        } = inputs;
        let [n, c] = check(states.shape(), gates.shape(), [gi.shape(), gh.shape()]);
        expect_shape("gru: bias_i", bias_i.shape(), [1, 3 * c]);
        expect_shape("gru: bias_h", bias_h.shape(), [1, 3 * c]);
        if c == 0 {
            return;
        }
        let (bias_i, bias_h) = (bias_i.host(), bias_h.host());
        let (old, new) = states.host().split_at_mut(n * c);
        let rows = new
            .chunks_exact_mut(c)
            .zip(old.chunks_exact(c))
            .zip(gates.host().chunks_exact_mut(4 * c))
            .zip(
                gi.host()
                    .chunks_exact(3 * c)
                    .zip(gh.host().chunks_exact(3 * c)),
            );
        self.vectorised(move || {
            for (((out, h), gates), products) in rows {
                forward_row(out, gates, h, products, [bias_i, bias_h]);
            }
        });
    }

    fn gru_gates_bwd(
        &self,
        out: GruDerivatives<'_, Self>,
        gates: View<'_, Self>,
        states: View<'_, Self>,
    ) {
        let GruDerivatives {
            d_gi,
            d_gh,
            d_states,
        } = out;
        let [n, c] = check(states.shape(), gates.shape(), [d_gi.shape(), d_gh.shape()]);
        expect_shape("gru: d_states", d_states.shape(), states.shape());
        if c == 0 {
            return;
        }
        let (d_old, d_new) = d_states.host().split_at_mut(n * c);
        let rows = d_gi
            .host()
            .chunks_exact_mut(3 * c)
            .zip(d_gh.host().chunks_exact_mut(3 * c))
            .zip(d_old.chunks_exact_mut(c))
            .zip(d_new.chunks_exact(c).zip(gates.host().chunks_exact(4 * c)))
            .zip(states.host().chunks_exact(c));
        self.vectorised(move || {
            for ((((d_gi, d_gh), d_h), (d_out, gates)), h) in rows {
                backward_row(d_gi, d_gh, d_h, d_out, gates, h);
            }
        });
    }
}

#[inline(always)]
fn forward_row<T: Element>(
    out: &mut [T],
    gates: &mut [T],
    h: &[T],
    (gi, gh): (&[T], &[T]),
    [bias_i, bias_h]: [&[T]; 2],
) {
    let c = h.len();
    let (rz, rest) = gates.split_at_mut(2 * c);
    let sums = gi.iter().zip(bias_i).zip(gh.iter().zip(bias_h));
    for (gate, ((&i, &b_i), (&h, &b_h))) in rz.iter_mut().zip(sums) {
        *gate = (i + b_i + (h + b_h)).sigmoid();
    }
    let (new, inner) = rest.split_at_mut(c);
    for ((inner, &h), &b) in inner.iter_mut().zip(&gh[2 * c..]).zip(&bias_h[2 * c..]) {
        *inner = h + b;
    }
    let (reset, update) = rz.split_at(c);
    for k in 0..c {
        new[k] = (gi[2 * c + k] + bias_i[2 * c + k] + reset[k] * inner[k]).hyperbolic_tangent();
        out[k] = (T::one() - update[k]) * new[k] + update[k] * h[k];
    }
}

#[inline(always)]
fn backward_row<T: Element>(
    d_gi: &mut [T],
    d_gh: &mut [T],
    d_h: &mut [T],
    d_out: &[T],
    gates: &[T],
    h: &[T],
) {
    let c = h.len();
    for k in 0..c {
        let (reset, update) = (gates[k], gates[c + k]);
        let (new, inner) = (gates[2 * c + k], gates[3 * c + k]);
        let d_new = d_out[k] * (T::one() - update) * (T::one() - new * new);
        let d_update = d_out[k] * (h[k] - new) * update * (T::one() - update);
        let d_reset = d_new * inner * reset * (T::one() - reset);
        d_gi[k] = d_reset;
        d_gi[c + k] = d_update;
        d_gi[2 * c + k] = d_new;
        d_gh[k] = d_reset;
        d_gh[c + k] = d_update;
        d_gh[2 * c + k] = d_new * reset;
        d_h[k] += d_out[k] * update;
    }
}
