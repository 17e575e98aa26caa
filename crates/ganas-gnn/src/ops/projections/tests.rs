//! Projections against one product for each part, and their gradient.

use std::ops::Range;

use super::{ProjectionDerivatives, ProjectionInputs, Projections as _};
use crate::testing::{
    OnDevice, Tolerance, agree, check_gradient, mat, random, read, unset, values, weighted_sum,
};
use crate::{Backend, Cpu, View};

/// Rows, inputs and outputs of a part, and the rows of each part.
struct Case([usize; 3], [Range<usize>; 3]);

impl Case {
    /// What is read of a matrix of projections.
    fn parts<B: Backend>(&self, device: &B, projected: View<'_, B>) -> Vec<f64> {
        let Self([_, _, c], parts) = self;
        let all = read(device, projected);
        let rows = parts.iter().enumerate().flat_map(|(p, rows)| {
            let columns = p * c..(p + 1) * c;
            rows.clone().map(move |row| (row, columns.clone()))
        });
        rows.flat_map(|(row, columns)| all[row * 3 * c..][columns].to_vec())
            .collect()
    }
}

impl OnDevice for Case {
    fn results<B: Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        let Self([n, k, c], parts) = self;
        let (n, k, c) = (*n, *k, *c);
        let (x, weight) = (random(device, 1, n, k), random(device, 2, k, 3 * c));
        let mut projected = unset(device, n, 3 * c);
        let inputs = ProjectionInputs {
            x: x.view(),
            weight: weight.view(),
            read: parts,
        };
        device.projections_fwd(projected.view_mut(), inputs);
        let forward = self.parts(device, projected.view());
        let d = random(device, 3, n, 3 * c);
        let (mut d_weight, mut d_x) = (random(device, 4, k, 3 * c), unset(device, n, k));
        let out = ProjectionDerivatives {
            d_weight: d_weight.view_mut(),
            d_x: d_x.view_mut(),
        };
        device.projections_bwd(out, d.view(), inputs);
        vec![
            ("projected", forward),
            ("d_weight", read(device, d_weight.view())),
            ("d_x", read(device, d_x.view())),
        ]
    }
}

#[test]
fn gradient() {
    let (device, [n, k, c]) = (Cpu::<f64>::new(), [5, 3, 2]);
    let case = Case([n, k, c], [0..5, 0..3, 2..4]);
    let (x, weight) = (values(1, n * k), values(2, k * 3 * c));
    // A derivative for everything; what is not read must not count.
    let d = values(3, n * 3 * c);
    let forward = |x: &[f64], weight: &[f64]| {
        let (x, weight) = (mat(&device, x, n, k), mat(&device, weight, k, 3 * c));
        let mut projected = unset(&device, n, 3 * c);
        let inputs = ProjectionInputs {
            x: x.view(),
            weight: weight.view(),
            read: &case.1,
        };
        device.projections_fwd(projected.view_mut(), inputs);
        case.parts(&device, projected.view())
    };
    let upstream = case.parts(&device, mat(&device, &d, n, 3 * c).view());
    let (mut d_weight, mut d_x) = (
        mat(&device, &vec![0.0; k * 3 * c], k, 3 * c),
        unset(&device, n, k),
    );
    device.projections_bwd(
        ProjectionDerivatives {
            d_weight: d_weight.view_mut(),
            d_x: d_x.view_mut(),
        },
        mat(&device, &d, n, 3 * c).view(),
        ProjectionInputs {
            x: mat(&device, &x, n, k).view(),
            weight: mat(&device, &weight, k, 3 * c).view(),
            read: &case.1,
        },
    );
    check_gradient("x", &x, d_x.view().host(), |x| {
        weighted_sum(&forward(x, &weight), &upstream)
    });
    check_gradient("weight", &weight, d_weight.view().host(), |weight| {
        weighted_sum(&forward(&x, weight), &upstream)
    });
}

#[test]
fn devices_agree() {
    for (shape, parts) in [
        ([1, 1, 1], [0..1, 0..0, 0..1]),
        ([0, 4, 3], [0..0, 0..0, 0..0]),
        ([40, 33, 7], [0..40, 3..17, 12..40]),
        ([300, 64, 48], [0..300, 0..190, 41..300]),
    ] {
        agree(&Case(shape, parts), Tolerance::F32_SUM);
    }
}

#[test]
fn blocks_do_not_show() {
    let results = |case: &Case, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let device = Cpu::<f32>::new();
        pool.build().unwrap().install(|| case.results(&device))
    };
    for (shape, parts) in [
        // Segments of a single row, and of a few.
        ([700, 128, 128], [0..700, 0..699, 3..700]),
        ([512, 64, 96], [0..512, 0..508, 1..512]),
        // Sums in several pieces, more of them in some parts than in others.
        ([1300, 128, 64], [0..1300, 0..400, 390..1290]),
        ([2100, 48, 24], [0..2100, 0..2000, 100..2100]),
        ([798, 128, 128], [0..798, 0..660, 130..798]),
        ([600, 96, 33], [0..600, 0..0, 0..600]),
    ] {
        let case = Case(shape, parts);
        let one = results(&case, 1);
        for threads in [2, 3, 7] {
            assert_eq!(results(&case, threads), one, "{shape:?}, {threads} threads");
        }
    }
}

#[test]
#[should_panic(expected = "every row has a first part")]
fn the_first_part_has_all_rows() {
    let device = Cpu::<f64>::new();
    let (x, weight) = (random(&device, 1, 2, 1), random(&device, 2, 1, 2));
    let (mut d_weight, mut d_x) = (random(&device, 3, 1, 2), unset(&device, 2, 1));
    let out = ProjectionDerivatives {
        d_weight: d_weight.view_mut(),
        d_x: d_x.view_mut(),
    };
    let d = random(&device, 4, 2, 2);
    let inputs = ProjectionInputs {
        x: x.view(),
        weight: weight.view(),
        read: &[0..1, 0..2],
    };
    device.projections_bwd(out, d.view(), inputs);
}
