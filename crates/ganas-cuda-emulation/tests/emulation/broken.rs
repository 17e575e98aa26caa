//! Kernels with a mistake are found out, each in the way that the documentation of the crate says.

#![expect(unsafe_code, reason = "wrong launches are the subject of the tests")]

use cudarc::driver::{
    CudaFunction, CudaSlice, DevicePtr as _, DriverError, LaunchConfig, PushKernelArg as _,
    sys::CUresult,
};
use ganas_cuda_emulation::Order;

use crate::device::{Device, ORDERS, grid, numbers};

const SOURCE: &str = include_str!("broken.cu");

/// The line of the source with the comment `fault: name`.
fn line(name: &str) -> String {
    let comment = format!("// fault: {name}");
    let position = SOURCE
        .lines()
        .position(|line| line.ends_with(&comment))
        .unwrap_or_else(|| panic!("the source has no comment {comment}"));
    format!("broken.cu:{}", position + 1)
}

fn kernel(device: &Device, name: &str) -> CudaFunction {
    let module = device.module("broken.cu", SOURCE);
    module.load_function(name).unwrap()
}

/// One block of `threads` threads for a kernel whose only argument is its output.
fn launch(
    device: &Device,
    name: &str,
    out: &mut CudaSlice<f32>,
    threads: u32,
) -> Result<(), DriverError> {
    let function = kernel(device, name);
    let mut launch = device.stream.launch_builder(&function);
    launch.arg(out);
    // SAFETY: the argument is that of the kernel.
    unsafe { launch.launch(grid((1, 1, 1), (threads, 1, 1))) }.map(drop)
}

#[track_caller]
fn assert_fails(
    device: &Device,
    result: Result<(), DriverError>,
    code: CUresult,
    in_report: &[&str],
) {
    assert_eq!(result, Err(DriverError(code)));
    let report = device.report();
    for text in in_report {
        assert!(report.contains(text), "`{text}` is not in: {report}");
    }
}

const FAILED: CUresult = CUresult::CUDA_ERROR_LAUNCH_FAILED;
const INVALID: CUresult = CUresult::CUDA_ERROR_INVALID_VALUE;
const ADDRESS: CUresult = CUresult::CUDA_ERROR_ILLEGAL_ADDRESS;

/// The output of a kernel with the arguments `out` and `x` in each order.
fn outputs(name: &str) -> (Vec<f32>, Vec<Vec<f32>>) {
    let device = Device::new();
    let function = kernel(&device, name);
    let x = numbers(128, 1);
    let on_device = device.upload(&x);
    let outputs = ORDERS.map(|order| {
        device.emulation.set_order(order);
        let mut out = device.zeros(128);
        let mut launch = device.stream.launch_builder(&function);
        launch.arg(&mut out).arg(&on_device);
        // SAFETY: the arguments are those of the kernel.
        unsafe { launch.launch(grid((1, 1, 1), (128, 1, 1))) }.unwrap();
        device.download(&out)
    });
    (x, outputs.to_vec())
}

#[test]
fn missing_barrier_gives_nan() {
    let (_, outputs) = outputs("missing_barrier");
    for out in outputs {
        assert!(out.iter().any(|value| value.is_nan()));
    }
}

#[test]
fn missing_barrier_gives_another_result_in_another_order() {
    let (x, outputs) = outputs("missing_second_barrier");
    let correct: Vec<f32> = (0..128).map(|i| x[(i + 1) % 128]).collect();
    assert!(outputs.iter().any(|out| *out != correct));
    assert!(outputs.iter().any(|out| *out != outputs[0]));
}

#[test]
fn divergent_barrier() {
    let device = Device::new();
    for order in ORDERS {
        device.emulation.set_order(order);
        let mut out = device.zeros(64);
        let result = launch(&device, "divergent_barrier", &mut out, 64);
        let places = [line("divergent_barrier"), line("divergent_barrier again")];
        let expected = [
            "divergent barrier",
            "`divergent_barrier`",
            &places[0],
            &places[1],
        ];
        assert_fails(&device, result, FAILED, &expected);
    }
}

#[test]
fn barrier_that_some_threads_do_not_reach() {
    let device = Device::new();
    let function = kernel(&device, "barrier_after_return");
    for order in ORDERS {
        device.emulation.set_order(order);
        let mut out = device.zeros(64);
        let mut launch = device.stream.launch_builder(&function);
        launch.arg(&mut out).arg(&40i32);
        // SAFETY: the arguments are those of the kernel.
        let result = unsafe { launch.launch(grid((1, 1, 1), (64, 1, 1))) }.map(drop);
        let place = line("barrier_after_return");
        assert_fails(
            &device,
            result,
            FAILED,
            &["returned", "__syncthreads", &place],
        );
    }
}

#[test]
fn access_outside_of_an_allocation() {
    let device = Device::new();
    for (name, offset, where_) in [
        (
            "read_past_end",
            4,
            "just past the end of an allocation of 16 bytes",
        ),
        (
            "read_past_end",
            6,
            "8 bytes past the end of an allocation of 16 bytes",
        ),
        (
            "read_before_start",
            1100,
            "4400 bytes before an allocation of 16 bytes",
        ),
    ] {
        let function = kernel(&device, name);
        let (mut out, x) = (device.zeros(1), device.upload(&[1.0; 4]));
        let mut launch = device.stream.launch_builder(&function);
        launch.arg(&mut out).arg(&x).arg(&offset);
        // SAFETY: the arguments are those of the kernel; the emulation catches the access.
        let result = unsafe { launch.launch(grid((1, 1, 1), (1, 1, 1))) }.map(drop);
        let place = line(name);
        assert_fails(
            &device,
            result,
            ADDRESS,
            &["out-of-bounds read", where_, &place],
        );
    }
}

#[test]
fn write_outside_of_an_allocation() {
    let device = Device::new();
    let function = kernel(&device, "write_past_end");
    // In the margin that the alignment leaves, and in the inaccessible page behind it.
    for (len, offset, text) in [
        (5, 5, "just outside its 20 bytes"),
        (8, 8, "out-of-bounds write"),
    ] {
        let mut out = device.zeros(len);
        let mut launch = device.stream.launch_builder(&function);
        launch.arg(&mut out).arg(&offset);
        // SAFETY: the arguments are those of the kernel; the emulation catches the access.
        let result = unsafe { launch.launch(grid((2, 1, 1), (8, 1, 1))) }.map(drop);
        assert_fails(&device, result, ADDRESS, &["`write_past_end`", text]);
        if len == 8 {
            let report = device.report();
            assert!(
                report.contains("block (1, 0, 0), thread (5, 0, 0)"),
                "{report}"
            );
            assert!(report.contains(&line("write_past_end")), "{report}");
        } else {
            // The margin stays damaged, and the free would report it again.
            std::mem::forget(out);
        }
    }
    // The device goes on working.
    let mut out = device.zeros(64);
    launch(&device, "bounded", &mut out, 64).unwrap();
    assert_eq!(device.download(&out), [1.0; 64]);
}

#[test]
fn memory_that_nobody_wrote_is_nan() {
    let device = Device::new();
    let function = kernel(&device, "unset_memory");
    let mut out = device.zeros(3);
    // SAFETY: that the values are unset is what the test is about.
    let unset = unsafe { device.stream.alloc::<f32>(1) }.unwrap();
    let mut launch = device.stream.launch_builder(&function);
    launch.arg(&mut out).arg(&unset);
    let config = LaunchConfig {
        shared_mem_bytes: 16,
        ..grid((2, 1, 1), (2, 1, 1))
    };
    // SAFETY: the arguments are those of the kernel.
    unsafe { launch.launch(config) }.unwrap();
    assert!(device.download(&out).iter().all(|value| value.is_nan()));
}

#[test]
fn masks_of_shuffles() {
    let device = Device::new();
    for order in [Order::Ascending, Order::Descending, Order::Shuffled(3)] {
        device.emulation.set_order(order);
        for (name, text) in [
            ("lane_not_in_mask", "is not in the mask that it passes"),
            ("shuffle_from_outside_mask", "reads lane 20"),
            ("different_masks", "with another mask"),
            ("returned_lane", "lane 3, which has returned"),
        ] {
            let mut out = device.zeros(32);
            let result = launch(&device, name, &mut out, 32);
            // With lane 3 started last, it returns while others wait for it.
            let deadlock = device.report().contains("deadlock");
            let text = if name == "returned_lane" && deadlock {
                "a shuffle at"
            } else {
                text
            };
            assert_fails(&device, result, FAILED, &[text, &line(name)]);
        }
    }
}

#[test]
fn threads_that_wait_for_each_other() {
    let device = Device::new();
    for order in ORDERS {
        device.emulation.set_order(order);
        let mut out = device.zeros(32);
        let result = launch(&device, "deadlock", &mut out, 32);
        let places = [line("deadlock"), line("deadlock again")];
        let expected = [
            "deadlock",
            "16 threads wait in __syncthreads",
            "16 threads wait in __syncwarp",
            &places[0],
            &places[1],
        ];
        assert_fails(&device, result, FAILED, &expected);
    }
}

#[test]
fn faults_beside_memory() {
    let device = Device::new();
    let mut ints = device.stream.alloc_zeros::<i32>(1).unwrap();
    let function = kernel(&device, "division_by_zero");
    let mut launch = device.stream.launch_builder(&function);
    launch.arg(&mut ints).arg(&0i32);
    // SAFETY: the arguments are those of the kernel.
    let result = unsafe { launch.launch(grid((1, 1, 1), (1, 1, 1))) }.map(drop);
    assert_fails(
        &device,
        result,
        FAILED,
        &["division by zero", &line("division_by_zero")],
    );

    for (name, code, text) in [
        ("failed_assertion", FAILED, "assertion failed: n == 3"),
        ("too_much_stack", ADDRESS, "more stack"),
    ] {
        let function = kernel(&device, name);
        let mut out = device.zeros(1);
        let mut launch = device.stream.launch_builder(&function);
        launch.arg(&mut out).arg(&0i32);
        // SAFETY: the arguments are those of the kernel.
        let result = unsafe { launch.launch(grid((1, 1, 1), (1, 1, 1))) }.map(drop);
        assert_fails(&device, result, code, &[text, "thread (0, 0, 0)"]);
    }
}

#[test]
fn checks_of_the_compiler_and_of_shared_memory() {
    let device = Device::new();
    for (name, n, code, text) in [
        (
            "index_outside_of_array",
            8,
            FAILED,
            "an index is outside of its array",
        ),
        ("misaligned", 1, FAILED, "an address is not aligned"),
        ("shift_too_far", 33, FAILED, "a shift is by"),
        (
            "dynamic_shared_too_small",
            4,
            ADDRESS,
            "past the end of the dynamic shared memory",
        ),
    ] {
        let function = kernel(&device, name);
        let mut out = device.zeros(32);
        for n in [0, n] {
            let mut launch = device.stream.launch_builder(&function);
            launch.arg(&mut out).arg(&n);
            let config = LaunchConfig {
                shared_mem_bytes: 16,
                ..grid((1, 1, 1), (1, 1, 1))
            };
            // SAFETY: the arguments are those of the kernel.
            let result = unsafe { launch.launch(config) }.map(drop);
            if n == 0 {
                assert_eq!(result, Ok(()), "{name}");
            } else {
                assert_fails(&device, result, code, &[text, &line(name)]);
            }
        }
    }
}

#[test]
fn arguments_that_are_missing() {
    let device = Device::new();
    device.context.bind_to_thread().unwrap();
    let x = device.upload(&[1.0; 8]);
    let module = device.module("broken.cu", SOURCE);
    let function = module.load_function("scale").unwrap();
    let (address, _guard) = x.device_ptr(&device.stream);
    for (second, text) in [
        (std::ptr::null_mut(), "argument 1 of 3 is missing"),
        (
            std::ptr::without_provenance_mut(16),
            "argument 1 of 3 cannot be read; are arguments missing?",
        ),
    ] {
        let mut arguments = [(&raw const address).cast_mut().cast(), second, second];
        // SAFETY: the emulation checks the arguments.
        let result = unsafe {
            cudarc::driver::result::launch_kernel(
                function.cu_function(),
                (1, 1, 1),
                (8, 1, 1),
                0,
                std::ptr::null_mut(),
                &mut arguments,
            )
        };
        assert_fails(&device, result, INVALID, &[text]);
    }
}

#[test]
fn threads_launch_at_the_same_time() {
    let device = Device::new();
    let good = kernel(&device, "bounded");
    let bad = kernel(&device, "divergent_barrier");
    std::thread::scope(|scope| {
        for (number, order) in ORDERS.into_iter().enumerate() {
            let (good, bad) = (&good, &bad);
            scope.spawn(move || {
                let device = Device::new();
                device.emulation.set_order(order);
                for _ in 0..50 {
                    let mut out = device.zeros(64);
                    let mut launch = device.stream.launch_builder(good);
                    launch.arg(&mut out);
                    // SAFETY: the argument is that of the kernel.
                    unsafe { launch.launch(grid((3, 1, 1), (64, 1, 1))) }.unwrap();
                    assert_eq!(device.download(&out), [1.0; 64]);
                }
                // A fault of one thread is none of another.
                if number == 0 {
                    let mut out = device.zeros(64);
                    let mut launch = device.stream.launch_builder(bad);
                    launch.arg(&mut out);
                    // SAFETY: the argument is that of the kernel.
                    let result = unsafe { launch.launch(grid((1, 1, 1), (64, 1, 1))) }.map(drop);
                    assert_fails(&device, result, FAILED, &["divergent"]);
                } else {
                    assert_eq!(device.emulation.last_report(), None);
                }
            });
        }
    });
}

#[test]
fn arguments_that_do_not_fit() {
    let device = Device::new();
    let function = kernel(&device, "scale");
    let mut x = device.upload(&[1.0; 8]);
    let config = grid((1, 1, 1), (8, 1, 1));

    let mut launch = device.stream.launch_builder(&function);
    launch.arg(&8i32).arg(&mut x).arg(&2.0f32);
    // SAFETY: the emulation checks the arguments.
    let result = unsafe { launch.launch(config) }.map(drop);
    assert_fails(&device, result, INVALID, &["argument 0 of 3 is a pointer"]);

    let mut launch = device.stream.launch_builder(&function);
    let again = x.clone();
    launch.arg(&mut x).arg(&again).arg(&2.0f32);
    // SAFETY: the emulation checks the arguments.
    let result = unsafe { launch.launch(config) }.map(drop);
    assert_fails(
        &device,
        result,
        INVALID,
        &["argument 1 of 3 is a number of 4 bytes"],
    );

    let freed = {
        let memory = device.zeros(8);
        memory.device_ptr(&device.stream).0
    };
    let mut launch = device.stream.launch_builder(&function);
    launch.arg(&freed).arg(&8i32).arg(&2.0f32);
    // SAFETY: the emulation checks the arguments.
    let result = unsafe { launch.launch(config) }.map(drop);
    assert_fails(&device, result, INVALID, &["argument 0 of 3", "freed"]);
    // Nothing ran.
    assert_eq!(device.download(&x), [1.0; 8]);
}

#[test]
fn sizes_of_launches() {
    let device = Device::new();
    let function = kernel(&device, "bounded");
    let mut out = device.zeros(2048);
    for (config, text) in [
        (grid((1, 1, 1), (65, 1, 1)), "65 threads, but at most 64"),
        (grid((0, 1, 1), (64, 1, 1)), "the grid (0, 1, 1)"),
        (grid((1, 70_000, 1), (64, 1, 1)), "the grid (1, 70000, 1)"),
        (grid((1, 1, 1), (1, 1, 65)), "the block (1, 1, 65)"),
        (
            LaunchConfig {
                shared_mem_bytes: 50_000,
                ..grid((1, 1, 1), (64, 1, 1))
            },
            "50000 bytes of dynamic shared memory",
        ),
    ] {
        let mut launch = device.stream.launch_builder(&function);
        launch.arg(&mut out);
        // SAFETY: the argument is that of the kernel.
        let result = unsafe { launch.launch(config) }.map(drop);
        assert_fails(&device, result, INVALID, &[text]);
    }
}
