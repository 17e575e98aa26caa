//! Kernels compiled at run time by NVRTC, and kept on disk.
//!
//! A file of the cache is named by a hash of source, options and compiler, and starts with a hash of what follows: a file
//! that was cut short or changed is compiled anew. Files are written beside their place and then renamed.

#![expect(unsafe_code, reason = "the compiler is called through its C interface")]
#![expect(
    clippy::disallowed_methods,
    reason = "the cache of compiled kernels lies in a folder that the caller names"
)]

use std::ffi::{CStr, CString, c_int};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use cudarc::nvrtc::sys;
use sha2::{Digest as _, Sha256};

use super::device_info::DeviceInfo;
use super::kernels::{OPTIONS, source};
use crate::DeviceError;

/// Compiled kernels.
#[derive(Debug)]
pub(super) struct Code {
    /// PTX with a zero at its end.
    pub(super) ptx: Vec<u8>,
    /// The version of the compiler.
    pub(super) compiler: String,
    /// Why they could not be kept.
    pub(super) warning: Option<String>,
}

/// The length of the hash at the beginning of a file.
const HASH: usize = 32;

/// The oldest architecture that kernels are compiled for.
const OLDEST: u32 = 75;

/// The kernels for a device, from the cache or the compiler.
pub(super) fn code(info: &DeviceInfo, cache: Option<&Path>) -> Result<Code, DeviceError> {
    // SAFETY: looking for the library has no other effect than loading it.
    if !unsafe { sys::is_culib_present() } {
        return Err(DeviceError::NoCompiler);
    }
    let compiler = version();
    let mut options = vec![format!(
        "--gpu-architecture=compute_{}",
        architecture(info)?
    )];
    options.extend(OPTIONS.iter().map(|&option| option.to_owned()));
    let source = source();
    let mut key = Sha256::new();
    for text in [&source, &compiler].into_iter().chain(&options) {
        key.update(text.len().to_le_bytes());
        key.update(text);
    }
    let mut warning = None;
    let file = cache.map(|folder| folder.join(format!("{}.ptx", hex(&key.finalize()))));
    if let Some(file) = &file {
        match fs::read(file) {
            Ok(bytes) => {
                if let Some(ptx) = unpacked(&bytes) {
                    return Ok(Code {
                        ptx: ptx.to_vec(),
                        compiler,
                        warning,
                    });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                warning = Some(format!(
                    "cannot read the compiled kernels in {}: {error}; they are compiled at every start",
                    file.display()
                ));
            }
        }
    }
    let ptx = compile(&source, &options, &compiler)?;
    if let Some(file) = &file
        && let Err(error) = write(file, &ptx)
    {
        warning = Some(format!(
            "cannot keep the compiled kernels in {}: {error}; they are compiled at every start",
            file.display()
        ));
    }
    Ok(Code {
        ptx,
        compiler,
        warning,
    })
}

/// What follows the hash, if it fits.
fn unpacked(bytes: &[u8]) -> Option<&[u8]> {
    let (hash, ptx) = bytes.split_at_checked(HASH)?;
    (Sha256::digest(ptx).as_slice() == hash && ptx.last() == Some(&0)).then_some(ptx)
}

fn write(file: &Path, ptx: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(&Sha256::digest(ptx))?;
    temporary.write_all(ptx)?;
    temporary.persist(file).map_err(|e| e.error)?;
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("invariant: writing to a string succeeds");
        text
    })
}

/// The newest architecture that the compiler knows and the device can run.
fn architecture(info: &DeviceInfo) -> Result<u32, DeviceError> {
    let [major, minor] = info.capability;
    let newest = 10 * major + minor;
    supported()?
        .into_iter()
        .filter(|&arch| OLDEST <= arch && arch <= newest)
        .max()
        .ok_or_else(|| DeviceError::UnsupportedDevice {
            name: info.name.clone(),
            major,
            minor,
        })
}

fn supported() -> Result<Vec<u32>, DeviceError> {
    let mut count: c_int = 0;
    // SAFETY: the pointer is that of a local.
    let result = unsafe { sys::nvrtcGetNumSupportedArchs(&raw mut count) };
    check(result, "nvrtcGetNumSupportedArchs")?;
    let mut archs = vec![0_i32; usize::try_from(count).unwrap_or(0)];
    // SAFETY: the slice is as long as the compiler said.
    let result = unsafe { sys::nvrtcGetSupportedArchs(archs.as_mut_ptr()) };
    check(result, "nvrtcGetSupportedArchs")?;
    Ok(archs
        .into_iter()
        .filter_map(|a| u32::try_from(a).ok())
        .collect())
}

fn version() -> String {
    let (mut major, mut minor) = (0, 0);
    // SAFETY: the pointers are those of locals.
    match unsafe { sys::nvrtcVersion(&raw mut major, &raw mut minor) } {
        sys::nvrtcResult::NVRTC_SUCCESS => format!("{major}.{minor}"),
        _ => "of unknown version".to_owned(),
    }
}

/// A program of the compiler, destroyed when it is dropped.
struct Program(sys::nvrtcProgram);

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: the program was created once and is destroyed once; it can only fail for a program that is none.
        let _ = unsafe { sys::nvrtcDestroyProgram(&raw mut self.0) };
    }
}

fn compile(source: &str, options: &[String], compiler: &str) -> Result<Vec<u8>, DeviceError> {
    let text = CString::new(source).expect("invariant: sources hold no zero");
    let options: Vec<CString> = options
        .iter()
        .map(|option| CString::new(option.as_str()).expect("invariant: options hold no zero"))
        .collect();
    let pointers: Vec<_> = options.iter().map(|option| option.as_ptr()).collect();
    let mut program = Program(std::ptr::null_mut());
    // SAFETY: the texts end with a zero and live until the program is destroyed; there are no headers.
    let created = unsafe {
        sys::nvrtcCreateProgram(
            &raw mut program.0,
            text.as_ptr(),
            c"ganas.cu".as_ptr(),
            0,
            std::ptr::null(),
            std::ptr::null(),
        )
    };
    check(created, "nvrtcCreateProgram")?;
    let count = c_int::try_from(pointers.len()).expect("invariant: few options");
    // SAFETY: there are as many options as said.
    let compiled = unsafe { sys::nvrtcCompileProgram(program.0, count, pointers.as_ptr()) };
    if compiled == sys::nvrtcResult::NVRTC_ERROR_COMPILATION {
        return Err(DeviceError::Compile {
            compiler: compiler.to_owned(),
            log: log(&program)?,
        });
    }
    check(compiled, "nvrtcCompileProgram")?;
    let mut size = 0;
    // SAFETY: the pointer is that of a local.
    let result = unsafe { sys::nvrtcGetPTXSize(program.0, &raw mut size) };
    check(result, "nvrtcGetPTXSize")?;
    let mut ptx = vec![0_u8; size];
    // SAFETY: the slice is as long as the compiler said.
    let result = unsafe { sys::nvrtcGetPTX(program.0, ptx.as_mut_ptr().cast()) };
    check(result, "nvrtcGetPTX")?;
    if ptx.last() != Some(&0) {
        ptx.push(0);
    }
    Ok(ptx)
}

fn log(program: &Program) -> Result<String, DeviceError> {
    let mut size = 0;
    // SAFETY: the pointer is that of a local.
    let result = unsafe { sys::nvrtcGetProgramLogSize(program.0, &raw mut size) };
    check(result, "nvrtcGetProgramLogSize")?;
    let mut log = vec![0_u8; size];
    // SAFETY: the slice is as long as the compiler said.
    let result = unsafe { sys::nvrtcGetProgramLog(program.0, log.as_mut_ptr().cast()) };
    check(result, "nvrtcGetProgramLog")?;
    let text = CStr::from_bytes_until_nul(&log).map_or_else(
        |_| String::from_utf8_lossy(&log).into_owned(),
        |text| text.to_string_lossy().into_owned(),
    );
    Ok(text)
}

fn check(result: sys::nvrtcResult, call: &str) -> Result<(), DeviceError> {
    if result == sys::nvrtcResult::NVRTC_SUCCESS {
        return Ok(());
    }
    // SAFETY: the compiler returns a text that lives as long as the library.
    let text = unsafe { CStr::from_ptr(sys::nvrtcGetErrorString(result)) };
    Err(DeviceError::Call {
        call: call.to_owned(),
        name: format!("{result:?}"),
        text: text.to_string_lossy().into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn an_error_of_the_compiler_names_file_and_line() {
        if crate::testing::cuda::gpu().is_some() {
            // A GPU's compiler was loaded, which the emulation is not to be mixed with.
            return;
        }
        ganas_cuda_emulation::install();
        let source = "#line 1 \"ops/x/x.cu\"\nextern \"C\" __global__ void x(float* y) {\n    y[0] = z;\n}\n";
        let error = compile(source, &[], "12.8").unwrap_err();
        let DeviceError::Compile { log, .. } = &error else {
            panic!("{error}");
        };
        assert!(log.contains("ops/x/x.cu:2") && log.contains('z'), "{log}");
    }

    #[test]
    fn a_file_that_is_not_what_was_written_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("inner").join("x.ptx");
        write(&file, b"code\0").unwrap();
        let bytes = fs::read(&file).unwrap();
        assert_eq!(unpacked(&bytes), Some(b"code\0".as_slice()));
        for cut in 0..bytes.len() {
            assert_eq!(unpacked(&bytes[..cut]), None);
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(unpacked(&changed), None);
        }
        assert_eq!(
            fs::read_dir(folder.path().join("inner")).unwrap().count(),
            1
        );
    }
}
