//! The bits of a compressed file, the highest of each byte first.

use std::io::{self, BufRead, ErrorKind};

/// Reads bits from bytes.
pub(super) struct Bits<R> {
    reader: R,
    /// The next bits, from the highest on; what lies beyond `count` is right or zero.
    buffer: u64,
    count: u32,
}

/// After a refill, so many bits are there unless the file ends.
const REFILLED: u32 = 56;

impl<R: BufRead> Bits<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: 0,
            count: 0,
        }
    }

    /// Makes at least 56 bits available, or all that are left.
    #[inline]
    pub(super) fn refill(&mut self) -> io::Result<()> {
        if self.count >= REFILLED {
            return Ok(());
        }
        let bytes = self.reader.fill_buf()?;
        let Some(word) = bytes.first_chunk::<8>() else {
            return self.refill_bytewise();
        };
        self.buffer |= u64::from_be_bytes(*word) >> self.count;
        let n_bytes = (63 - self.count) / 8;
        self.count += 8 * n_bytes;
        self.reader.consume(n_bytes as usize);
        Ok(())
    }

    #[cold]
    fn refill_bytewise(&mut self) -> io::Result<()> {
        while self.count < REFILLED {
            let Some(&byte) = self.reader.fill_buf()?.first() else {
                break;
            };
            self.buffer |= u64::from(byte) << (REFILLED - self.count);
            self.count += 8;
            self.reader.consume(1);
        }
        Ok(())
    }

    /// The number of bits that are available.
    #[inline]
    pub(super) fn available(&self) -> u32 {
        self.count
    }

    /// The next 1 to 56 bits; zeros where none are available.
    #[inline]
    pub(super) fn peek(&self, n: u32) -> u64 {
        self.buffer >> (64 - n)
    }

    /// The same as an index; at most 32 bits.
    #[inline]
    pub(super) fn peek_index(&self, n: u32) -> usize {
        (self.buffer >> 32) as usize >> (32 - n)
    }

    /// Drops at most 56 bits.
    #[inline]
    pub(super) fn skip(&mut self, n: u32) -> io::Result<()> {
        if n > self.count {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.buffer <<= n;
        self.count -= n;
        Ok(())
    }

    /// The next 1 to 56 bits.
    pub(super) fn take(&mut self, n: u32) -> io::Result<u64> {
        self.refill()?;
        let value = self.peek(n);
        self.skip(n)?;
        Ok(value)
    }

    pub(super) fn take_u32(&mut self) -> io::Result<u32> {
        let value = self.take(32)?;
        Ok(u32::try_from(value).expect("32 bits are a u32"))
    }

    pub(super) fn take_bit(&mut self) -> io::Result<bool> {
        Ok(self.take(1)? == 1)
    }

    /// Drops the rest of a byte that has been begun.
    pub(super) fn align(&mut self) {
        let rest = self.count % 8;
        self.buffer <<= rest;
        self.count -= rest;
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        self.refill()?;
        Ok(self.count == 0)
    }
}
