//! The device that ga-nas computes on.

use std::str::FromStr;

use ganas_gnn::{Cpu, Device as _};
#[cfg(feature = "cuda")]
use ganas_gnn::{Cuda, DeviceError};

use crate::{Error, Folders};

/// What is to be computed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A GPU when there is one that can be used, else the CPU.
    Auto,
    /// The CPU.
    #[default]
    Cpu,
    /// The NVIDIA GPU of this number.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cuda = |number: &str| number.parse().ok().map(Self::Cuda);
        match text {
            "auto" => Some(Self::Auto),
            "cpu" => Some(Self::Cpu),
            "cuda" => Some(Self::Cuda(0)),
            _ => text.strip_prefix("cuda:").and_then(cuda),
        }
        .ok_or_else(|| {
            "expected `cpu`, `auto`, or `cuda:N` for the GPU with the number N (`ganas devices` lists them)".to_owned()
        })
    }
}

/// A device, ready for work.
#[derive(Clone, Debug)]
pub enum OpenDevice {
    /// The CPU.
    Cpu(Cpu<f32>),
    /// An NVIDIA GPU.
    #[cfg(feature = "cuda")]
    Cuda(Cuda),
}

impl OpenDevice {
    /// Takes the device; what people should know of it goes to `note`.
    ///
    /// # Errors
    ///
    /// There is no such device, or it cannot be used.
    pub fn open(
        choice: DeviceChoice,
        folders: &Folders,
        note: &dyn Fn(&str),
    ) -> Result<Self, Error> {
        match choice {
            DeviceChoice::Cpu => Ok(Self::cpu()),
            DeviceChoice::Cuda(ordinal) => cuda(ordinal, folders, note),
            DeviceChoice::Auto => Ok(automatic(folders, note)),
        }
    }

    /// The CPU.
    #[must_use]
    pub fn cpu() -> Self {
        Self::Cpu(Cpu::new())
    }

    /// The device and the instruction set, for records.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Cpu(cpu) => cpu.describe(),
            #[cfg(feature = "cuda")]
            Self::Cuda(cuda) => cuda.describe(),
        }
    }
}

/// A GPU by its number; never another device instead.
#[cfg(feature = "cuda")]
fn cuda(ordinal: usize, folders: &Folders, note: &dyn Fn(&str)) -> Result<OpenDevice, Error> {
    Ok(OpenDevice::Cuda(open_cuda(ordinal, folders, note)?))
}

#[cfg(not(feature = "cuda"))]
fn cuda(ordinal: usize, _: &Folders, _: &dyn Fn(&str)) -> Result<OpenDevice, Error> {
    Err(Error::Failed(format!(
        "this ganas was built without CUDA and cannot use the device cuda:{ordinal}: build it with `--features cuda`, or \
         leave --device out"
    )))
}

/// The first GPU that can be used, else the CPU, and says which and why.
#[cfg(feature = "cuda")]
fn automatic(folders: &Folders, note: &dyn Fn(&str)) -> OpenDevice {
    match open_cuda(0, folders, note) {
        Ok(cuda) => {
            note(&format!("device auto: {}", cuda.describe()));
            OpenDevice::Cuda(cuda)
        }
        Err(error) => {
            note(&format!("device auto: the CPU, because there is {error}"));
            OpenDevice::cpu()
        }
    }
}

#[cfg(not(feature = "cuda"))]
fn automatic(_: &Folders, note: &dyn Fn(&str)) -> OpenDevice {
    note("device auto: the CPU, because this ganas was built without CUDA");
    OpenDevice::cpu()
}

/// A GPU, with its compiled kernels kept in the user's cache folder.
#[cfg(feature = "cuda")]
fn open_cuda(ordinal: usize, folders: &Folders, note: &dyn Fn(&str)) -> Result<Cuda, DeviceError> {
    let folder = folders.cache().map(|folder| folder.join("kernels"));
    if let Err(error) = &folder {
        note(&format!("kernels are compiled at every start: {error}"));
    }
    let cuda = Cuda::open(ordinal, folder.ok().as_deref())?;
    if let Some(warning) = cuda.warning() {
        note(warning);
    }
    Ok(cuda)
}

/// Each device by its name, with what it is, or why it cannot be used.
#[must_use]
pub fn devices(folders: &Folders, note: &dyn Fn(&str)) -> Vec<(String, String)> {
    let mut list = vec![("cpu".to_owned(), Cpu::<f32>::new().describe())];
    list.extend(list_cuda(folders, note));
    list
}

#[cfg(feature = "cuda")]
fn list_cuda(folders: &Folders, note: &dyn Fn(&str)) -> Vec<(String, String)> {
    let found = match Cuda::devices() {
        Ok(found) if found.is_empty() => {
            return vec![(
                "cuda".to_owned(),
                "unusable: the CUDA driver sees no device".to_owned(),
            )];
        }
        Ok(found) => found,
        Err(error) => return vec![("cuda".to_owned(), format!("unusable: {error}"))],
    };
    let describe = |info: ganas_gnn::cuda::DeviceInfo| {
        let name = format!("cuda:{}", info.ordinal);
        let memory = info.memory >> 20;
        let [major, minor] = info.capability;
        let what = format!(
            "{}, compute capability {major}.{minor}, {memory} MiB",
            info.name
        );
        match open_cuda(info.ordinal, folders, note) {
            Ok(_) => (name, what),
            Err(error) => (name, format!("{what}; unusable: {error}")),
        }
    };
    found.into_iter().map(describe).collect()
}

#[cfg(not(feature = "cuda"))]
fn list_cuda(_: &Folders, _: &dyn Fn(&str)) -> Vec<(String, String)> {
    vec![(
        "cuda".to_owned(),
        "unusable: this ganas was built without CUDA (`--features cuda`)".to_owned(),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda", DeviceChoice::Cuda(0)),
            ("cuda:3", DeviceChoice::Cuda(3)),
        ] {
            assert_eq!(text.parse(), Ok(choice));
        }
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }
}
