//! CUDA C++ to PTX with NVRTC, and PTX to machine code with ptxas. Neither needs a GPU.
//!
//! NVRTC is a library, and to load one by its path is unsafe in Rust; Python, which finds the library anyway, calls it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::KernelSet;
use crate::python;

/// NVIDIA's compiler and assembler.
#[derive(Debug)]
pub(super) struct Tools {
    /// What calls NVRTC.
    python: PathBuf,
    pub(super) nvrtc: PathBuf,
    pub(super) ptxas: PathBuf,
}

/// Prints the folders of the package `nvidia`, which all wheels of NVIDIA share.
const FOLDERS: &str = "import nvidia; print('\\n'.join(nvidia.__path__))";

/// Below one of these folders.
const NVRTC: [&str; 2] = ["cuda_nvrtc/lib/libnvrtc.so.12", "cu13/lib/libnvrtc.so.13"];
const PTXAS: [&str; 2] = ["cuda_nvcc/bin/ptxas", "cu13/bin/ptxas"];

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

impl Tools {
    /// The tools in the packages of a Python.
    pub(super) fn of_python(python: &Path) -> anyhow::Result<Self> {
        let folders = python::says(python, FOLDERS)?;
        let find = |files: [&str; 2]| {
            let in_folder = |folder: &str| files.map(|file| Path::new(folder).join(file));
            let found = folders
                .lines()
                .flat_map(in_folder)
                .find(|file| file.is_file());
            found.with_context(|| format!("{} has no {}", python.display(), files.join(" and no ")))
        };
        Ok(Self {
            python: python.to_owned(),
            nvrtc: find(NVRTC)?,
            ptxas: find(PTXAS)?,
        })
    }

    /// The PTX of a source for an architecture, and what ptxas says of it; the files lie in `folder`.
    pub(super) fn compile(
        &self,
        folder: &Path,
        set: &KernelSet,
        architecture: u32,
    ) -> anyhow::Result<[String; 2]> {
        std::fs::create_dir_all(folder)?;
        let source = folder.join("kernels.cu");
        let ptx = folder.join(format!("kernels.sm_{architecture}.ptx"));
        std::fs::write(&source, &set.source)?;
        let mut compiler = Command::new(&self.python);
        compiler.args(["-c", SCRIPT]);
        compiler.args([&self.nvrtc, &source, &ptx]);
        compiler.arg(format!("--gpu-architecture=compute_{architecture}"));
        let status = compiler.args(&set.options).status()?;
        ensure!(
            status.success(),
            "the source does not compile for sm_{architecture}"
        );
        let mut assembler = Command::new(&self.ptxas);
        assembler.args(["-v", "--warn-on-spills", "--warn-on-local-memory-usage"]);
        assembler.arg(format!("-arch=sm_{architecture}")).arg(&ptx);
        assembler.arg("-o").arg(ptx.with_extension("cubin"));
        let output = assembler.output()?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.success(),
            "ptxas ended with {} for sm_{architecture}:\n{messages}",
            output.status
        );
        Ok([std::fs::read_to_string(&ptx)?, messages])
    }
}
