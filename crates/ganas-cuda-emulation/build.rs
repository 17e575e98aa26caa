//! Builds the two shared libraries with the compiler that the `cc` crate finds.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=cpp");
    if variable("CARGO_CFG_TARGET_OS") != "linux" {
        return;
    }
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let sources = manifest.join("cpp");
    let out = PathBuf::from(variable("OUT_DIR"));
    let libraries = out.join("lib");
    make_folder(&libraries);

    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++20")
        .pic(true)
        .opt_level(2)
        .debug(false)
        .cargo_metadata(false);
    let compiler = build.get_compiler();
    write_paths(&out, compiler.path(), &sources.join("kernel"));

    link(
        &compiler,
        &sources.join("driver"),
        &out,
        &libraries,
        "libcuda.so",
    );
    link(
        &compiler,
        &sources.join("nvrtc"),
        &out,
        &libraries,
        "libnvrtc.so",
    );
    // The other names that cudarc may ask for.
    for (library, name) in [
        ("libcuda.so", "libcuda.so.1"),
        ("libnvrtc.so", "libnvrtc.so.12"),
        ("libnvrtc.so", "libnvrtc.so.13"),
    ] {
        alias(library, &libraries.join(name));
    }
    println!(
        "cargo::rustc-env=GANAS_EMULATION_LIBRARIES={}",
        libraries.display()
    );
}

/// A variable that cargo sets for build scripts.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|error| panic!("cargo sets {name}: {error}"))
}

fn make_folder(path: &Path) {
    std::fs::create_dir_all(path)
        .unwrap_or_else(|error| panic!("cannot make the folder {}: {error}", path.display()));
}

/// Makes another name for a library in the same folder.
fn alias(library: &str, name: &Path) {
    #[cfg(unix)]
    if !name.exists() {
        std::os::unix::fs::symlink(library, name)
            .unwrap_or_else(|error| panic!("cannot link {}: {error}", name.display()));
    }
    #[cfg(not(unix))]
    panic!(
        "cannot make {} of {library}: build for Linux on Linux",
        name.display()
    );
}

/// Tells the emulated NVRTC which compiler to run, where the header of kernels lies, and where to keep images.
fn write_paths(out: &Path, compiler: &Path, kernel_headers: &Path) {
    let mut text = "// Written by the build script.\n#pragma once\n".to_owned();
    for (name, path) in [
        ("COMPILER", compiler),
        ("SHIM_FOLDER", kernel_headers),
        ("CACHE_FOLDER", &out.join("images")),
    ] {
        let path = path.to_str().expect("the paths of the build are UTF-8");
        writeln!(text, "#define GANAS_EMULATION_{name} {path:?}").expect("strings take all text");
    }
    let file = out.join("build_paths.h");
    std::fs::write(&file, text)
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
}

/// Makes a shared library of all sources in a folder.
fn link(compiler: &cc::Tool, sources: &Path, include: &Path, libraries: &Path, name: &str) {
    let entries = std::fs::read_dir(sources)
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", sources.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder of the package can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cpp"))
        .collect();
    files.sort();
    let mut command = compiler.to_command();
    command
        .args([
            "-shared",
            "-fvisibility=hidden",
            "-U_FORTIFY_SOURCE",
            "-D_FORTIFY_SOURCE=0",
        ])
        .arg(format!("-Wl,-soname,{name}"))
        .arg(format!("-I{}", include.display()))
        .args(&files)
        .arg("-o")
        .arg(libraries.join(name))
        .args(["-ldl", "-lpthread"]);
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("cannot run the C++ compiler {command:?}: {error}"));
    assert!(status.success(), "{command:?} ended with {status}");
}
