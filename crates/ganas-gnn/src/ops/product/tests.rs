//! Products against the definition, and their adjoint.

use super::{Product as _, ProductDerivatives, Write};
use crate::testing::{Tolerance, close, index_of, mat, values};
use crate::{Cpu, Element};

fn naive(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
    let mut c = vec![0.0; m * n];
    for i in 0..m {
        for p in 0..k {
            for j in 0..n {
                c[i * n + j] += a[i * k + p] * b[p * n + j];
            }
        }
    }
    c
}

fn transpose(a: &[f64], rows: usize, cols: usize) -> Vec<f64> {
    (0..rows * cols)
        .map(|i| a[(i % rows) * cols + i / rows])
        .collect()
}

fn check<T: Element>(shape: [usize; 3], tolerance: Tolerance) {
    let device = Cpu::<T>::new();
    let [m, k, n] = shape;
    let (a, b, c) = (values(1, m * k), values(2, k * n), values(3, m * n));
    let expected = naive(&a, &b, shape);
    let (plain_a, plain_b) = (mat(&device, &a, m, k), mat(&device, &b, k, n));
    let turned_a = mat(&device, &transpose(&a, m, k), k, m);
    let turned_b = mat(&device, &transpose(&b, k, n), n, k);
    for case in 0..4 {
        let mut out = mat(&device, &c, m, n);
        let left = if case % 2 == 0 {
            plain_a.view().into()
        } else {
            turned_a.view().transposed()
        };
        let right = if case < 2 {
            plain_b.view().into()
        } else {
            turned_b.view().transposed()
        };
        device.product(out.view_mut(), left, right, Write::Set);
        close(&device, out.view(), &expected, tolerance);
        device.product(out.view_mut(), left, right, Write::Add);
        let doubled: Vec<f64> = expected.iter().map(|x| 2.0 * x).collect();
        close(&device, out.view(), &doubled, tolerance);
    }
}

#[test]
fn equals_the_definition() {
    for shape in [
        [1, 1, 1],
        [3, 5, 2],
        [8, 24, 72],
        [65, 33, 7],
        [0, 4, 3],
        [4, 0, 3],
        [4, 3, 0],
    ] {
        check::<f64>(shape, Tolerance::ROUNDING);
        check::<f32>(shape, Tolerance::F32_SUM);
    }
}

/// Rows of a product do not depend on how many other rows are computed with them.
#[test]
fn rows_are_independent_of_the_batch() {
    let device = Cpu::<f32>::new();
    let (a, b) = (values(1, 37 * 24), values(2, 24 * 72));
    let (a, b) = (mat(&device, &a, 37, 24), mat(&device, &b, 24, 72));
    let mut whole = mat(&device, &vec![0.0; 37 * 72], 37, 72);
    device.product(whole.view_mut(), a.view(), b.view(), Write::Set);
    for (start, count) in [(0, 1), (5, 3), (20, 17)] {
        let mut part = mat(&device, &vec![0.0; count * 72], count, 72);
        device.product(part.view_mut(), a.rows(start, count), b.view(), Write::Set);
        assert_eq!(part.view().host(), whole.rows(start, count).host());
    }
}

#[test]
#[should_panic(expected = "does not fit")]
fn shapes_must_fit() {
    let device = Cpu::<f64>::new();
    let (a, b) = (mat(&device, &[0.0; 6], 2, 3), mat(&device, &[0.0; 8], 2, 4));
    let mut out = mat(&device, &[0.0; 8], 2, 4);
    device.product(out.view_mut(), a.view(), b.view(), Write::Set);
}

fn operand_of<B: crate::Backend>(mat: &crate::Mat<B>, transposed: bool) -> super::Operand<'_, B> {
    if transposed {
        mat.view().transposed()
    } else {
        mat.view().into()
    }
}

/// A shape, and which operands are transposed.
struct Case([usize; 3], [bool; 2]);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{random, read};
        let Self([m, k, n], transposed) = *self;
        let operand = |seed, [rows, cols]: [usize; 2], transposed| {
            if transposed {
                random(device, seed, cols, rows)
            } else {
                random(device, seed, rows, cols)
            }
        };
        let a = operand(1, [m, k], transposed[0]);
        let b = operand(2, [k, n], transposed[1]);
        let mut out = crate::testing::unset(device, m, n);
        let (a, b) = (operand_of(&a, transposed[0]), operand_of(&b, transposed[1]));
        device.product(out.view_mut(), a, b, Write::Set);
        let once = read(device, out.view());
        device.product(out.view_mut(), a, b, Write::Add);
        vec![("product", once), ("twice", read(device, out.view()))]
    }
}

#[test]
fn devices_agree() {
    for shape in [
        [1, 1, 1],
        [3, 5, 2],
        [65, 33, 7],
        [33, 128, 97],
        [0, 4, 3],
        [4, 0, 3],
        [4, 3, 0],
        [1, 700, 1],
        [70, 300, 129],
        [800, 40, 800],
    ] {
        for transposed in [[false, false], [true, false], [false, true], [true, true]] {
            let tolerance = Tolerance::f32_sum_of(index_of(shape[1]));
            crate::testing::agree(&Case(shape, transposed), tolerance);
        }
    }
}

#[cfg(feature = "cuda")]
#[test]
fn tiles_equal_the_oracle() {
    use crate::testing::{random, read, unset};
    for device in crate::testing::cuda::devices() {
        let (a, b) = (random(&device, 1, 70, 300), random(&device, 2, 300, 129));
        let [mut tiled, mut oracle] = [(); 2].map(|()| unset(&device, 70, 129));
        device.product(tiled.view_mut(), a.view(), b.view(), Write::Set);
        super::cuda::naive(
            &device,
            oracle.view_mut(),
            [a.view().into(), b.view().into()],
        );
        let expected = read(&device, oracle.view());
        Tolerance::F32.check("product", &read(&device, tiled.view()), &expected);
    }
}

/// The elements of a product in a pool of some threads.
fn in_a_pool(threads: usize, [m, k, n]: [usize; 3], turned: [bool; 2]) -> Vec<f32> {
    let device = Cpu::<f32>::new();
    let (a, b) = (values(1, m * k), values(2, k * n));
    let (a_shape, b_shape) = (
        if turned[0] { [k, m] } else { [m, k] },
        if turned[1] { [n, k] } else { [k, n] },
    );
    let a = mat::<f32>(&device, &a, a_shape[0], a_shape[1]);
    let b = mat::<f32>(&device, &b, b_shape[0], b_shape[1]);
    let mut out = mat(&device, &vec![0.25; m * n], m, n);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let left = if turned[0] {
            a.view().transposed()
        } else {
            a.view().into()
        };
        let right = if turned[1] {
            b.view().transposed()
        } else {
            b.view().into()
        };
        device.product(out.view_mut(), left, right, Write::Add);
    });
    out.view().host().to_vec()
}

#[test]
fn blocks_do_not_show() {
    for shape in [
        [127, 128, 384],
        [128, 798, 384],
        [241, 384, 128],
        [500, 256, 9],
        [30_000, 128, 1],
        [126, 900, 48],
        [64, 1300, 64],
        [49, 256, 384],
        [2000, 700, 3],
    ] {
        for turned in [[false, false], [true, false], [false, true], [true, true]] {
            let one = in_a_pool(1, shape, turned);
            for threads in [2, 3, 7] {
                let same = in_a_pool(threads, shape, turned)
                    .iter()
                    .zip(&one)
                    .all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{shape:?} {turned:?} in {threads} threads");
            }
        }
    }
}

/// Operands and output that are columns of wider matrices, with operands as they are and transposed.
struct SomeColumns([usize; 3]);

impl crate::testing::OnDevice for SomeColumns {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{random, read};
        let Self([m, k, n]) = *self;
        let (a, b) = (random(device, 1, m, k + 3), random(device, 2, k, n + 4));
        let (turned_a, turned_b) = (random(device, 3, k, m + 1), random(device, 4, n, k + 2));
        let (a, b) = (a.view().columns(1, k), b.view().columns(4, n));
        let turned_a = turned_a.view().columns(1, m).transposed();
        let turned_b = turned_b.view().columns(0, k).transposed();
        let mut out = random(device, 5, m, n + 5);
        device.product(out.view_mut().columns(2, n), a, b, Write::Set);
        let plain = read(device, out.view());
        device.product(out.view_mut().columns(3, n), turned_a, turned_b, Write::Add);
        vec![("plain", plain), ("turned", read(device, out.view()))]
    }
}

#[test]
fn devices_agree_on_columns() {
    for shape in [[1, 1, 1], [65, 33, 7], [4, 0, 3], [70, 300, 129]] {
        crate::testing::agree(&SomeColumns(shape), Tolerance::F32_SUM);
    }
}

#[test]
fn columns_of_wider_matrices() {
    let device = Cpu::<f64>::new();
    let [m, k, n] = [13, 5, 9];
    let (a, b) = (values(1, m * k), values(2, k * n));
    let widened = |values: &[f64], cols: usize| -> Vec<f64> {
        let rows = values.chunks(cols);
        rows.flat_map(|row| [&[7.0], row, &[8.0, 9.0]].concat())
            .collect()
    };
    let wide_a = mat(&device, &widened(&a, k), m, k + 3);
    let wide_b = mat(&device, &widened(&b, n), k, n + 3);
    let mut out = mat(&device, &vec![0.0; m * (n + 3)], m, n + 3);
    let (a_part, b_part) = (wide_a.view().columns(1, k), wide_b.view().columns(1, n));
    device.product(out.view_mut().columns(1, n), a_part, b_part, Write::Set);
    // The columns beside keep what they had.
    let mut expected = Vec::new();
    for row in naive(&a, &b, [m, k, n]).chunks(n) {
        expected.extend([&[0.0], row, &[0.0, 0.0]].concat());
    }
    close(&device, out.view(), &expected, Tolerance::ROUNDING);
}

#[test]
#[should_panic(expected = "some columns of a wider one")]
fn only_products_take_columns() {
    let device = Cpu::<f64>::new();
    let mut wide = mat(&device, &[0.0; 8], 2, 4);
    wide.view_mut().columns(1, 2).clear(&device);
}

/// The adjoint of a product of so many rows, inputs and outputs, of which the last columns of `d` and rows of `w` are read.
struct Adjoint([usize; 3]);

impl Adjoint {
    /// By one operation, or by the two products that it is.
    fn derivatives<B: crate::Backend>(
        &self,
        device: &B,
        write: Write,
        at_once: bool,
    ) -> [Vec<f64>; 2] {
        use crate::testing::{random, read};
        let Self([m, k, n]) = *self;
        let (x, d) = (random(device, 1, m, k), random(device, 2, m, n + 3));
        let (w, mut d_w) = (random(device, 3, k + 2, n), random(device, 4, k + 2, n));
        let mut d_x = random(device, 5, m, k);
        let (d, w) = (d.view().columns(3, n), w.rows(2, k));
        if at_once {
            let out = ProductDerivatives {
                d_w: d_w.rows_mut(2, k),
                d_x: d_x.view_mut(),
                write,
            };
            device.product_bwd(out, d, x.view(), w);
        } else {
            device.product(d_w.rows_mut(2, k), x.view().transposed(), d, Write::Add);
            device.product(d_x.view_mut(), d, w.transposed(), write);
        }
        [d_w.view(), d_x.view()].map(|derivative| read(device, derivative))
    }
}

impl crate::testing::OnDevice for Adjoint {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        let [d_w, d_x] = self.derivatives(device, Write::Add, true);
        vec![("d_w", d_w), ("d_x", d_x)]
    }
}

#[test]
fn the_adjoint_is_two_products() {
    let device = Cpu::<f32>::new();
    for shape in [
        [1, 1, 1],
        [0, 2, 3],
        [40, 33, 7],
        [300, 128, 256],
        [700, 64, 1],
    ] {
        let adjoint = Adjoint(shape);
        for write in [Write::Set, Write::Add] {
            let expected = adjoint.derivatives(&device, write, false);
            for threads in 1..4 {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                let work = || adjoint.derivatives(&device, write, true);
                let found = pool.build().unwrap().install(work);
                assert!(found == expected, "{shape:?}, {write:?}, {threads} threads");
            }
        }
        crate::testing::agree(&adjoint, Tolerance::F32_SUM);
    }
}
