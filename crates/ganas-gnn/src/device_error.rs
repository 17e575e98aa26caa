//! What can go wrong on a device, and how it reaches the caller.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What prevents a device from being used, or from going on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// There is no CUDA driver.
    #[error(
        "no CUDA driver: the library libcuda was not found; install NVIDIA's driver, or compute on the CPU"
    )]
    NoDriver,
    /// There is no run-time compiler.
    #[error(
        "no CUDA compiler: the library libnvrtc (12 or 13) was not found; install it (the CUDA toolkit and the Python \
         packages nvidia-cuda-nvrtc-cu12 and nvidia-cuda-nvrtc hold it) and put its folder into LD_LIBRARY_PATH"
    )]
    NoCompiler,
    /// There are fewer devices.
    #[error("no device cuda:{ordinal}: the CUDA driver sees {count} device(s), numbered from 0")]
    NoSuchDevice {
        /// The number that was asked for.
        ordinal: usize,
        /// How many there are.
        count: usize,
    },
    /// The device cannot run our kernels.
    #[error(
        "{name} has compute capability {major}.{minor}, but the kernels need at least 7.5 and a CUDA compiler that knows \
         the device"
    )]
    UnsupportedDevice {
        /// The device's name.
        name: String,
        /// Its compute capability.
        major: u32,
        /// After the point.
        minor: u32,
    },
    /// The driver does not understand what the compiler makes.
    #[error(
        "the CUDA driver is for CUDA {driver}, too old for kernels that libnvrtc {compiler} compiles; update the driver, \
         or install an older libnvrtc"
    )]
    DriverTooOld {
        /// The version of CUDA that the driver supports.
        driver: String,
        /// The version of the compiler.
        compiler: String,
    },
    /// A kernel does not compile: a bug, or a compiler that we do not know.
    #[error("libnvrtc {compiler} does not compile the kernels:\n{log}")]
    Compile {
        /// The version of the compiler.
        compiler: String,
        /// What it says, with file and line.
        log: String,
    },
    /// The device's memory is full.
    #[error(
        "out of memory on the device: {bytes} bytes were asked for, {free} of {total} are free; make \
         `rollouts` or the widths smaller, run fewer searches at a time, or compute on the CPU"
    )]
    OutOfMemory {
        /// The size asked for.
        bytes: usize,
        /// Free bytes.
        free: usize,
        /// All bytes.
        total: usize,
    },
    /// A decision has no legal action whose logit is a number: the networks have diverged.
    #[error(
        "decision {row} has no legal action with a finite logit: the generator has diverged; make \
         `generator.learning_rate` smaller"
    )]
    NoAction {
        /// The row of the decision in its batch.
        row: usize,
    },
    /// Any other failure of the driver.
    #[error("{call} failed: {name}: {text}")]
    Call {
        /// What was called, and with what.
        call: String,
        /// The driver's name for the error.
        name: String,
        /// The driver's explanation.
        text: String,
    },
}

impl DeviceError {
    /// Leaves the operation that found the error, up to [`guarded`].
    ///
    /// Operations of a [`Backend`](crate::Backend) return nothing that could carry an error, because on the CPU nothing can
    /// fail; those of a device unwind with the error as payload. No panic message is printed.
    #[cfg_attr(
        not(any(feature = "cuda", test)),
        expect(dead_code, reason = "nothing on the CPU fails")
    )]
    pub(crate) fn raise(self) -> ! {
        resume_unwind(Box::new(self))
    }
}

/// Runs work on a device, and returns the error of the device if there was one; other panics go on.
///
/// What the work was changing is then in an unspecified state, and should be dropped.
///
/// # Errors
///
/// The error of the device.
pub fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, DeviceError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload: Box<dyn Any + Send>| {
        match payload.downcast::<DeviceError>() {
            Ok(error) => *error,
            Err(other) => resume_unwind(other),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_back_and_panics_go_on() {
        assert_eq!(guarded(|| 3), Ok(3));
        let error = DeviceError::NoAction { row: 5 };
        let found: Result<(), _> = guarded(|| error.clone().raise());
        assert_eq!(found, Err(error));
        let outer = catch_unwind(|| guarded(|| panic!("a bug")));
        assert_eq!(*outer.unwrap_err().downcast::<&str>().unwrap(), "a bug");
    }

    #[test]
    fn errors_cross_threads() {
        let error = DeviceError::NoSuchDevice {
            ordinal: 3,
            count: 1,
        };
        let found = guarded(|| rayon::join(|| 1, || -> u32 { error.clone().raise() }));
        assert_eq!(found, Err(error));
    }
}
