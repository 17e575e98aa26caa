//! The bytes of a pickle, with their offset.

use std::io::{self, BufRead, ErrorKind};

use crate::{FormatError, FormatProblem};

/// How much is allocated before any byte of a long text has been seen.
const CHUNK: usize = 64 * 1024;

/// Reads and counts.
pub(super) struct Input<R> {
    reader: R,
    offset: u64,
}

impl<R: BufRead> Input<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, offset: 0 }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn error(&self, problem: FormatProblem) -> FormatError {
        FormatError::at(self.offset, problem)
    }

    /// The bytes that can be had without reading on, or at least one unless nothing is left.
    pub(super) fn ahead(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// Passes over bytes that were ahead.
    pub(super) fn pass(&mut self, n_bytes: usize) {
        self.reader.consume(n_bytes);
        self.offset += n_bytes as u64;
    }

    pub(super) fn byte(&mut self) -> Result<u8, FormatError> {
        Ok(self.array::<1>()?[0])
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        // Nearly always, the bytes are in the buffer; an error of it is met again below.
        if let Ok(buffer) = self.reader.fill_buf()
            && let Some(array) = buffer.first_chunk::<N>()
        {
            let array = *array;
            self.pass(N);
            return Ok(array);
        }
        let mut array = [0; N];
        self.fill(&mut array, N as u64)?;
        Ok(array)
    }

    /// What `make` makes of `length` bytes; memory grows with the bytes that are there, not with the length that is
    /// claimed.
    pub(super) fn with_bytes<T>(
        &mut self,
        length: u64,
        limit: u64,
        make: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, FormatError> {
        if length <= limit
            && let Ok(buffer) = self.reader.fill_buf()
            && let Some(bytes) = usize::try_from(length).ok().and_then(|n| buffer.get(..n))
        {
            let made = make(bytes);
            let n = bytes.len();
            self.pass(n);
            return Ok(made);
        }
        Ok(make(&self.bytes(length, limit)?))
    }

    /// `length` bytes, in pieces.
    fn bytes(&mut self, length: u64, limit: u64) -> Result<Vec<u8>, FormatError> {
        if length > limit {
            return Err(self.error(FormatProblem::TooLong { length, limit }));
        }
        let length = usize::try_from(length)
            .map_err(|_| self.error(FormatProblem::TooLong { length, limit }))?;
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let start = bytes.len();
            let end = length.min(start + CHUNK.max(start));
            bytes.resize(end, 0);
            let missing = (length - start) as u64;
            self.fill(&mut bytes[start..end], missing)?;
        }
        Ok(bytes)
    }

    /// The bytes up to a line feed, which is read too.
    pub(super) fn line(&mut self, limit: u64) -> Result<Vec<u8>, FormatError> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(line),
                byte => line.push(byte),
            }
            let length = line.len() as u64;
            if length > limit {
                return Err(self.error(FormatProblem::TooLong { length, limit }));
            }
        }
    }

    /// Passes over bytes without keeping them.
    pub(super) fn skip(&mut self, length: u64) -> Result<(), FormatError> {
        let mut buffer = [0; 256];
        let mut left = length;
        while left > 0 {
            let n = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            self.fill(&mut buffer[..n], left)?;
            left -= n as u64;
        }
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8], wanted: u64) -> Result<(), FormatError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => {
                    return Err(self.error(FormatProblem::Truncated {
                        missing: wanted - filled as u64,
                        of: "the pickle",
                    }));
                }
                Ok(n) => {
                    filled += n;
                    self.offset += n as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(FormatError::of_read(self.offset, &error, "the pickle")),
            }
        }
        Ok(())
    }
}
