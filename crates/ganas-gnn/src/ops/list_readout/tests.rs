//! Read-out of lists of nodes and its gradient.

use super::{ListReadout as _, NodeLists};
use crate::testing::{Tolerance, check_gradient, close, mat, values, weighted_sum};
use crate::{Cpu, Mat};

/// Two lists share their beginning, and one has a node twice.
fn lists() -> NodeLists<Cpu<f64>> {
    let device = Cpu::new();
    let mut lists = NodeLists::new(&device);
    let of: [&[u32]; 2] = [&[0, 1, 3, 6], &[0, 0, 2, 1, 3, 3]];
    lists.write(&device, of);
    lists.write_readers(&device, of, 4);
    lists
}

fn forward(x: &[f64], c: usize) -> (Cpu<f64>, Mat<Cpu<f64>>) {
    let device = Cpu::new();
    let mut out = mat(&device, &vec![9.0; 6 * c], 3, 2 * c);
    let x = mat(&device, x, 4, c);
    device.list_readout_fwd(out.view_mut(), x.view(), &lists());
    (device, out)
}

#[test]
fn mean_and_last_of_each_list() {
    let (device, out) = forward(&[1.0, 3.0, 5.0, 9.0], 1);
    close(
        &device,
        out.view(),
        &[1.0, 1.0, 3.0, 5.0, 7.0, 9.0],
        Tolerance::EXACT,
    );
}

#[test]
fn gradient() {
    let (x, upstream) = (values(1, 4 * 3), values(2, 3 * 6));
    let device = Cpu::<f64>::new();
    let mut d_x = mat(&device, &[9.0; 4 * 3], 4, 3);
    let d_out = mat(&device, &upstream, 3, 6);
    device.list_readout_bwd(d_x.view_mut(), d_out.view(), &lists());
    check_gradient("x", &x, d_x.view().host(), |x| {
        weighted_sum(forward(x, 3).1.view().host(), &upstream)
    });
}

fn projected(x: &[f64], c: usize) -> Mat<Cpu<f64>> {
    let device = Cpu::new();
    let mut out = mat(&device, &vec![9.0; 3 * c], 3, c);
    let x = mat(&device, x, 4, 2 * c);
    device.projected_readout_fwd(out.view_mut(), x.view(), &lists());
    out
}

/// The read-out of nodes, and then a linear map, is the sum of their projections.
#[test]
fn a_linear_map_can_come_first() {
    let (x, w) = (values(1, 4 * 3), values(2, 6 * 2));
    let apply = |row: &[f64], w: &[f64]| -> Vec<f64> {
        let column = |k: usize| row.iter().zip(w.chunks(2)).map(|(x, w)| x * w[k]).sum();
        vec![column(0), column(1)]
    };
    let (device, readout) = forward(&x, 3);
    let rows = readout.view().host().chunks(6);
    let expected: Vec<f64> = rows.flat_map(|row| apply(row, &w)).collect();
    let both = |x: &[f64]| [apply(x, &w[..6]), apply(x, &w[6..])].concat();
    let projections: Vec<f64> = x.chunks(3).flat_map(both).collect();
    close(
        &device,
        projected(&projections, 2).view(),
        &expected,
        Tolerance::ROUNDING,
    );
}

#[test]
fn gradient_of_projections() {
    let (x, upstream) = (values(1, 4 * 6), values(2, 3 * 3));
    let device = Cpu::<f64>::new();
    let mut d_x = mat(&device, &[9.0; 4 * 6], 4, 6);
    let d_out = mat(&device, &upstream, 3, 3);
    device.projected_readout_bwd(d_x.view_mut(), d_out.view(), &lists());
    check_gradient("projected", &x, d_x.view().host(), |x| {
        weighted_sum(projected(x, 3).view().host(), &upstream)
    });
}

#[test]
#[should_panic(expected = "readers are written first")]
fn new_lists_have_no_readers() {
    let device = Cpu::<f64>::new();
    let mut lists = lists();
    lists.write(&device, [&[0, 1], &[0]]);
    let (mut d_x, d_out) = (mat(&device, &[0.0; 4], 4, 1), mat(&device, &[1.0; 2], 1, 2));
    device.list_readout_bwd(d_x.view_mut(), d_out.view(), &lists);
}

/// Lists, nodes, width.
struct Case(usize, usize, usize);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{index_of, random, read, unset};
        let Self(n_lists, n_nodes, c) = *self;
        let (mut start, mut nodes) = (vec![0], Vec::new());
        for list in 0..n_lists {
            nodes.extend((0..=list % 7).map(|i| index_of((3 * list + i * i) % n_nodes)));
            start.push(index_of(nodes.len()));
        }
        let mut lists = NodeLists::new(device);
        lists.write(device, [&start, &nodes]);
        lists.write_readers(device, [&start, &nodes], n_nodes);
        let (x, mut out) = (random(device, 1, n_nodes, c), unset(device, n_lists, 2 * c));
        device.list_readout_fwd(out.view_mut(), x.view(), &lists);
        let (d_out, mut d_x) = (random(device, 2, n_lists, 2 * c), unset(device, n_nodes, c));
        device.list_readout_bwd(d_x.view_mut(), d_out.view(), &lists);
        let (p, mut sums) = (random(device, 4, n_nodes, 2 * c), unset(device, n_lists, c));
        device.projected_readout_fwd(sums.view_mut(), p.view(), &lists);
        let (d_sums, mut d_p) = (random(device, 5, n_lists, c), unset(device, n_nodes, 2 * c));
        device.projected_readout_bwd(d_p.view_mut(), d_sums.view(), &lists);
        vec![
            ("out", read(device, out.view())),
            ("d_x", read(device, d_x.view())),
            ("sums", read(device, sums.view())),
            ("d_p", read(device, d_p.view())),
        ]
    }
}

#[test]
fn devices_agree() {
    for (n_lists, n_nodes, c) in [(0, 4, 3), (1, 1, 1), (50, 30, 24), (200, 9, 33)] {
        crate::testing::agree(&Case(n_lists, n_nodes, c), Tolerance::F32_SUM);
    }
}
