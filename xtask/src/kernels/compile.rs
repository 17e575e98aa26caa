//! CUDA C++ to PTX with NVRTC.
//!
//! NVRTC is a library, and to load one by its path is unsafe. So xtask starts itself again with the loader's search path
//! set to where the library lies; there `cudarc` finds it by its name.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use cudarc::nvrtc::{CompileError, CompileOptions, compile_ptx_with_opts};

use super::set::KernelSet;
use super::tools::Tools;

/// Options of the command that xtask starts itself with.
#[derive(Debug, clap::Args)]
pub(crate) struct PtxOptions {
    /// The CUDA source.
    source: PathBuf,
    /// Where the PTX goes.
    ptx: PathBuf,
    /// An option of NVRTC.
    #[arg(long = "option", allow_hyphen_values = true)]
    options: Vec<String>,
}

/// Compiles a source with the NVRTC that the loader finds.
///
/// # Errors
///
/// With the compiler's messages.
pub(super) fn write_ptx(options: &PtxOptions) -> anyhow::Result<()> {
    let source = std::fs::read_to_string(&options.source)
        .with_context(|| format!("cannot read {}", options.source.display()))?;
    let compiled = compile_ptx_with_opts(
        source,
        CompileOptions {
            options: options.options.clone(),
            name: Some("kernels.cu".to_owned()),
            ..CompileOptions::default()
        },
    );
    let ptx = match compiled {
        Ok(ptx) => ptx,
        Err(CompileError::CompileError { log, .. }) => {
            bail!("NVRTC:\n{}", log.to_string_lossy().trim_end())
        }
        Err(error) => bail!("NVRTC: {error}"),
    };
    let bytes = ptx.as_bytes().context("NVRTC returned no PTX")?;
    let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    std::fs::write(&options.ptx, text)
        .with_context(|| format!("cannot write {}", options.ptx.display()))
}

/// The PTX of a source for an architecture; the files lie in `folder`.
///
/// # Errors
///
/// When the source does not compile, or files cannot be written.
pub(super) fn ptx(
    folder: &Path,
    tools: &Tools,
    set: &KernelSet,
    architecture: u32,
) -> anyhow::Result<PathBuf> {
    let loader = folder.join("loader");
    std::fs::create_dir_all(&loader)
        .with_context(|| format!("cannot create {}", loader.display()))?;
    // Under the name that cudarc asks for first; its companions lie beside the library itself.
    let link = loader.join("libnvrtc.so");
    if link.symlink_metadata().is_ok() {
        std::fs::remove_file(&link)
            .with_context(|| format!("cannot replace {}", link.display()))?;
    }
    symlink(&tools.nvrtc, &link)?;
    let companions = tools.nvrtc.parent().context("NVRTC lies in a folder")?;
    let search = std::env::join_paths([loader.as_path(), companions])?;

    let source = folder.join("kernels.cu");
    std::fs::write(&source, &set.source)
        .with_context(|| format!("cannot write {}", source.display()))?;
    let ptx = folder.join(format!("kernels.sm_{architecture}.ptx"));
    let program = std::env::current_exe().context("cannot find xtask itself")?;
    let mut command = Command::new(program);
    command
        .args(["kernels", "ptx"])
        .args([&source, &ptx])
        .arg(format!(
            "--option=--gpu-architecture=compute_{architecture}"
        ))
        .args(
            set.options
                .iter()
                .map(|option| format!("--option={option}")),
        )
        .env("LD_LIBRARY_PATH", search);
    let status = command.status().context("cannot start xtask again")?;
    ensure!(
        status.success(),
        "the source does not compile for sm_{architecture}"
    );
    Ok(ptx)
}

#[cfg(unix)]
fn symlink(file: &Path, link: &Path) -> anyhow::Result<()> {
    std::os::unix::fs::symlink(file, link)
        .with_context(|| format!("cannot create {}", link.display()))
}

#[cfg(not(unix))]
fn symlink(_file: &Path, _link: &Path) -> anyhow::Result<()> {
    bail!("kernels are checked on Linux")
}
