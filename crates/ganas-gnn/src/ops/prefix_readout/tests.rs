//! Read-out of growing graphs and its gradient.

use super::PrefixReadout as _;
use crate::testing::{check_gradient, close, mat, values, weighted_sum};
use crate::{Cpu, Mat};

const PREFIXES: [usize; 3] = [1, 2, 4];
const NODES: usize = 4;

fn forward(x: &[f64], c: usize) -> (Cpu<f64>, Mat<Cpu<f64>>) {
    let device = Cpu::new();
    let rows = x.len() / c;
    let steps = PREFIXES.len() * rows / NODES;
    let mut out = mat(&device, &vec![9.0; steps * 2 * c], steps, 2 * c);
    device.prefix_readout_fwd(
        out.view_mut(),
        mat(&device, x, rows, c).view(),
        &PREFIXES,
        NODES,
    );
    (device, out)
}

#[test]
fn mean_and_last_of_each_prefix() {
    let x = [1.0, 3.0, 5.0, 7.0, 10.0, 30.0, 50.0, 70.0];
    let (device, out) = forward(&x, 1);
    let expected = [
        1.0, 1.0, 10.0, 10.0, 2.0, 3.0, 20.0, 30.0, 4.0, 7.0, 40.0, 70.0,
    ];
    close(&device, out.view(), &expected, 0.0);
}

#[test]
fn gradient() {
    let (x, upstream) = (values(1, 2 * NODES * 3), values(2, 3 * 2 * 6));
    let device = Cpu::<f64>::new();
    let reader = values(3, x.len());
    let mut d_x = mat(&device, &reader, 2 * NODES, 3);
    let d_out = mat(&device, &upstream, 6, 6);
    device.prefix_readout_bwd(d_x.view_mut(), d_out.view(), &PREFIXES, NODES);
    check_gradient("x", &x, d_x.view().host(), |x| {
        weighted_sum(forward(x, 3).1.view().host(), &upstream) + weighted_sum(x, &reader)
    });
}
