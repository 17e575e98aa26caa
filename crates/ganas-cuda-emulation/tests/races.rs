//! Races are found by their launches, and nothing else is reported.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use ganas_cuda_emulation::race::{Kernel, Launch, Parameter, RaceCheck, summaries};

use Parameter::{Pointer, U32};

const CORRECT: &str = "\
launch tree grid 3 1 1 arguments floats:3 floats:192
launch reversed grid 2 1 1 arguments floats:64 floats:64
launch histogram grid 4 1 1 arguments zeros:4 words:0,1,2,3,3,2,1,0,0 u32:9
launch block_conflict grid 1 1 1 arguments floats:32
";

const RACES: &str = "\
launch tree_without_barrier grid 1 1 1 arguments floats:1 floats:64
launch reversed_without_syncwarp grid 1 1 1 arguments floats:32 floats:32
launch block_conflict grid 2 1 1 arguments floats:32
";

fn has_sanitizer(folder: &std::path::Path) -> bool {
    let is_written = std::fs::write(folder.join("empty.cpp"), "int main() {}");
    let status = Command::new("c++")
        .args(["-fsanitize=thread", "empty.cpp", "-o", "empty"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    is_written.is_ok() && status.is_ok_and(|status| status.success())
}

#[test]
fn races_are_found_and_only_they() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    if !has_sanitizer(folder) {
        println!("SKIPPED: c++ has no ThreadSanitizer");
        return;
    }
    let kernel = |name: &str, threads, shared, parameters: &[Parameter]| Kernel {
        name: name.to_owned(),
        block: [threads, 1],
        shared,
        parameters: parameters.to_vec(),
    };
    let kernels = [
        kernel("tree", 64, 0, &[Pointer, Pointer]),
        kernel("tree_without_barrier", 64, 0, &[Pointer, Pointer]),
        kernel("reversed", 32, 0, &[Pointer, Pointer]),
        kernel("reversed_without_syncwarp", 32, 0, &[Pointer, Pointer]),
        kernel("histogram", 64, 16, &[Pointer, Pointer, U32]),
        kernel("block_conflict", 32, 0, &[Pointer]),
        kernel("divergent", 64, 0, &[Pointer]),
    ];
    let check = RaceCheck::compile(&folder.join("races"), include_str!("races.cu")).unwrap();
    let outcome = |text| check.launch(&Launch::parse(text, &kernels).unwrap());
    assert_eq!(outcome(CORRECT).unwrap(), None);
    let reports = outcome(RACES).unwrap().unwrap();
    let found = summaries(&reports);
    for line in RACES.lines() {
        let kernel = line.split(' ').nth(1).unwrap();
        let about = |summary: &&str| summary.starts_with("data race") && summary.ends_with(kernel);
        assert!(found.iter().any(about), "{kernel}: {found:?}");
    }
    for (launch, message) in [
        (
            "launch divergent grid 1 1 1 arguments floats:64",
            "divergent barrier",
        ),
        (
            "launch tree grid 2 1 1 arguments floats:1 floats:128",
            "`tree` wrote just outside its argument 0",
        ),
    ] {
        let error = outcome(launch).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}
