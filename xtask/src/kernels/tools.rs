//! Where NVIDIA's compiler and assembler are. Neither needs a GPU.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// Options that name the tools.
#[derive(Debug, clap::Args)]
pub(crate) struct ToolOptions {
    /// The library of NVRTC, such as libnvrtc.so.12 [default: in the wheels of --python, in CUDA_HOME, in /usr/local/cuda].
    #[arg(long, value_name = "FILE")]
    nvrtc: Option<PathBuf>,
    /// The program ptxas [default: in the wheels of --python, on PATH, in CUDA_HOME, in /usr/local/cuda].
    #[arg(long, value_name = "FILE")]
    ptxas: Option<PathBuf>,
    /// The Python that calls NVRTC, and whose packages are looked through.
    #[arg(long, default_value = "python3")]
    python: String,
}

/// The tools.
#[derive(Debug)]
pub(super) struct Tools {
    /// What calls NVRTC.
    pub(super) python: String,
    pub(super) nvrtc: PathBuf,
    pub(super) ptxas: PathBuf,
}

/// Prints the folders of the package `nvidia`, which all wheels of NVIDIA share.
const SCRIPT: &str = "import importlib.util as u; s = u.find_spec('nvidia'); \
    print('\\n'.join(s.submodule_search_locations if s else []))";

/// Below the folder of wheels, and below a folder of CUDA.
const NVRTC: [&str; 2] = ["cuda_nvrtc/lib/libnvrtc.so.12", "cu13/lib/libnvrtc.so.13"];
const NVRTC_OF_CUDA: [&str; 2] = ["lib64/libnvrtc.so", "lib/libnvrtc.so"];
const PTXAS: [&str; 2] = ["cuda_nvcc/bin/ptxas", "cu13/bin/ptxas"];

const ADVICE: &str = "install it without a GPU with\n\n  \
    python3 -m venv target/cuda-venv\n  \
    target/cuda-venv/bin/python -m pip install nvidia-cuda-nvrtc-cu12 nvidia-cuda-nvcc-cu12\n\n\
    and name that Python with --python target/cuda-venv/bin/python";

impl ToolOptions {
    /// The packages of a Python.
    pub(super) fn of_python(python: &Path) -> Self {
        Self {
            nvrtc: None,
            ptxas: None,
            python: python.display().to_string(),
        }
    }

    /// Finds the tools.
    pub(super) fn find(&self) -> anyhow::Result<Tools> {
        let wheels = self.wheels();
        let cuda = cuda_folders();
        let nvrtc = candidates(&wheels, &NVRTC).chain(candidates(&cuda, &NVRTC_OF_CUDA));
        let ptxas = candidates(&wheels, &PTXAS)
            .chain(on_path("ptxas"))
            .chain(candidates(&cuda, &["bin/ptxas"]));
        Ok(Tools {
            python: self.python.clone(),
            nvrtc: choose("--nvrtc", self.nvrtc.as_deref(), nvrtc)?
                .with_context(|| format!("NVRTC (libnvrtc.so.12) is not found; {ADVICE}"))?,
            ptxas: choose("--ptxas", self.ptxas.as_deref(), ptxas)?
                .with_context(|| format!("ptxas is not found; {ADVICE}"))?,
        })
    }

    /// The folders of NVIDIA's wheels; none without Python.
    fn wheels(&self) -> Vec<PathBuf> {
        let output = Command::new(&self.python)
            .args(["-c", SCRIPT])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        let text = output.map_or_else(|_| Vec::new(), |output| output.stdout);
        String::from_utf8_lossy(&text)
            .lines()
            .filter(|line| !line.is_empty())
            .map(PathBuf::from)
            .collect()
    }
}

fn candidates(folders: &[PathBuf], files: &[&str]) -> impl Iterator<Item = PathBuf> {
    folders
        .iter()
        .flat_map(|folder| files.iter().map(|file| folder.join(file)))
        .collect::<Vec<_>>()
        .into_iter()
}

fn cuda_folders() -> Vec<PathBuf> {
    ["CUDA_HOME", "CUDA_PATH"]
        .into_iter()
        .filter_map(environment)
        .map(PathBuf::from)
        .chain([PathBuf::from("/usr/local/cuda")])
        .collect()
}

fn on_path(program: &str) -> impl Iterator<Item = PathBuf> {
    let path = environment("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .collect::<Vec<_>>()
        .into_iter()
}

fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// The file that an option names, or the first candidate that is there.
fn choose(
    option: &str,
    named: Option<&Path>,
    mut candidates: impl Iterator<Item = PathBuf>,
) -> anyhow::Result<Option<PathBuf>> {
    let file = match named {
        Some(named) => {
            ensure!(named.is_file(), "{option} {} is no file", named.display());
            Some(named.to_owned())
        }
        None => candidates.find(|file| file.is_file()),
    };
    // A plain name would be looked for elsewhere.
    Ok(file.map(std::path::absolute).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_come_first_and_options_before_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            path
        };
        let wheels = [folder.path().join("nvidia")];
        let nvrtc = file("nvidia/cuda_nvrtc/lib/libnvrtc.so.12");
        let named = file("elsewhere/libnvrtc.so");
        let found = choose("--nvrtc", None, candidates(&wheels, &NVRTC)).unwrap();
        assert_eq!(found, Some(nvrtc));
        let found = choose("--nvrtc", Some(&named), candidates(&wheels, &NVRTC)).unwrap();
        assert_eq!(found, Some(named));
        let found = choose("--ptxas", None, candidates(&wheels, &PTXAS)).unwrap();
        assert_eq!(found, None);
        let missing = folder.path().join("missing");
        let error = choose("--ptxas", Some(&missing), candidates(&wheels, &PTXAS)).unwrap_err();
        assert!(error.to_string().starts_with("--ptxas"), "{error}");
    }
}
