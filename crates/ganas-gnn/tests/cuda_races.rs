//! Every kernel under ThreadSanitizer, with the launches of `kernels.launches`.

#![cfg(target_os = "linux")]

use std::path::Path;

use ganas_cuda_emulation::race::{self, Launch, RaceCheck, summaries};
use ganas_gnn::cuda::kernels::{KERNELS, Kernel, Parameter, source};

fn kernel(kernel: &Kernel) -> race::Kernel {
    let kind = |parameter: &Parameter| match parameter {
        Parameter::Pointer => race::Parameter::Pointer,
        Parameter::U32 => race::Parameter::U32,
        Parameter::F32 => race::Parameter::F32,
    };
    race::Kernel {
        name: kernel.name.to_owned(),
        block: kernel.block,
        shared: 0,
        parameters: kernel.parameters.iter().map(kind).collect(),
    }
}

#[test]
#[ignore = "needs ThreadSanitizer in c++, and compiles for long: `cargo xtask kernels race` runs it"]
fn kernels_have_no_races() {
    let kernels: Vec<_> = KERNELS.iter().map(kernel).collect();
    let launches = Launch::parse(include_str!("../kernels.launches"), &kernels).unwrap();
    for kernel in &kernels {
        let is_launched = launches.iter().any(|launch| launch.kernel() == kernel.name);
        assert!(is_launched, "no line launches `{}`", kernel.name);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("races");
    let check = RaceCheck::compile(&folder, &source()).unwrap();
    if let Some(reports) = check.launch(&launches).unwrap() {
        panic!("{reports}\nThreadSanitizer found {:?}", summaries(&reports));
    }
}
