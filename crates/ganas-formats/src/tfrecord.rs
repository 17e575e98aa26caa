//! TFRecord, TensorFlow's container of records.
//!
//! A record is `u64 length, u32 crc(length), payload, u32 crc(payload)`, little-endian; the checksums are CRC-32C,
//! rotated and offset ("masked") so that the checksum of data that contains checksums is not degenerate.

use std::io::{ErrorKind, Read};

use crate::{FormatError, FormatProblem};

/// A record of NAS-Bench-101 has less than 2 KiB.
const MAX_RECORD_BYTES: u64 = 1 << 20;
/// Length and its checksum.
const HEADER_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;
const MASK_DELTA: u32 = 0xa282_ead8;

/// Reads record after record into one buffer.
#[derive(Debug)]
pub struct TfRecords<R> {
    reader: R,
    /// Where the next record begins.
    offset: u64,
    n_records: u64,
    buffer: Vec<u8>,
}

impl<R: Read> TfRecords<R> {
    /// The records of a file, from its beginning.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            offset: 0,
            n_records: 0,
            buffer: Vec::new(),
        }
    }

    /// The number of records read so far; the last one has this number, counted from 1.
    pub fn n_records(&self) -> u64 {
        self.n_records
    }

    /// Where the next record begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The payload of the next record; none at the end of the file.
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, FormatError> {
        let number = self.n_records + 1;
        let offset = self.offset;
        match self.read() {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.n_records = number;
                let payload = self.buffer.len() - CHECKSUM_BYTES;
                Ok(Some(&self.buffer[..payload]))
            }
            Err(problem) => {
                Err(FormatError::at(offset, problem).within(|| format!("record {number}")))
            }
        }
    }

    /// Fills the buffer with payload and checksum.
    fn read(&mut self) -> Result<bool, FormatProblem> {
        let mut header = [0; HEADER_BYTES];
        match fill(&mut self.reader, &mut header)? {
            0 => return Ok(false),
            HEADER_BYTES => {}
            n => return Err(truncated(HEADER_BYTES - n)),
        }
        let (length, checksum) = split(&header);
        check("a record's length", length, checksum)?;
        let length = u64::from_le_bytes(array(length));
        if length > MAX_RECORD_BYTES {
            let limit = MAX_RECORD_BYTES;
            return Err(FormatProblem::TooLong { length, limit });
        }
        let wanted = usize::try_from(length).map_err(|_| FormatProblem::TooLong {
            length,
            limit: MAX_RECORD_BYTES,
        })? + CHECKSUM_BYTES;
        self.buffer.clear();
        // Grows with the bytes that are there, not with the length that is claimed.
        let read = (&mut self.reader)
            .take(wanted as u64)
            .read_to_end(&mut self.buffer)
            .map_err(unreadable)?;
        if read < wanted {
            return Err(truncated(wanted - read));
        }
        let (payload, checksum) = split(&self.buffer);
        check("a record's content", payload, checksum)?;
        self.offset += (HEADER_BYTES + wanted) as u64;
        Ok(true)
    }
}

/// Content and stored checksum.
fn split(bytes: &[u8]) -> (&[u8], u32) {
    let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
    (content, u32::from_le_bytes(array(checksum)))
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes
        .try_into()
        .expect("the caller splits off exactly these bytes")
}

fn check(of: &'static str, content: &[u8], expected: u32) -> Result<(), FormatProblem> {
    let found = masked_crc(content);
    if found == expected {
        Ok(())
    } else {
        Err(FormatProblem::Checksum {
            of,
            expected,
            found,
        })
    }
}

/// The checksum as it is stored.
pub fn masked_crc(content: &[u8]) -> u32 {
    crc32c::crc32c(content)
        .rotate_right(15)
        .wrapping_add(MASK_DELTA)
}

fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> Result<usize, FormatProblem> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(filled)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn unreadable(error: std::io::Error) -> FormatProblem {
    FormatProblem::Unreadable {
        reason: error.to_string(),
    }
}

fn truncated(missing: usize) -> FormatProblem {
    FormatProblem::Truncated {
        missing: missing as u64,
        of: "the record",
    }
}
