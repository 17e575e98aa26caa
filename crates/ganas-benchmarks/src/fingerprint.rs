//! The identity of published files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::nasbench301::results::result_files;
use crate::nats::archive::record_files;
use ganas_formats::SourceInfo;
use ganas_formats::source::hex;

/// Name, size and sha256 of a file. Those of a folder are the sum of the sizes of its records, and the sha256 of the
/// text `<sha256>  <name>\n` of each of them in the order of their names, as `sha256sum * | sha256sum` computes it.
pub(crate) fn of(source: &Path) -> io::Result<SourceInfo> {
    let file = source
        .canonicalize()?
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    if !fs::metadata(source)?.is_dir() {
        let (sha256, bytes) = of_file(source)?;
        return Ok(SourceInfo {
            file,
            sha256,
            bytes,
        });
    }
    let mut listing = Sha256::new();
    let mut sum = 0;
    let mut files = record_files(source)?;
    if files.is_empty() {
        files = result_files(source)?;
    }
    for path in files {
        let (sha256, bytes) = of_file(&path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        listing.update(format!("{sha256}  {name}\n"));
        sum += bytes;
    }
    Ok(SourceInfo {
        file,
        sha256: hex(&listing.finalize()),
        bytes: sum,
    })
}

/// The sha256 and the size of a file, read in pieces.
pub(crate) fn of_file(file: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(file)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hex(&hash.finalize()), bytes)),
            n => {
                hash.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
}
