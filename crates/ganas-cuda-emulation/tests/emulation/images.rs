//! Compiling and loading: errors name file and line, and a wrong image is refused.

use cudarc::driver::{DriverError, sys::CUresult};
use cudarc::nvrtc::{CompileError, CompileOptions, Ptx, compile_ptx, compile_ptx_with_opts};

use crate::device::Device;

/// What the compiler says about a bad source.
fn log(source: &str) -> String {
    ganas_cuda_emulation::install();
    match compile_ptx(source) {
        Err(CompileError::CompileError { log, .. }) => log.to_string_lossy().into_owned(),
        other => panic!("expected an error of the compiler, got {other:?}"),
    }
}

#[test]
fn compile_errors_name_file_and_line() {
    let source = "#line 1 \"first.cu\"\n__device__ float one() { return 1.0f; }\n\
        #line 1 \"second.cu\"\nextern \"C\" __global__ void kernel(float* out) {\n  *out = one() + two();\n}\n";
    let log = log(source);
    assert!(log.contains("second.cu:2:"), "{log}");
    assert!(log.contains("two"), "{log}");
}

#[test]
fn sources_that_only_a_host_compiles_are_refused() {
    for (source, text) in [
        ("#include <cmath>\n", "cmath"),
        (
            "extern \"C\" __global__ void k(float* x) { x[0] = INFINITY; }",
            "INFINITY",
        ),
        (
            "extern \"C\" __global__ void k(float* x) { atomicAdd(x, 1.0f); }",
            "atomicAdd",
        ),
        ("extern __shared__ float x[];", "declare it in the kernel"),
        (
            "extern \"C\" __global__ void k() { extern __shared__ float x[][4]; }",
            "extern __shared__ TYPE NAME[];",
        ),
    ] {
        let log = log(source);
        assert!(log.contains(text), "{source}: {log}");
    }
}

#[test]
fn kernels_are_found_as_they_are_written() {
    let device = Device::new();
    let source = r#"
#define KERNEL(name, bound) extern "C" __global__ void __launch_bounds__(bound, 2) name(int* out)
KERNEL(from_macro, 8 * 4) { *out = 1; }
extern "C" {
__global__ void in_block(int* out) { *out = 2; }
}
extern "C" __launch_bounds__(32) __global__ void bound_first(int* out);
extern "C" __global__ void bound_first(int* out) { *out = 3; }
// extern "C" __global__ void in_comment(int* out) { *out = 4; }
#if 0
extern "C" __global__ void left_out(int* out) { *out = 5; }
#endif
template <int n> __global__ void of_template(int* out) { *out = n; }
__global__ void without_c(int* out) { *out = 6; }
extern "C" __global__
void empty() {}
__device__ const char* text() { return "extern \"C\" __global__ void in_text(int* out) {"; }
"#;
    let module = device.module("kernels.cu", source);
    for name in ["from_macro", "in_block", "bound_first", "empty"] {
        module.load_function(name).unwrap();
    }
    for name in [
        "in_comment",
        "left_out",
        "of_template",
        "without_c",
        "in_text",
        "text",
    ] {
        let missing = module.load_function(name).map(drop);
        assert_eq!(
            missing,
            Err(DriverError(CUresult::CUDA_ERROR_NOT_FOUND)),
            "{name}"
        );
    }
}

#[test]
fn options_reach_the_source() {
    let device = Device::new();
    let source = "#if __CUDA_ARCH__ != 800\n#error architecture\n#endif\nextern \"C\" __global__ void k() {}\n";
    let options = CompileOptions {
        arch: Some("compute_80"),
        use_fast_math: Some(true),
        ..CompileOptions::default()
    };
    let image = compile_ptx_with_opts(source, options).unwrap();
    device.context.load_module(image).unwrap();
    let unknown = CompileOptions {
        options: vec!["--no-such-option".to_owned()],
        ..CompileOptions::default()
    };
    let error = format!("{:?}", compile_ptx_with_opts(source, unknown).unwrap_err());
    assert!(
        error.contains("INVALID_OPTION") && error.contains("--no-such-option"),
        "{error}"
    );
}

#[test]
fn images_that_are_damaged_or_of_another_kind_are_refused() {
    let device = Device::new();
    let refused = Err(DriverError(CUresult::CUDA_ERROR_INVALID_IMAGE));
    let image = compile_ptx("extern \"C\" __global__ void k() {}").unwrap();
    let bytes = image.as_bytes().unwrap().to_vec();
    for position in [0, 9, 20, 30, 200, bytes.len() - 2] {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1;
        let loaded = device
            .context
            .load_module(Ptx::from_binary(damaged))
            .map(drop);
        assert_eq!(loaded, refused, "byte {position}");
    }
    let loaded = device
        .context
        .load_module(Ptx::from_src(".version 8.0"))
        .map(drop);
    assert_eq!(loaded, refused);
    assert!(
        device
            .report()
            .contains("does not come from the emulated NVRTC")
    );
    device.context.load_module(Ptx::from_binary(bytes)).unwrap();
}
