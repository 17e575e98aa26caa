//! The GPU as a device, under emulation: errors, the cache of compiled kernels, forks.

#![allow(
    clippy::disallowed_methods,
    reason = "the cache of compiled kernels is looked into"
)]
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests: a failed step ends the test")]

use std::fs;
use std::path::PathBuf;

use ganas_gnn::ops::categorical::{Categorical as _, Draw, Exploration};
use ganas_gnn::ops::gather::Gather as _;
use ganas_gnn::ops::product::Write;
use ganas_gnn::{Cuda, Device as _, DeviceError, Mat, guarded};
use ndarray::{Array2, arr2};

fn device() -> Cuda {
    ganas_cuda_emulation::install();
    Cuda::open(0, None).unwrap()
}

#[test]
fn a_device_that_is_not_there() {
    ganas_cuda_emulation::install();
    let error = Cuda::open(3, None).unwrap_err();
    let expected = DeviceError::NoSuchDevice {
        ordinal: 3,
        count: 1,
    };
    assert_eq!(error, expected);
    assert_eq!(Cuda::devices().unwrap().len(), 1);
}

#[test]
fn a_kernel_that_reads_elsewhere_is_an_error() {
    let device = device();
    let table = Mat::from_host(&device, Array2::zeros([3, 2]).view());
    let mut out = Mat::from_host(&device, Array2::zeros([1, 2]).view());
    let mut index = device.ints();
    // Row 100 of 3 lies within the inaccessible page behind the table: farther away, another test may own the memory.
    device.write_ints(&mut index, &[100]);
    let error = guarded(|| {
        device.gather_fwd(out.view_mut(), table.view(), &index, Write::Set);
        device.finish();
    })
    .unwrap_err();
    let DeviceError::Call { call, name, .. } = &error else {
        panic!("{error}");
    };
    assert!(
        call.contains("gather_fwd") && name == "CUDA_ERROR_ILLEGAL_ADDRESS",
        "{error}"
    );
}

#[test]
fn logits_that_are_no_numbers_are_an_error() {
    let device = device();
    let logits = Mat::from_host(&device, arr2(&[[0.0, 1.0], [f32::NAN, f32::NAN]]).view());
    let uniforms = Mat::from_host(&device, arr2(&[[0.5], [0.5]]).view());
    let (mut masks, mut chosen) = (device.masks(), device.ints());
    device.write_masks(&mut masks, &[0b11; 2]);
    let draw = Draw {
        masks: &masks,
        uniforms: uniforms.view(),
        exploration: Exploration::NONE,
    };
    device.categorical_sample(&mut chosen, logits.view(), draw);
    let error = guarded(|| device.read_ints(&mut [0; 2], &chosen)).unwrap_err();
    assert_eq!(error, DeviceError::NoAction { row: 1 });
}

#[test]
fn compiled_kernels_are_kept_and_damaged_ones_are_made_anew() {
    ganas_cuda_emulation::install();
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("deep").join("kernels");
    let open = || {
        let device = Cuda::open(0, Some(&cache)).unwrap();
        assert_eq!(device.warning(), None);
        let files: Vec<PathBuf> = fs::read_dir(&cache)
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    };
    let file = open();
    let good = fs::read(&file).unwrap();
    let modified = || fs::metadata(&file).unwrap().modified().unwrap();
    let written = modified();
    assert_eq!(open(), file);
    assert_eq!(
        modified(),
        written,
        "a good file is used, not written again"
    );
    let mut changed = good.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for bad in [&good[..good.len() / 2], &good[..10], &[], &changed] {
        fs::write(&file, bad).unwrap();
        assert_eq!(open(), file);
        assert_eq!(fs::read(&file).unwrap(), good);
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_told() {
    ganas_cuda_emulation::install();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    let device = Cuda::open(0, Some(&file)).unwrap();
    let warning = device.warning().unwrap();
    assert!(
        warning.contains("a file") && warning.contains("compiled at every start"),
        "{warning}"
    );
}

#[test]
fn forks_have_memory_in_common_and_queues_of_their_own() {
    let device = device();
    let fork = device.fork();
    assert_eq!(fork.describe(), device.describe());
    let mat = Mat::from_host(&fork, arr2(&[[1.0, 2.0]]).view());
    fork.finish();
    assert_eq!(mat.to_host(&device), arr2(&[[1.0, 2.0]]));
}
