//! Devices: searches on an emulated GPU, and what is said where there is none.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::sandbox::{Ended, SMALL, Sandbox, search};

/// Lets a command find the emulated driver and compiler, or other libraries.
fn with_libraries(command: &mut Command, folder: &Path) -> Ended {
    command
        .env("LD_LIBRARY_PATH", folder)
        .env("GANAS_EMULATION_ORDER", "shuffled:5")
        .output()
        .unwrap()
        .into()
}

/// Whether this machine has a driver of its own, so that what is said without one cannot be tested.
fn has_driver(sandbox: &Sandbox) -> bool {
    let found = !sandbox.ganas(["devices"]).stdout.contains("no CUDA driver");
    if found {
        eprintln!(
            "SKIPPED: this machine has a CUDA driver, the test is about machines without one"
        );
    }
    found
}

#[test]
fn a_search_on_the_gpu_gives_the_record_of_the_cpu() {
    let sandbox = Sandbox::with_table();
    for preset in ["improved", "faithful"] {
        let [cpu, gpu] = ["cpu", "cuda:0"].map(|device| {
            let study = format!("{preset}-{}.db", &device[..3]);
            let mut arguments = search(&["--budget", "24", "--seeds", "3", "--preset", preset]);
            arguments.extend(["--device", device, "--study", &study]);
            arguments.extend(SMALL);
            let mut command = sandbox.command(arguments);
            with_libraries(&mut command, ganas_cuda_emulation::library_folder())
                .expect_code(0)
                .expect_stderr(&[if device == "cpu" {
                    "device     cpu-f32"
                } else {
                    "device     cuda-f32"
                }]);
            sandbox.export(&study)
        });
        compare(&cpu, &gpu);
    }
}

/// The same trials in the same order, and the same measurements up to [`TOLERANCE`].
fn compare(cpu: &str, gpu: &str) {
    let lines = |text: &str| -> Vec<Value> {
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let (cpu, gpu) = (lines(cpu), lines(gpu));
    assert_eq!(cpu.len(), gpu.len());
    let (mut trials, mut numbers) = (0, 0);
    for (cpu, gpu) in cpu.iter().zip(&gpu) {
        trials += usize::from(cpu["type"] == "trial");
        numbers += agree("", cpu, gpu);
    }
    assert!(
        trials >= 24 && numbers > 30,
        "{trials} trials, {numbers} numbers"
    );
}

/// How far the losses of a training may differ: sums have another order on the GPU, and Adam makes whole steps of small
/// differences where a gradient is near zero. The largest difference seen here is 2e-3.
const TOLERANCE: f64 = 1e-2;

/// Compares two records; returns how many numbers were compared.
fn agree(name: &str, cpu: &Value, gpu: &Value) -> usize {
    const OF_THE_RUN: &[&str] = &[
        "device",
        "started_at",
        "finished_at",
        "at",
        "pid",
        "seconds",
        "run",
        "sessions",
        "spec",
    ];
    match (cpu, gpu) {
        (Value::Object(cpu), Value::Object(gpu)) => cpu
            .iter()
            .filter(|(name, _)| !OF_THE_RUN.contains(&name.as_str()))
            .map(|(name, value)| agree(name, value, &gpu[name]))
            .sum(),
        (Value::Array(cpu), Value::Array(gpu)) => {
            assert_eq!(cpu.len(), gpu.len(), "{name}");
            cpu.iter()
                .zip(gpu)
                .map(|(cpu, gpu)| agree(name, cpu, gpu))
                .sum()
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!(
                (a - b).abs() <= TOLERANCE * (1.0 + a.abs()),
                "{name}: {a} on the CPU, {b} on the GPU"
            );
            1
        }
        _ => {
            assert_eq!(cpu, gpu, "{name}");
            0
        }
    }
}

#[test]
fn devices_are_listed_and_chosen() {
    let sandbox = Sandbox::with_table();
    let emulation = ganas_cuda_emulation::library_folder();
    let listed = with_libraries(&mut sandbox.command(["devices"]), emulation).expect_code(0);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert!(lines[0].starts_with("cpu     cpu-f32 "), "{lines:?}");
    assert!(
        lines[1].starts_with("cuda:0  ") && !lines[1].contains("unusable"),
        "{lines:?}"
    );
    let arguments = || search(&["--budget", "8", "--device", "auto"]);
    with_libraries(&mut sandbox.command(arguments()), emulation)
        .expect_code(0)
        .expect_stderr(&["device auto: cuda-f32 "]);
    let more = search(&["--budget", "8", "--device", "cuda:7"]);
    with_libraries(&mut sandbox.command(more), emulation)
        .expect_code(1)
        .expect_stderr(&[
            "error: no device cuda:7: the CUDA driver sees 1 device(s), numbered from 0",
        ]);
}

#[test]
fn the_memory_of_a_gpu_may_not_be_enough() {
    let sandbox = Sandbox::with_table();
    let mut command = sandbox.command(search(&["--budget", "24", "--device", "cuda:0"]));
    command.env("GANAS_EMULATION_MEMORY", "60000");
    let ended = with_libraries(&mut command, ganas_cuda_emulation::library_folder())
        .expect_code(1)
        .expect_stderr(&["out of memory on the device: ", " bytes were asked for, "]);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[test]
fn a_driver_may_be_older_than_the_compiler() {
    let sandbox = Sandbox::with_table();
    let mut command = sandbox.command(search(&["--budget", "8", "--device", "cuda:0"]));
    command.env("GANAS_EMULATION_OLD_DRIVER", "1");
    with_libraries(&mut command, ganas_cuda_emulation::library_folder())
        .expect_code(1)
        .expect_stderr(&[
            "error: the CUDA driver is for CUDA 13.0, too old for kernels that libnvrtc ",
        ]);
}

#[test]
fn without_a_driver_a_gpu_is_an_error_of_one_line() {
    let sandbox = Sandbox::with_table();
    if has_driver(&sandbox) {
        return;
    }
    let listed = sandbox.ganas(["devices"]).expect_code(0);
    assert!(
        listed.stdout.contains("cuda  unusable: no CUDA driver: "),
        "{}",
        listed.stdout
    );
    let ended = sandbox.ganas(search(&["--budget", "8", "--device", "cuda:0", "--quiet"]));
    let ended = ended
        .expect_code(1)
        .expect_stderr(&["error: no CUDA driver: "]);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    sandbox
        .ganas(search(&["--budget", "8", "--device", "auto"]))
        .expect_code(0)
        .expect_stderr(&[
            "device auto: the CPU, because there is no CUDA driver: ",
            "device     cpu-f32 ",
        ]);
}

#[test]
fn without_a_compiler_a_gpu_is_an_error() {
    let sandbox = Sandbox::with_table();
    if has_driver(&sandbox) {
        return;
    }
    let folder = sandbox.path("driver-only");
    std::fs::create_dir(&folder).unwrap();
    let driver = ganas_cuda_emulation::library_folder().join("libcuda.so");
    std::os::unix::fs::symlink(driver, folder.join("libcuda.so")).unwrap();
    let mut command = sandbox.command(search(&["--budget", "8", "--device", "cuda:0"]));
    with_libraries(&mut command, &folder)
        .expect_code(1)
        .expect_stderr(&["error: no CUDA compiler: the library libnvrtc (12 or 13) was not found"]);
}

#[test]
fn only_ga_nas_has_a_device() {
    let sandbox = Sandbox::with_table();
    sandbox
        .ganas(search(&["--algorithm", "random", "--device", "cuda:0"]))
        .expect_code(2)
        .expect_stderr(&["--device configures ga-nas, but the algorithm is random"]);
    sandbox
        .ganas(search(&["--device", "gpu"]))
        .expect_code(2)
        .expect_stderr(&["expected `cpu`, `auto`, or `cuda:N`"]);
}
