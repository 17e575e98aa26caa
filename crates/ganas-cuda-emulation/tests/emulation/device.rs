//! A device of the emulation, and what tests do with it over and over.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaFunction, CudaModule, CudaSlice, CudaStream, LaunchConfig};
use cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use ganas_cuda_emulation::{Emulation, Order};

/// The orders that every correct kernel must be right in.
pub(crate) const ORDERS: [Order; 4] = [
    Order::Ascending,
    Order::Descending,
    Order::Shuffled(1),
    Order::Shuffled(2),
];

pub(crate) struct Device {
    pub(crate) emulation: &'static Emulation,
    pub(crate) context: Arc<CudaContext>,
    pub(crate) stream: Arc<CudaStream>,
}

impl Device {
    pub(crate) fn new() -> Self {
        let emulation = ganas_cuda_emulation::install();
        let context = CudaContext::new(0).unwrap();
        Self {
            emulation,
            stream: context.default_stream(),
            context,
        }
    }

    /// The module of a source, which messages call `name`.
    pub(crate) fn module(&self, name: &str, source: &str) -> Arc<CudaModule> {
        let options = CompileOptions {
            name: Some(name.to_owned()),
            ..CompileOptions::default()
        };
        let image = compile_ptx_with_opts(source, options).unwrap();
        self.context.load_module(image).unwrap()
    }

    pub(crate) fn function(&self, source: &str, kernel: &str) -> CudaFunction {
        self.module("test.cu", source)
            .load_function(kernel)
            .unwrap()
    }

    pub(crate) fn upload(&self, values: &[f32]) -> CudaSlice<f32> {
        self.stream.clone_htod(values).unwrap()
    }

    pub(crate) fn zeros(&self, len: usize) -> CudaSlice<f32> {
        self.stream.alloc_zeros(len).unwrap()
    }

    pub(crate) fn download(&self, values: &CudaSlice<f32>) -> Vec<f32> {
        self.stream.clone_dtoh(values).unwrap()
    }

    /// The last report, which there must be.
    pub(crate) fn report(&self) -> String {
        self.emulation.last_report().expect("there is a report")
    }
}

/// A launch without dynamic shared memory.
pub(crate) fn grid(grid_dim: (u32, u32, u32), block_dim: (u32, u32, u32)) -> LaunchConfig {
    LaunchConfig {
        grid_dim,
        block_dim,
        shared_mem_bytes: 0,
    }
}

/// Numbers between -0.5 and 0.5 that look random.
pub(crate) fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        })
        .collect()
}

/// Compares with a reference that was computed with f64.
#[track_caller]
pub(crate) fn assert_close(got: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(got) - expected).abs();
        assert!(
            error <= tolerance * expected.abs().max(1.0),
            "element {i} is {got}, expected {expected}"
        );
    }
}
