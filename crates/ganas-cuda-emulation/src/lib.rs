//! A CUDA driver and an NVRTC that run kernels on the CPU, so that code for CUDA is tested without a GPU.
//!
//! [`install`] loads two shared libraries under the names of NVIDIA's, before `cudarc` asks for them. From then on
//! `cudarc` compiles the very same kernel sources, allocates memory, and launches, and everything happens on the host:
//! a kernel source is compiled by the host's C++ compiler, and the threads of a block take turns on the thread that
//! launches. Nothing else has to be done: no environment variable, no other binary.
//!
//! # What it finds
//!
//! A launch fails, with a [report](Emulation::last_report) that names kernel, block, thread, and mostly the line, on
//! accesses outside of an allocation (allocations end at inaccessible pages, and so does dynamic shared memory) or to
//! freed memory, indices outside of an array, addresses that are not aligned, divergent barriers, barriers that some
//! threads never reach, lanes that are missing in the mask of a shuffle, deadlocks, failed assertions, divisions by
//! zero, shifts by too much, and arguments that are no device memory where the kernel has a pointer. Fresh device
//! memory, shared memory at the start of a block, and unset local variables hold NaN or another conspicuous value. A
//! missing barrier shows as a result that depends on the [order](Order) of the threads.
//!
//! # What it does not
//!
//! Weak memory ordering, races between blocks ([`race`] finds those of its launches), the
//! rounding of fast arithmetic, registers, occupancy, speed, streams that run at the same time, errors that stay
//! after a failed launch, wrong accesses to memory that the kernel may use, and accesses more than a page outside
//! of an allocation where the process has something else there. Textures, half precision, tensor cores, cooperative
//! groups, inline PTX, float atomics, stream capture and graphs are not there: a kernel with them does not compile,
//! and the functions of the driver return `CUDA_ERROR_NOT_SUPPORTED`.
//!
//! # Environment
//!
//! A process that is started with [`library_folder`] in `LD_LIBRARY_PATH` uses the emulation, too. These variables set
//! it up: `GANAS_EMULATION_ORDER` (`ascending`, `descending` or `shuffled:SEED`), `GANAS_EMULATION_MEMORY` (bytes of
//! device memory), `GANAS_EMULATION_CACHE` (folder for compiled sources; by default one in cargo's target folder),
//! `GANAS_EMULATION_OLD_DRIVER` (set: the driver refuses every image as made for a newer one).
//!
//! The crate is for Linux; elsewhere it is empty.

#![expect(
    unsafe_code,
    reason = "functions of its own shared libraries, written in C++, are called"
)]
#![cfg(target_os = "linux")]

pub mod race;

use std::ffi::{CStr, c_char, c_int};
use std::path::Path;
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

/// In which order the threads of a block, and the blocks of a grid, take turns.
///
/// A correct kernel gives the same result in every order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By index.
    #[default]
    Ascending,
    /// From the last to the first.
    Descending,
    /// In an order that the seed decides, and another one after each barrier.
    Shuffled(u64),
}

/// The installed emulation.
#[derive(Debug)]
pub struct Emulation {
    set_order: unsafe extern "C" fn(c_int, u64),
    last_report: unsafe extern "C" fn() -> *const c_char,
    clear_report: unsafe extern "C" fn(),
    set_memory_limit: unsafe extern "C" fn(u64),
    memory_in_use: unsafe extern "C" fn() -> u64,
}

/// Loads the emulated libraries, once for the process.
///
/// Call it before anything asks `cudarc` for a device or a compiler.
///
/// # Panics
///
/// When the libraries cannot be loaded, or lack a function: then the build of this crate is broken.
pub fn install() -> &'static Emulation {
    static EMULATION: OnceLock<Emulation> = OnceLock::new();
    EMULATION.get_or_init(|| {
        let driver = load("libcuda.so");
        load("libnvrtc.so");
        Emulation {
            set_order: symbol(driver, c"ganas_emulation_set_order"),
            last_report: symbol(driver, c"ganas_emulation_last_report"),
            clear_report: symbol(driver, c"ganas_emulation_clear_report"),
            set_memory_limit: symbol(driver, c"ganas_emulation_set_memory_limit"),
            memory_in_use: symbol(driver, c"ganas_emulation_memory_in_use"),
        }
    })
}

/// The folder with `libcuda.so` and `libnvrtc.so`, for the `LD_LIBRARY_PATH` of a process.
pub fn library_folder() -> &'static Path {
    Path::new(env!("GANAS_EMULATION_LIBRARIES"))
}

impl Emulation {
    /// Sets the order for the launches that the calling thread makes from now on.
    ///
    /// Other threads keep theirs, so that tests can run at the same time; a thread that sets none has the order of the
    /// environment, or [`Order::Ascending`].
    pub fn set_order(&self, order: Order) {
        let (kind, seed) = match order {
            Order::Ascending => (0, 0),
            Order::Descending => (1, 0),
            Order::Shuffled(seed) => (2, seed),
        };
        // SAFETY: the function has this signature in cpp/driver/control.cpp and takes these three kinds.
        unsafe { (self.set_order)(kind, seed) }
    }

    /// What was wrong with the last failed call of the driver that the calling thread made.
    ///
    /// The text was printed to the standard error output, too.
    pub fn last_report(&self) -> Option<String> {
        // SAFETY: the function has this signature in cpp/driver/control.cpp.
        let text = unsafe { (self.last_report)() };
        if text.is_null() {
            return None;
        }
        // SAFETY: the text is ended by a null, belongs to this thread, and stays until this thread's next report.
        let text = unsafe { CStr::from_ptr(text) };
        Some(text.to_string_lossy().into_owned())
    }

    /// Forgets the report of the calling thread.
    pub fn clear_report(&self) {
        // SAFETY: the function has this signature in cpp/driver/control.cpp.
        unsafe { (self.clear_report)() }
    }

    /// Sets the device memory of the process, in bytes; what is in use stays.
    pub fn set_memory_limit(&self, bytes: u64) {
        // SAFETY: the function has this signature in cpp/driver/control.cpp.
        unsafe { (self.set_memory_limit)(bytes) }
    }

    /// The device memory that is allocated now, in bytes.
    pub fn memory_in_use(&self) -> u64 {
        // SAFETY: the function has this signature in cpp/driver/control.cpp.
        unsafe { (self.memory_in_use)() }
    }
}

/// Loads a library of this crate for good.
///
/// The loader then takes it whenever the name is asked for, because that is the name which the library says it has.
fn load(name: &str) -> &'static Library {
    let path = library_folder().join(name);
    // SAFETY: the library is of this crate; what it does when it is loaded is to make empty tables.
    let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_GLOBAL) };
    let library = library.unwrap_or_else(|error| {
        panic!(
            "cannot load {}: {error}; build the crate again",
            path.display()
        )
    });
    Box::leak(Box::new(library))
}

/// A function of a library.
fn symbol<F: Copy>(library: &'static Library, name: &CStr) -> F {
    // SAFETY: the callers ask for functions of cpp/driver/control.cpp with the types that they have there.
    let function = unsafe { library.get::<F>(name.to_bytes_with_nul()) };
    *function.unwrap_or_else(|error| panic!("libcuda.so of the emulation: {error}"))
}
