//! The gates of a GRU cell against the definition, and their gradient.

use super::{GruCached, GruDerivatives, GruGates as _, GruInputs};
use crate::testing::{Tolerance, check_gradient, close, mat, values, weighted_sum};
use crate::{Cpu, Mat};

const N: usize = 3;

/// Which row of `gh` is that of each cell.
const OF_GH: [u32; N] = [2, 0, 2];
const C: usize = 2;

/// The inputs in the order gi, bias_i, gh, bias_h, h.
fn inputs() -> [Vec<f64>; 5] {
    [
        values(1, N * 3 * C),
        values(2, 3 * C),
        values(3, N * 3 * C),
        values(4, 3 * C),
        values(5, N * C),
    ]
}

/// Old and new state, one after the other, and the gates.
fn forward(x: &[Vec<f64>; 5]) -> (Cpu<f64>, Mat<Cpu<f64>>, Mat<Cpu<f64>>) {
    let device = Cpu::new();
    let old = mat(&device, &x[4], N, C);
    let mut states = mat(
        &device,
        &[x[4].as_slice(), &[9.0; N * C]].concat(),
        2 * N,
        C,
    );
    let mut gates = mat(&device, &[9.0; N * 4 * C], N, 4 * C);
    let [gi, bias_i, gh, bias_h] =
        [(0, N), (1, 1), (2, N), (3, 1)].map(|(i, rows)| mat(&device, &x[i], rows, 3 * C));
    device.gru_gates_fwd(
        states.rows_mut(N, N),
        gates.view_mut(),
        GruInputs {
            gi: gi.view(),
            bias_i: bias_i.view(),
            gh: (gh.view(), &OF_GH.to_vec()),
            bias_h: bias_h.view(),
            old: old.view(),
        },
    );
    (device, states, gates)
}

#[test]
fn equals_the_definition() {
    let x = inputs();
    let sigmoid = |v: f64| 1.0 / (1.0 + (-v).exp());
    let mut expected = Vec::new();
    for row in 0..N {
        for k in 0..C {
            let of_gh = OF_GH[row] as usize;
            let at = |row: usize, gate: usize| row * 3 * C + gate * C + k;
            let i = |gate| x[0][at(row, gate)] + x[1][at(0, gate)];
            let h = |gate| x[2][at(of_gh, gate)] + x[3][at(0, gate)];
            let (r, z) = (sigmoid(i(0) + h(0)), sigmoid(i(1) + h(1)));
            let n = (i(2) + r * h(2)).tanh();
            expected.push((1.0 - z) * n + z * x[4][row * C + k]);
        }
    }
    let (device, states, _) = forward(&x);
    close(&device, states.rows(N, N), &expected, Tolerance::ROUNDING);
    close(&device, states.rows(0, N), &x[4], Tolerance::EXACT);
}

#[test]
fn gradient() {
    let x = inputs();
    let upstream = values(6, N * C);
    let (device, states, gates) = forward(&x);
    let [mut d_gi, mut d_gh] = [(); 2].map(|()| mat(&device, &[0.0; N * 3 * C], N, 3 * C));
    let mut d_old = mat(&device, &[9.0; N * C], N, C);
    device.gru_gates_bwd(
        GruDerivatives {
            d_gi: d_gi.view_mut(),
            d_gh: d_gh.view_mut(),
            d_old: d_old.view_mut(),
        },
        mat(&device, &upstream, N, C).view(),
        GruCached {
            gates: gates.view(),
            old: states.rows(0, N),
        },
    );
    // Derivatives are those of each cell; what cells have in common gets their sums.
    let sums = |d: &Mat<Cpu<f64>>, index: &[u32], rows: usize| {
        let mut sums = vec![0.0; rows * 3 * C];
        for (row, &to) in d.view().host().chunks(3 * C).zip(index) {
            let sums = &mut sums[to as usize * 3 * C..][..3 * C];
            sums.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
        }
        sums
    };
    for (i, d) in [
        (0, d_gi.view().host().to_vec()),
        (2, sums(&d_gh, &OF_GH, N)),
        (4, d_old.view().host().to_vec()),
    ] {
        check_gradient("input", &x[i], &d, |values| {
            let mut x = x.clone();
            x[i] = values.to_vec();
            let (_, states, _) = forward(&x);
            weighted_sum(states.rows(N, N).host(), &upstream)
        });
    }
}

/// Cells and their width.
struct Case(usize, usize);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{random, read, unset};
        let Self(n, c) = *self;
        let (gi, bias_i) = (random(device, 1, n, 3 * c), random(device, 2, 1, 3 * c));
        let (gh, bias_h) = (random(device, 3, n, 3 * c), random(device, 4, 1, 3 * c));
        let (old, d_new) = (random(device, 5, n, c), random(device, 6, n, c));
        let (mut new, mut gates) = (unset(device, n, c), unset(device, n, 4 * c));
        let mut of_gh = device.ints();
        let m = u32::try_from(n.max(1)).unwrap();
        let indices = (0_u32..).map(|i| i * i % m);
        device.write_ints(&mut of_gh, &indices.take(n).collect::<Vec<_>>());
        let inputs = GruInputs {
            gi: gi.view(),
            bias_i: bias_i.view(),
            gh: (gh.view(), &of_gh),
            bias_h: bias_h.view(),
            old: old.view(),
        };
        device.gru_gates_fwd(new.view_mut(), gates.view_mut(), inputs);
        let [mut d_gi, mut d_gh] = [(); 2].map(|()| unset(device, n, 3 * c));
        let mut d_old = unset(device, n, c);
        let out = GruDerivatives {
            d_gi: d_gi.view_mut(),
            d_gh: d_gh.view_mut(),
            d_old: d_old.view_mut(),
        };
        let cached = GruCached {
            gates: gates.view(),
            old: old.view(),
        };
        device.gru_gates_bwd(out, d_new.view(), cached);
        let mats = [
            ("new", new),
            ("gates", gates),
            ("d_gi", d_gi),
            ("d_gh", d_gh),
            ("d_old", d_old),
        ];
        mats.map(|(name, mat)| (name, read(device, mat.view())))
            .into()
    }
}

#[test]
fn devices_agree() {
    for (n, c) in [(0, 3), (1, 1), (7, 24), (100, 33)] {
        crate::testing::agree(&Case(n, c), Tolerance::F32_POINTWISE);
    }
}
