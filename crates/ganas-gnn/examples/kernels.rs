//! Prints the CUDA kernels and what the host knows of them, for `cargo xtask kernels`: options of the compiler, a line for
//! each kernel, and the source.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use ganas_gnn::cuda::kernels::{KERNELS, OPTIONS, Parameter, source};

fn main() {
    for option in OPTIONS {
        println!("option {option}");
    }
    for kernel in KERNELS {
        let [x, y] = kernel.block;
        print!("kernel {} block {x} {y} parameters", kernel.name);
        for parameter in kernel.parameters {
            let kind = match parameter {
                Parameter::Pointer => "pointer",
                Parameter::U32 => "u32",
                Parameter::F32 => "f32",
            };
            print!(" {kind}");
        }
        println!();
    }
    println!("source\n{}", source());
}
