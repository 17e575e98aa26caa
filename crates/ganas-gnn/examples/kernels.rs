//! Prints the CUDA kernels and what the host knows of them as JSON, for `cargo xtask kernels check`.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use ganas_gnn::cuda::kernels::{KERNELS, Kernel, OPTIONS, Parameter, source};
use serde_json::json;

fn main() {
    // As PTX calls them.
    let kind = |parameter: &Parameter| match parameter {
        Parameter::Pointer => ".u64",
        Parameter::U32 => ".u32",
        Parameter::F32 => ".f32",
    };
    let kernel = |kernel: &Kernel| {
        let parameters: Vec<_> = kernel.parameters.iter().map(kind).collect();
        json!({ "name": kernel.name, "block": kernel.block, "parameters": parameters })
    };
    let kernels: Vec<_> = KERNELS.iter().map(kernel).collect();
    println!(
        "{}",
        json!({ "options": OPTIONS, "kernels": kernels, "source": source() })
    );
}
