//! Row look-up and its adjoint.

use super::Gather as _;
use crate::ops::product::Write;
use crate::testing::{Tolerance, close, mat};
use crate::{Cpu, Device as _};

#[test]
fn looks_up_and_scatters() {
    let device = Cpu::<f64>::new();
    let mut index = device.ints();
    device.write_ints(&mut index, &[2, 0, 2]);
    let table = mat(&device, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2);
    let mut out = mat(&device, &[0.0; 6], 3, 2);
    device.gather_fwd(out.view_mut(), table.view(), &index, Write::Set);
    close(
        &device,
        out.view(),
        &[5.0, 6.0, 1.0, 2.0, 5.0, 6.0],
        Tolerance::EXACT,
    );
    device.gather_fwd(out.view_mut(), table.view(), &index, Write::Add);
    close(
        &device,
        out.view(),
        &[10.0, 12.0, 2.0, 4.0, 10.0, 12.0],
        Tolerance::EXACT,
    );
    let d_out = mat(&device, &[1.0, 2.0, 3.0, 4.0, 10.0, 20.0], 3, 2);
    let mut d_table = mat(&device, &[100.0; 6], 3, 2);
    device.gather_bwd(d_table.view_mut(), d_out.view(), &index);
    close(
        &device,
        d_table.view(),
        &[103.0, 104.0, 100.0, 100.0, 111.0, 122.0],
        Tolerance::EXACT,
    );
}

#[test]
#[should_panic(expected = "range")]
fn index_out_of_range() {
    let device = Cpu::<f64>::new();
    let mut index = device.ints();
    device.write_ints(&mut index, &[3]);
    let table = mat(&device, &[0.0; 6], 3, 2);
    let mut out = mat(&device, &[0.0; 2], 1, 2);
    device.gather_fwd(out.view_mut(), table.view(), &index, Write::Set);
}

/// Rows of the table, indices, and columns.
struct Case(usize, usize, usize);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{index_of, indices, random, read, unset};
        let Self(rows, n, c) = *self;
        let index: Vec<u32> = (0..n).map(|i| index_of((i * i + 3 * i) % rows)).collect();
        let index = indices(device, &index);
        let (table, d_out) = (random(device, 1, rows, c), random(device, 2, n, c));
        let (mut out, mut d_table) = (unset(device, n, c), random(device, 3, rows, c));
        device.gather_fwd(out.view_mut(), table.view(), &index, Write::Set);
        let once = read(device, out.view());
        device.gather_fwd(out.view_mut(), table.view(), &index, Write::Add);
        device.gather_bwd(d_table.view_mut(), d_out.view(), &index);
        let (twice, d_table) = (read(device, out.view()), read(device, d_table.view()));
        vec![("out", once), ("twice", twice), ("d_table", d_table)]
    }
}

#[test]
fn devices_agree() {
    for (rows, n, c) in [
        (1, 0, 3),
        (1, 1, 1),
        (3, 100, 24),
        (5, 600, 33),
        (200, 70, 128),
        (2, 999, 1),
    ] {
        crate::testing::agree(&Case(rows, n, c), Tolerance::F32_SUM);
    }
}
