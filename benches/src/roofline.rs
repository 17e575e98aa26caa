//! The limits of the machine, measured: fused multiply-adds of one core, and bytes from memory.

use ndarray::Array2;

use crate::clock;

/// Independent sums: enough to hide the latency of a multiply-add, few enough to stay in registers.
const SUMS: usize = 10;

/// Billions of floating-point operations a second of fused multiply-adds on one core; the best of several trials.
#[must_use]
pub fn peak_gflops() -> f64 {
    const ROUNDS: u32 = 2_000_000;
    let arch = pulp::Arch::new();
    (0..7)
        .map(|_| {
            let start = clock::now();
            let operations = arch.dispatch(MultiplyAdd { rounds: ROUNDS });
            operations / start.elapsed().as_secs_f64() / 1e9
        })
        .fold(0.0, f64::max)
}

/// The same on all cores at once, summed up; virtual cores may share what one of them has.
#[must_use]
pub fn peak_gflops_of_all(cores: usize) -> f64 {
    at_once(cores, peak_gflops)
}

/// The sum of what so many threads measure at the same time.
fn at_once(threads: usize, measure: fn() -> f64) -> f64 {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(measure)).collect();
        let rates = running.into_iter().map(|thread| thread.join());
        rates
            .map(|rate| rate.expect("invariant: a measurement cannot fail"))
            .sum()
    })
}

/// What products of a layer reach on all cores at once, as a share of the peak of so many cores.
///
/// Nine tenths is what they reach on cores of their own. A virtual core that shares a real one with a busy neighbour may still
/// reach the peak of multiply-adds in registers, while everything that also loads and stores falls to two thirds.
#[must_use]
pub fn share_of_cores() -> f64 {
    let cores = cores();
    at_once(cores, product_gflops) / (real(cores) * peak_gflops())
}

/// Billions of floating-point operations a second in some products of a layer one after the other, on one thread.
fn product_gflops() -> f64 {
    use ganas_gnn::Mat;
    use ganas_gnn::ops::product::{Product as _, Write};

    const SHAPE: [usize; 3] = [120, 128, 384];
    const TIMES: u32 = 60;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("invariant: a thread can be started")
        .install(|| {
            let [m, k, n] = SHAPE;
            let device = crate::Device::new();
            let mat = |rows: usize, cols: usize| {
                Mat::<crate::Device>::from_host(
                    &device,
                    Array2::from_elem([rows, cols], 0.5).view(),
                )
            };
            let (mut out, a, b) = (mat(m, n), mat(m, k), mat(k, n));
            let mut product = || device.product(out.view_mut(), a.view(), b.view(), Write::Set);
            product();
            let start = clock::now();
            (0..TIMES).for_each(|_| product());
            let seconds = start.elapsed().as_secs_f64();
            f64::from(TIMES) * 2.0 * real(m * k * n) / seconds / 1e9
        })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A loop of multiply-adds in registers; returns how many floating-point operations it did.
struct MultiplyAdd {
    rounds: u32,
}

impl pulp::WithSimd for MultiplyAdd {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> f64 {
        let start = simd.splat_f32s(0.5);
        let factor = simd.splat_f32s(std::hint::black_box(0.999));
        let summand = simd.splat_f32s(std::hint::black_box(0.001));
        // Names, and not an array, so that all of them stay in registers.
        let [mut a, mut b, mut c, mut d, mut e] = [start; 5];
        let [mut f, mut g, mut h, mut i, mut j] = [start; 5];
        for _ in 0..self.rounds {
            a = simd.mul_add_f32s(a, factor, summand);
            b = simd.mul_add_f32s(b, factor, summand);
            c = simd.mul_add_f32s(c, factor, summand);
            d = simd.mul_add_f32s(d, factor, summand);
            e = simd.mul_add_f32s(e, factor, summand);
            f = simd.mul_add_f32s(f, factor, summand);
            g = simd.mul_add_f32s(g, factor, summand);
            h = simd.mul_add_f32s(h, factor, summand);
            i = simd.mul_add_f32s(i, factor, summand);
            j = simd.mul_add_f32s(j, factor, summand);
        }
        for sum in [a, b, c, d, e, f, g, h, i, j] {
            std::hint::black_box(simd.reduce_sum_f32s(sum));
        }
        f64::from(self.rounds) * real(2 * SUMS * S::F32_LANES)
    }
}

/// Billions of bytes a second of `a = b + s c` on one core, with arrays beyond the caches; the best of several trials.
#[must_use]
pub fn peak_gbytes() -> f64 {
    const N: usize = 1 << 24;
    let (mut a, b, c) = (vec![0.0_f32; N], vec![1.0_f32; N], vec![2.0_f32; N]);
    let bytes = real(N) * 12.0;
    (0..7)
        .map(|_| {
            let start = clock::now();
            for ((a, b), c) in a.iter_mut().zip(&b).zip(&c) {
                *a = b + 3.0 * c;
            }
            std::hint::black_box(&mut a);
            bytes / start.elapsed().as_secs_f64() / 1e9
        })
        .fold(0.0, f64::max)
}

/// The report of `cargo xtask bench --roofline`: limits of the machine, and what the products of a step reach.
#[must_use]
pub fn report(shape: crate::Shape) -> String {
    use std::fmt::Write as _;

    let (peak, bytes) = (peak_gflops(), peak_gbytes());
    let mut text = format!(
        "one core: {peak:.1} GFLOP/s of fused multiply-adds, {bytes:.1} GB/s of a = b + s c\n"
    );
    let cores = cores();
    let of_all = peak_gflops_of_all(cores);
    let _ = writeln!(
        text,
        "{cores} cores at once: {of_all:.1} GFLOP/s of fused multiply-adds\n"
    );
    text += "| product | shape (m k n) | GFLOP/s | of the peak | GB/s of its operands |\n|---|---|---|---|---|\n";
    let (mut flops, mut seconds) = (0.0, 0.0);
    for (name, [m, k, n], form) in products(shape) {
        let time = time_product([m, k, n], form);
        let work = 2.0 * real(m) * real(k) * real(n);
        let traffic = 4.0 * (real(m) * real(k) + real(k) * real(n) + real(m) * real(n));
        flops += work;
        seconds += time;
        let rate = work / time / 1e9;
        let _ = writeln!(
            text,
            "| {name} | {m} {k} {n} | {rate:.1} | {:.0} % | {:.1} |",
            100.0 * rate / peak,
            traffic / time / 1e9
        );
    }
    let rate = flops / seconds / 1e9;
    let _ = writeln!(
        text,
        "| all, weighted by time | | {rate:.1} | {:.0} % | |",
        100.0 * rate / peak
    );
    text
}

/// Which operand of a product is transposed.
#[derive(Clone, Copy, Debug)]
enum Form {
    Plain,
    Left,
    Right,
}

/// The products of a discriminator step.
fn products(shape: crate::Shape) -> Vec<(&'static str, [usize; 3], Form)> {
    let (c, left) = (shape.width, shape.truth);
    let graphs = shape.truth + shape.batch / 2;
    let nodes = graphs * crate::N_NODES;
    let mut list = Vec::new();
    for _ in 1..shape.layers {
        list.push(("layer, forward", [nodes, c, 3 * c], Form::Plain));
        list.push(("layer, d_weight", [c, nodes, 3 * c], Form::Left));
        list.push(("layer, d_input", [nodes, 3 * c, c], Form::Right));
    }
    for (name, m) in [("left half", left), ("right half", graphs)] {
        let _ = name;
        list.push(("head, forward", [m, 2 * c, c], Form::Plain));
        list.push(("head, d_weight", [2 * c, m, c], Form::Left));
        list.push(("head, d_input", [m, c, 2 * c], Form::Right));
    }
    list
}

/// Seconds of a product; the best of many.
fn time_product([m, k, n]: [usize; 3], form: Form) -> f64 {
    use ganas_gnn::Mat;
    use ganas_gnn::ops::product::{Product as _, Write};

    let device = crate::Device::new();
    let mat = |rows: usize, cols: usize| {
        Mat::<crate::Device>::from_host(&device, Array2::from_elem([rows, cols], 0.5).view())
    };
    let mut out = mat(m, n);
    let (a, b) = match form {
        Form::Plain => (mat(m, k), mat(k, n)),
        Form::Left => (mat(k, m), mat(k, n)),
        Form::Right => (mat(m, k), mat(n, k)),
    };
    let mut best = f64::INFINITY;
    for _ in 0..200 {
        let start = clock::now();
        let to = out.view_mut();
        match form {
            Form::Plain => device.product(to, a.view(), b.view(), Write::Set),
            Form::Left => device.product(to, a.view().transposed(), b.view(), Write::Add),
            Form::Right => device.product(to, a.view(), b.view().transposed(), Write::Set),
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench are small")]
fn real(n: usize) -> f64 {
    n as f64
}
