//! Read-out and its gradient.

use super::Readout as _;
use crate::testing::{check_gradient, close, graphs, mat, values, weighted_sum};
use crate::{Cpu, Device as _, GraphBatch, Mat};

fn forward(x: &[f64]) -> (Cpu<f64>, Mat<Cpu<f64>>) {
    let device = Cpu::new();
    let batch = graphs::batch(&device);
    let c = x.len() / batch.n_nodes();
    let mut out = mat(
        &device,
        &vec![9.0; batch.n_graphs() * 2 * c],
        batch.n_graphs(),
        2 * c,
    );
    device.readout_fwd(
        out.view_mut(),
        mat(&device, x, batch.n_nodes(), c).view(),
        &batch,
    );
    (device, out)
}

#[test]
fn mean_and_last() {
    let device = Cpu::<f64>::new();
    let mut batch = GraphBatch::new(&device);
    batch.push([0, 0].into_iter(), &[0, 1]);
    batch.push([0].into_iter(), &[0]);
    batch.upload(&device);
    assert!(device.describe().starts_with("cpu-f64"));
    let x = mat(&device, &[1.0, 2.0, 3.0, 6.0, 5.0, 7.0], 3, 2);
    let mut out = mat(&device, &[0.0; 8], 2, 4);
    device.readout_fwd(out.view_mut(), x.view(), &batch);
    close(
        &device,
        out.view(),
        &[2.0, 4.0, 3.0, 6.0, 5.0, 7.0, 5.0, 7.0],
        0.0,
    );
}

#[test]
fn gradient() {
    let n = graphs::edges().1;
    let x = values(1, n * 3);
    let (device, out) = forward(&x);
    let upstream = values(2, out.n_rows() * 6);
    let mut d_x = mat(&device, &vec![9.0; n * 3], n, 3);
    let d_out = mat(&device, &upstream, out.n_rows(), 6);
    device.readout_bwd(d_x.view_mut(), d_out.view(), &graphs::batch(&device));
    check_gradient("x", &x, d_x.view().host(), |x| {
        weighted_sum(forward(x).1.view().host(), &upstream)
    });
}
