//! CUDA C++ to PTX with NVRTC.
//!
//! NVRTC is a library, and to load one by its path is unsafe in Rust; Python, which finds the library anyway, calls it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::set::KernelSet;
use super::tools::Tools;

/// Arguments: the library, the source, the PTX to write, and options of NVRTC.
const SCRIPT: &str = r#"
import ctypes, sys
library, source, ptx, *options = sys.argv[1:]
nvrtc = ctypes.CDLL(library)
program, size = ctypes.c_void_p(), ctypes.c_size_t()
text = open(source, "rb").read()
assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, b"kernels.cu", 0, None, None) == 0
arguments = (ctypes.c_char_p * len(options))(*map(str.encode, options))
failed = nvrtc.nvrtcCompileProgram(program, len(options), arguments)
get = ("ProgramLog" if failed else "PTX")
assert getattr(nvrtc, f"nvrtcGet{get}Size")(program, ctypes.byref(size)) == 0
result = ctypes.create_string_buffer(size.value)
assert getattr(nvrtc, f"nvrtcGet{get}")(program, result) == 0
if failed:
    sys.exit("NVRTC:\n" + result.value.decode().rstrip())
open(ptx, "wb").write(result.value)
"#;

/// The PTX of a source for an architecture; the files lie in `folder`.
pub(super) fn ptx(
    folder: &Path,
    tools: &Tools,
    set: &KernelSet,
    architecture: u32,
) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let source = folder.join("kernels.cu");
    std::fs::write(&source, &set.source)
        .with_context(|| format!("cannot write {}", source.display()))?;
    let ptx = folder.join(format!("kernels.sm_{architecture}.ptx"));
    let status = Command::new(&tools.python)
        .args(["-c", SCRIPT])
        .args([&tools.nvrtc, &source, &ptx])
        .arg(format!("--gpu-architecture=compute_{architecture}"))
        .args(&set.options)
        .status()
        .with_context(|| format!("cannot start {}, which calls NVRTC", tools.python))?;
    anyhow::ensure!(
        status.success(),
        "the source does not compile for sm_{architecture}"
    );
    Ok(ptx)
}
