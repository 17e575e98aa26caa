//! Correct kernels agree with references in f64, whatever the order of the threads.

#![expect(unsafe_code, reason = "to launch a kernel is unsafe in `cudarc`")]

use cudarc::driver::{LaunchConfig, PushKernelArg as _};

use crate::device::{Device, ORDERS, assert_close, grid, numbers};

const SOURCE: &str = include_str!("correct.cu");
const TOLERANCE: f64 = 2e-6;

#[test]
fn product_of_matrices() {
    let device = Device::new();
    let kernel = device.function(SOURCE, "product");
    for size in [[1i32, 1, 1], [16, 16, 16], [70, 33, 50], [5, 40, 17]] {
        let [m, n, k] = size.map(|length| usize::try_from(length).unwrap());
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        let mut expected = vec![0.0; m * n];
        for row in 0..m {
            for column in 0..n {
                expected[row * n + column] = (0..k)
                    .map(|i| f64::from(a[row * k + i]) * f64::from(b[i * n + column]))
                    .sum();
            }
        }
        let (a, b) = (device.upload(&a), device.upload(&b));
        let blocks = |length: i32| length.cast_unsigned().div_ceil(16);
        for order in ORDERS {
            device.emulation.set_order(order);
            let mut c = device.zeros(m * n);
            let mut launch = device.stream.launch_builder(&kernel);
            launch.arg(&mut c).arg(&a).arg(&b);
            launch.arg(&size[0]).arg(&size[1]).arg(&size[2]);
            let config = grid((blocks(size[1]), blocks(size[0]), 1), (16, 16, 1));
            // SAFETY: the arguments are those of the kernel.
            unsafe { launch.launch(config) }.unwrap();
            assert_close(&device.download(&c), &expected, TOLERANCE);
        }
    }
}

#[test]
fn sums_with_shuffles_and_shared_memory() {
    let device = Device::new();
    let kernel = device.function(SOURCE, "row_sums");
    for (rows, columns, threads) in [(1, 1, 32), (7, 1000, 256), (3, 31, 64), (2, 5000, 1024)] {
        let x = numbers(rows * columns, 3);
        let expected: Vec<f64> = x
            .chunks(columns)
            .map(|row| row.iter().copied().map(f64::from).sum())
            .collect();
        let x = device.upload(&x);
        for order in ORDERS {
            device.emulation.set_order(order);
            let mut out = device.zeros(rows);
            let columns = i32::try_from(columns).unwrap();
            let blocks = u32::try_from(rows).unwrap();
            let mut launch = device.stream.launch_builder(&kernel);
            launch.arg(&mut out).arg(&x).arg(&columns);
            // SAFETY: the arguments are those of the kernel.
            unsafe { launch.launch(grid((blocks, 1, 1), (threads, 1, 1))) }.unwrap();
            assert_close(&device.download(&out), &expected, 1e-5);
        }
    }
}

#[test]
fn prefix_sums_in_dynamic_shared_memory() {
    let device = Device::new();
    let kernel = device.function(SOURCE, "prefix_sums");
    let x = numbers(200, 4);
    let mut sum = 0.0;
    let expected: Vec<f64> = x
        .iter()
        .map(|&value| {
            sum += f64::from(value);
            sum
        })
        .collect();
    let x = device.upload(&x);
    for order in ORDERS {
        device.emulation.set_order(order);
        let mut out = device.zeros(200);
        let mut launch = device.stream.launch_builder(&kernel);
        launch.arg(&mut out).arg(&x).arg(&200i32);
        let config = LaunchConfig {
            shared_mem_bytes: 256 * 4,
            ..grid((1, 1, 1), (256, 1, 1))
        };
        // SAFETY: the arguments are those of the kernel.
        unsafe { launch.launch(config) }.unwrap();
        assert_close(&device.download(&out), &expected, TOLERANCE);
    }
}

#[test]
fn strided_loop() {
    let device = Device::new();
    let kernel = device.function(SOURCE, "add_scaled");
    let (x, y) = (numbers(10_000, 5), numbers(10_000, 6));
    let expected: Vec<f64> = x
        .iter()
        .zip(&y)
        .map(|(&x, &y)| 0.25 * f64::from(x) + f64::from(y))
        .collect();
    let x = device.upload(&x);
    for order in ORDERS {
        device.emulation.set_order(order);
        let mut out = device.upload(&y);
        let mut launch = device.stream.launch_builder(&kernel);
        launch.arg(&mut out).arg(&x).arg(&0.25f32).arg(&10_000i32);
        // SAFETY: the arguments are those of the kernel.
        unsafe { launch.launch(grid((7, 1, 1), (96, 1, 1))) }.unwrap();
        assert_close(&device.download(&out), &expected, TOLERANCE);
    }
}

#[test]
fn softmax_with_a_warp_a_row() {
    let device = Device::new();
    let kernel = device.function(SOURCE, "row_softmax");
    let (rows, columns) = (13, 21);
    let x = numbers(rows * columns, 7);
    let mut expected = Vec::new();
    for row in x.chunks(columns) {
        let parts: Vec<f64> = row.iter().map(|&v| f64::from(v).exp()).collect();
        let sum: f64 = parts.iter().sum();
        expected.extend(parts.iter().map(|part| part / sum));
    }
    let x = device.upload(&x);
    for order in ORDERS {
        device.emulation.set_order(order);
        let mut out = device.zeros(rows * columns);
        let mut launch = device.stream.launch_builder(&kernel);
        launch.arg(&mut out).arg(&x).arg(&13i32).arg(&21i32);
        // SAFETY: the arguments are those of the kernel.
        unsafe { launch.launch(grid((4, 1, 1), (128, 1, 1))) }.unwrap();
        assert_close(&device.download(&out), &expected, TOLERANCE);
    }
}

#[test]
fn atomics_on_integers() {
    let device = Device::new();
    let kernel = device.function(SOURCE, "histogram");
    let values: Vec<i32> = (0..5000).map(|i| (i * i + 3 * i) % 37).collect();
    let mut expected = vec![0; 37];
    for &value in &values {
        expected[usize::try_from(value).unwrap()] += 1;
    }
    let values = device.stream.clone_htod(&values).unwrap();
    for order in ORDERS {
        device.emulation.set_order(order);
        let mut counts = device.stream.alloc_zeros::<i32>(37).unwrap();
        let mut launch = device.stream.launch_builder(&kernel);
        launch
            .arg(&mut counts)
            .arg(&values)
            .arg(&5000i32)
            .arg(&37i32);
        let config = LaunchConfig {
            shared_mem_bytes: 37 * 4,
            ..grid((5, 1, 1), (64, 1, 1))
        };
        // SAFETY: the arguments are those of the kernel.
        unsafe { launch.launch(config) }.unwrap();
        assert_eq!(device.stream.clone_dtoh(&counts).unwrap(), expected);
    }
}

#[test]
fn shuffles_in_groups() {
    let device = Device::new();
    let kernel = device.function(SOURCE, "rotate_groups");
    let x = numbers(32, 8);
    let expected: Vec<f64> = (0..32)
        .map(|lane| f64::from(x[lane / 8 * 8 + (lane + 7) % 8]))
        .collect();
    let x = device.upload(&x);
    for order in ORDERS {
        device.emulation.set_order(order);
        let mut out = device.zeros(32);
        let mut launch = device.stream.launch_builder(&kernel);
        launch.arg(&mut out).arg(&x);
        // SAFETY: the arguments are those of the kernel.
        unsafe { launch.launch(grid((1, 1, 1), (32, 1, 1))) }.unwrap();
        assert_close(&device.download(&out), &expected, 0.0);
    }
}

#[test]
fn functions_of_cuda() {
    let device = Device::new();
    let kernel = device.function(SOURCE, "functions");
    let x: Vec<f32> = (1..=50).map(|i| i as f32 * 0.07).collect();
    let references: [fn(f64) -> f64; 16] = [
        f64::exp,
        f64::tanh,
        f64::ln,
        f64::ln_1p,
        f64::sqrt,
        |v| 1.0 / v.sqrt(),
        f64::exp,
        |v| v / 3.0,
        |v| v * v + 1.0,
        |v| v,
        |v| v.min(1.0),
        |v| v.max(1.0),
        |v| v.max(0.5),
        f64::exp,
        |v| v,
        f64::floor,
    ];
    let expected: Vec<f64> = references
        .iter()
        .flat_map(|reference| x.iter().map(move |&v| reference(f64::from(v))))
        .collect();
    let x = device.upload(&x);
    let mut out = device.zeros(16 * 50);
    let mut launch = device.stream.launch_builder(&kernel);
    launch.arg(&mut out).arg(&x).arg(&50i32);
    // SAFETY: the arguments are those of the kernel.
    unsafe { launch.launch(grid((2, 1, 1), (32, 1, 1))) }.unwrap();
    assert_close(&device.download(&out), &expected, TOLERANCE);
}
