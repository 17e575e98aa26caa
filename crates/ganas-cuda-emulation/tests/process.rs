//! A process that knows nothing of the emulation uses it through `LD_LIBRARY_PATH`, set up by environment variables.
//!
//! The tests start this same test binary again, in which a test that is otherwise ignored is that process.

#![expect(unsafe_code, reason = "to launch a kernel is unsafe in `cudarc`")]
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

use cudarc::driver::{CudaContext, LaunchConfig, PushKernelArg as _};
use cudarc::nvrtc::compile_ptx;

/// The last thread that runs is the one whose number stays.
const SOURCE: &str = "extern \"C\" __global__ void last_thread(int* out) { *out = threadIdx.x; }";

#[test]
#[ignore = "a part of the other tests, which set its environment"]
fn child() {
    let context = CudaContext::new(0).unwrap();
    let (_, total) = context.mem_get_info().unwrap();
    let stream = context.default_stream();
    let module = context.load_module(compile_ptx(SOURCE).unwrap()).unwrap();
    let function = module.load_function("last_thread").unwrap();
    let mut out = stream.alloc_zeros::<i32>(1).unwrap();
    let mut launch = stream.launch_builder(&function);
    launch.arg(&mut out);
    let config = LaunchConfig {
        grid_dim: (1, 1, 1),
        block_dim: (8, 1, 1),
        shared_mem_bytes: 0,
    };
    // SAFETY: the argument is that of the kernel.
    unsafe { launch.launch(config) }.unwrap();
    let last = stream.clone_dtoh(&out).unwrap()[0];
    println!("last thread {last}, memory {total}");
}

fn run_child(variables: &[(&str, &str)]) -> Output {
    let program = std::env::current_exe().unwrap();
    Command::new(program)
        .args(["--ignored", "--exact", "--nocapture", "child"])
        .env("LD_LIBRARY_PATH", ganas_cuda_emulation::library_folder())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn environment_sets_order_and_memory() {
    for (variables, expected) in [
        (&[][..], "last thread 7, memory 8589934592"),
        (
            &[("GANAS_EMULATION_ORDER", "descending")],
            "last thread 0, ",
        ),
        (
            &[
                ("GANAS_EMULATION_ORDER", "shuffled:7"),
                ("GANAS_EMULATION_MEMORY", "1000000"),
            ],
            ", memory 1000000",
        ),
    ] {
        let output = run_child(variables);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn bad_environment_is_an_error() {
    for (name, value) in [
        ("GANAS_EMULATION_ORDER", "backwards"),
        ("GANAS_EMULATION_ORDER", "shuffled:x"),
        ("GANAS_EMULATION_MEMORY", "1 GB"),
    ] {
        let output = run_child(&[(name, value)]);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(
            messages.contains(name) && messages.contains(value),
            "{messages}"
        );
    }
}
