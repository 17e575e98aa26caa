//! The CUDA driver: contexts, memory, copies and launches. All `unsafe` calls of it stand here.

#![expect(unsafe_code, reason = "the driver is called through its C interface")]

use std::collections::BTreeMap;
use std::ffi::{CString, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use cudarc::driver::{CudaContext, CudaStream};

use super::compiler::Code;
use super::device_info::DeviceInfo;
use super::kernels::{KERNELS, Kernel};
use crate::DeviceError;

/// Numbers that are copied to and from a device as they are.
pub trait Plain: Copy + Default + fmt::Debug + Send + Sync + 'static {}

impl Plain for f32 {}
impl Plain for f64 {}
impl Plain for u32 {}
impl Plain for u64 {}

/// Numbers in the memory of a device.
pub struct Buffer<T: Plain> {
    /// The address, or 0 for a buffer that never held anything.
    address: sys::CUdeviceptr,
    len: usize,
    capacity: usize,
    context: Arc<CudaContext>,
    element: PhantomData<T>,
}

impl<T: Plain> Buffer<T> {
    /// How many numbers it holds.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The address of a number.
    pub(crate) fn address(&self, offset: usize) -> u64 {
        assert!(offset <= self.len, "an offset inside the buffer");
        self.address + (offset * size_of::<T>()) as u64
    }

    /// Changes the length of a buffer that a kernel is about to fill, within its capacity.
    fn set_len(&mut self, len: usize) {
        assert!(len <= self.capacity, "a length within the capacity");
        self.len = len;
    }
}

impl<T: Plain> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, len) = (self.address, self.len);
        write!(f, "Buffer({len} at {address:#x})")
    }
}

impl<T: Plain> Drop for Buffer<T> {
    fn drop(&mut self) {
        if self.address == 0 {
            return;
        }
        // A failure to free can only follow a failure that was reported already: the device is then lost as a whole.
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: the address came from the allocator of this context and is freed once; the driver waits for work that
            // uses it.
            let _ = unsafe { result::free_sync(self.address) };
        }
    }
}

/// A device with a stream of work and its compiled kernels.
pub(crate) struct Driver {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    functions: Arc<Functions>,
}

/// The handles of the kernels, by name.
struct Functions(BTreeMap<&'static str, sys::CUfunction>);

// SAFETY: a handle may be used from any thread in which its context is current, which every call here sees to.
unsafe impl Send for Functions {}
// SAFETY: as above, and the map is never changed; launches from several threads into one stream are queued by the driver.
unsafe impl Sync for Functions {}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Driver(cuda:{})", self.context.ordinal())
    }
}

/// The number of devices.
pub(super) fn count() -> Result<usize, DeviceError> {
    // SAFETY: looking for the library has no other effect than loading it.
    if !unsafe { sys::is_culib_present() } {
        return Err(DeviceError::NoDriver);
    }
    match result::init() {
        Ok(()) => {}
        Err(DriverError(CUresult::CUDA_ERROR_NO_DEVICE)) => return Ok(0),
        Err(error) => return Err(failure("cuInit", error)),
    }
    let count = result::device::get_count().map_err(|e| failure("cuDeviceGetCount", e))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// What the driver says of a device.
pub(super) fn info(ordinal: usize) -> Result<DeviceInfo, DeviceError> {
    let number =
        i32::try_from(ordinal).map_err(|_| DeviceError::NoSuchDevice { ordinal, count: 0 })?;
    let device = result::device::get(number).map_err(|e| failure("cuDeviceGet", e))?;
    let attribute = |which| {
        // SAFETY: the device was just returned by the driver.
        let value = unsafe { result::device::get_attribute(device, which) };
        value
            .map(|value| u32::try_from(value).unwrap_or(0))
            .map_err(|e| failure("cuDeviceGetAttribute", e))
    };
    // SAFETY: as above.
    let memory = unsafe { result::device::total_mem(device) };
    Ok(DeviceInfo {
        ordinal,
        name: result::device::get_name(device).map_err(|e| failure("cuDeviceGetName", e))?,
        capability: [
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ],
        memory: memory.map_err(|e| failure("cuDeviceTotalMem", e))?,
    })
}

impl Driver {
    /// Takes a device and loads compiled kernels.
    pub(super) fn open(ordinal: usize, code: &Code) -> Result<Self, DeviceError> {
        let context = CudaContext::new(ordinal)
            .map_err(|e| failure(format!("taking the device cuda:{ordinal}"), e))?;
        let stream = (context.new_stream()).map_err(|e| failure("cuStreamCreate", e))?;
        // SAFETY: the code ends with a zero, as PTX must.
        let module = unsafe { result::module::load_data(code.ptx.as_ptr().cast()) };
        let module = module.map_err(|error| match error.0 {
            CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION => DeviceError::DriverTooOld {
                driver: driver_version(),
                compiler: code.compiler.clone(),
            },
            _ => failure("cuModuleLoadData", error),
        })?;
        let mut functions = BTreeMap::new();
        for kernel in KERNELS {
            let name = CString::new(kernel.name).expect("invariant: names hold no zero");
            // SAFETY: the module was just loaded, and stays loaded as long as the process runs.
            let function = unsafe { result::module::get_function(module, name) };
            let function = function
                .map_err(|e| failure(format!("cuModuleGetFunction of {}", kernel.name), e))?;
            functions.insert(kernel.name, function);
        }
        Ok(Self {
            context,
            stream,
            functions: Arc::new(Functions(functions)),
        })
    }

    /// The same device with a stream of its own.
    pub(super) fn fork(&self) -> Result<Self, DeviceError> {
        let stream = self.context.new_stream();
        Ok(Self {
            context: Arc::clone(&self.context),
            stream: stream.map_err(|e| failure("cuStreamCreate", e))?,
            functions: Arc::clone(&self.functions),
        })
    }

    /// Makes the context current in this thread; returns the stream.
    fn bind(&self) -> sys::CUstream {
        self.must(self.context.bind_to_thread(), "cuCtxSetCurrent");
        self.stream.cu_stream()
    }

    fn must<R>(&self, result: Result<R, DriverError>, call: impl Into<String>) -> R {
        result.unwrap_or_else(|error| failure(call, error).raise())
    }

    /// A buffer without memory.
    pub(crate) fn empty<T: Plain>(&self) -> Buffer<T> {
        Buffer {
            address: 0,
            len: 0,
            capacity: 0,
            context: Arc::clone(&self.context),
            element: PhantomData,
        }
    }

    /// A buffer with unspecified contents.
    pub(crate) fn allocate<T: Plain>(&self, len: usize) -> Buffer<T> {
        let mut buffer = self.empty();
        if len == 0 {
            return buffer;
        }
        self.bind();
        let bytes = len * size_of::<T>();
        // SAFETY: the contents are unspecified, and every bit pattern is a number.
        buffer.address = match unsafe { result::malloc_sync(bytes) } {
            Ok(address) => address,
            Err(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => {
                let memory = result::mem_get_info();
                let (free, total) = self.must(memory, "cuMemGetInfo");
                DeviceError::OutOfMemory { bytes, free, total }.raise()
            }
            Err(error) => failure(format!("cuMemAlloc of {bytes} bytes"), error).raise(),
        };
        (buffer.len, buffer.capacity) = (len, len);
        buffer
    }

    /// Gives a buffer a length, with unspecified contents.
    pub(crate) fn resize<T: Plain>(&self, buffer: &mut Buffer<T>, len: usize) {
        if buffer.capacity < len {
            *buffer = self.allocate(len.next_power_of_two());
        }
        buffer.set_len(len);
    }

    /// Overwrites the beginning of a buffer.
    pub(crate) fn write<T: Plain>(&self, to: &mut Buffer<T>, from: &[T]) {
        assert!(from.len() <= to.len, "a buffer that is long enough");
        if from.is_empty() {
            return;
        }
        let stream = self.bind();
        // SAFETY: the target is as long as the source; the driver copies memory that is not page-locked, as a slice is, before
        // it returns.
        let copied = unsafe { result::memcpy_htod_async(to.address, from, stream) };
        self.must(copied, "cuMemcpyHtoDAsync");
    }

    /// Replaces the contents and the length of a buffer.
    pub(crate) fn replace<T: Plain>(&self, to: &mut Buffer<T>, from: &[T]) {
        self.resize(to, from.len());
        self.write(to, from);
    }

    /// Copies to the host, and waits for it.
    pub(crate) fn read<T: Plain>(&self, to: &mut [T], from: &Buffer<T>, offset: usize) {
        assert!(offset + to.len() <= from.len, "a range inside the buffer");
        if to.is_empty() {
            return;
        }
        let stream = self.bind();
        // SAFETY: the source is as long as the target, which is borrowed until the stream was waited for.
        let copied = unsafe { result::memcpy_dtoh_async(to, from.address(offset), stream) };
        self.must(copied, "cuMemcpyDtoHAsync");
        self.synchronise();
    }

    /// Sets a range to zero.
    pub(crate) fn clear<T: Plain>(&self, to: &mut Buffer<T>, offset: usize, len: usize) {
        assert!(offset + len <= to.len, "a range inside the buffer");
        if len == 0 {
            return;
        }
        let stream = self.bind();
        let bytes = len * size_of::<T>();
        // SAFETY: the range lies inside the buffer, and all bits zero is the number zero.
        let cleared = unsafe { result::memset_d8_async(to.address(offset), 0, bytes, stream) };
        self.must(cleared, "cuMemsetD8Async");
    }

    /// Waits for all work.
    pub(crate) fn synchronise(&self) {
        let stream = self.bind();
        // SAFETY: the stream lives as long as this.
        let done = unsafe { result::stream::synchronize(stream) };
        self.must(
            done,
            "cuStreamSynchronize (a kernel launched before may have failed)",
        );
    }

    /// Queues a kernel. Each argument stands in the low bytes of its slot.
    pub(super) fn launch(&self, kernel: &Kernel, grid: [u32; 3], arguments: &mut [u64]) {
        let stream = self.bind();
        let function = self.functions.0[kernel.name];
        let mut slots = [std::ptr::null_mut::<c_void>(); MAX_ARGUMENTS];
        for (slot, argument) in slots.iter_mut().zip(arguments.iter_mut()) {
            *slot = std::ptr::from_mut(argument).cast();
        }
        let [x, y] = kernel.block;
        let parameters = &mut slots[..arguments.len()];
        // SAFETY: `Launch` made as many arguments as the kernel has parameters, of their kinds; addresses are those of live
        // buffers of this context, which are freed only after the work that uses them; the kernels stay inside what the checks
        // of each operation found out about the shapes, which the tests under emulation watch over.
        let queued = unsafe {
            result::launch_kernel(
                function,
                (grid[0], grid[1], grid[2]),
                (x, y, 1),
                0,
                stream,
                parameters,
            )
        };
        if let Err(error) = queued {
            failure(
                format!("launching {} on {grid:?} blocks", kernel.name),
                error,
            )
            .raise();
        }
    }
}

/// The most parameters that a kernel has.
pub(super) const MAX_ARGUMENTS: usize = 16;

/// The version of CUDA that the driver supports.
fn driver_version() -> String {
    let mut version = 0;
    // SAFETY: the pointer is that of a local.
    match unsafe { sys::cuDriverGetVersion(&raw mut version) }.result() {
        Ok(()) => format!("{}.{}", version / 1000, version % 1000 / 10),
        Err(_) => "of unknown version".to_owned(),
    }
}

fn failure(call: impl Into<String>, error: DriverError) -> DeviceError {
    let text = |found: Result<&std::ffi::CStr, DriverError>| match found {
        Ok(text) => text.to_string_lossy().into_owned(),
        Err(_) => format!("error {}", error.0 as u32),
    };
    DeviceError::Call {
        call: call.into(),
        name: text(error.error_name()),
        text: text(error.error_string()),
    }
}
