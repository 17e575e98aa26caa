//! The formats in which benchmarks are published, told apart by their first bytes.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::nasbench301::results::{is_result, result_files};
use crate::nats::archive::record_files;
use ganas_formats::tfrecord::masked_crc;

/// A format in which a benchmark is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishedFormat {
    /// `nasbench_full.tfrecord`, `nasbench_only108.tfrecord` and relatives.
    NasBench101TfRecord,
    /// NASLib's `nasbench_only108.pkl`.
    NasLib101Pickle,
    /// A `NATS-…-simple` folder.
    NatsFolder,
    /// The same as a tar file.
    NatsTar,
    /// A single `NATS-….pickle.pbz2`.
    NatsPickle,
    /// `NAS-Bench-201-v1_….pth`.
    NasBench201Torch,
    /// A `results_….json` of NAS-Bench-301, or a folder with such files.
    NasBench301Results,
}

/// Enough for the magic of a tar file, and for the first two fields of a result of NAS-Bench-301.
const SIGNATURE_BYTES: u64 = 4096;
const TAR_MAGIC: (usize, &[u8]) = (257, b"ustar");
const BZIP2_MAGIC: &[u8] = b"BZh";
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
/// What files of PyTorch before 1.6 begin with: a pickled number.
const TORCH_MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

impl PublishedFormat {
    /// The formats in words.
    pub const KNOWN: &str = "a TFRecord file of NAS-Bench-101, NASLib's pickle of it, a -simple folder or tar file or a \
        single .pickle.pbz2 of NATS-Bench, a .pth file of NAS-Bench-201, or the results_….json files of NAS-Bench-301";

    /// Finds out the format; `None` when it is none of them.
    ///
    /// # Errors
    ///
    /// The reason why the source cannot be read.
    pub fn detect(source: &Path) -> io::Result<Option<Self>> {
        if std::fs::metadata(source)?.is_dir() {
            if !record_files(source)?.is_empty() {
                return Ok(Some(Self::NatsFolder));
            }
            let results = result_files(source)?;
            return Ok((!results.is_empty()).then_some(Self::NasBench301Results));
        }
        if !std::fs::metadata(source)?.is_file() {
            // A pipe would be waited for, and what is read of it is gone.
            return Ok(None);
        }
        let mut start = Vec::new();
        File::open(source)?
            .take(SIGNATURE_BYTES)
            .read_to_end(&mut start)?;
        let (tar_offset, tar_magic) = TAR_MAGIC;
        let after_protocol = match start[..] {
            [0x80, 2..=5, ..] => &start[2..],
            _ => &[],
        };
        Ok(if start.starts_with(BZIP2_MAGIC) {
            Some(Self::NatsPickle)
        } else if start.starts_with(ZIP_MAGIC) || after_protocol.starts_with(TORCH_MAGIC) {
            Some(Self::NasBench201Torch)
        } else if !after_protocol.is_empty() {
            Some(Self::NasLib101Pickle)
        } else if start
            .get(tar_offset..)
            .is_some_and(|rest| rest.starts_with(tar_magic))
        {
            Some(Self::NatsTar)
        } else if is_tfrecord(&start) {
            Some(Self::NasBench101TfRecord)
        } else if is_result(&start) {
            Some(Self::NasBench301Results)
        } else {
            None
        })
    }

    /// The field of a record that says what was trained.
    pub(crate) fn key_column(self) -> &'static str {
        match self {
            Self::NasBench101TfRecord | Self::NasLib101Pickle => "adjacency and operations",
            Self::NasBench301Results => "optimized_hyperparamater_config",
            _ => "arch_str",
        }
    }
}

impl fmt::Display for PublishedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NasBench101TfRecord => "NAS-Bench-101 TFRecord",
            Self::NasLib101Pickle => "NAS-Bench-101 pickle of NASLib",
            Self::NatsFolder => "NATS-Bench folder",
            Self::NatsTar => "NATS-Bench tar",
            Self::NatsPickle => "NATS-Bench pickle",
            Self::NasBench201Torch => "NAS-Bench-201 .pth",
            Self::NasBench301Results => "NAS-Bench-301 results",
        })
    }
}

/// Whether the length of a first record has the right checksum.
fn is_tfrecord(start: &[u8]) -> bool {
    let Some((length, rest)) = start.split_first_chunk::<8>() else {
        return false;
    };
    rest.first_chunk::<4>()
        .is_some_and(|checksum| u32::from_le_bytes(*checksum) == masked_crc(length))
}
