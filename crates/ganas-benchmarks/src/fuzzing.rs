//! What fuzz targets call; no part of the public interface.

use std::io::Cursor;

use ganas_formats::fuzzing::LIMITS;
use ganas_formats::pickle;

use crate::nasbench101::naslib;
use crate::nasbench101::records::{parse_record, read_tfrecords};
use crate::nasbench301::results::parse_result;
use crate::nats::archive::{read_tar, read_torch_from};
use crate::nats::record;

/// The pickle of a NATS-Bench record.
pub fn nats_record(data: &[u8]) {
    if let Ok((heap, value)) = pickle::read(data, LIMITS) {
        let _ = record::record(&heap, &value);
    }
}

/// A NATS-Bench tar file.
pub fn nats_tar(data: &[u8]) {
    let _ = read_tar(data, |_| Ok(()));
}

/// A `.pth` file.
pub fn torch(data: &[u8]) {
    let _ = read_torch_from(|| Ok(Cursor::new(data)), LIMITS, |_| Ok(()));
}

/// NASLib's pickle.
pub fn naslib_pickle(data: &[u8]) {
    let _ = naslib::read_naslib(|| Ok(data), LIMITS, |_, _| Ok(()));
}

/// A TFRecord file.
pub fn tfrecord(data: &[u8]) {
    let _ = read_tfrecords(data, |_, _| Ok(()));
}

/// The payload of a record.
pub fn nasbench101_record(data: &[u8]) {
    let _ = parse_record(data, &mut Vec::new());
}

/// A result of NAS-Bench-301.
pub fn nasbench301_result(data: &[u8]) {
    let _ = parse_result(data);
}
