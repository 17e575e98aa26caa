//! A decoder of bzip2, for the many small files of NATS-Bench.
//!
//! A record is a single block, so most of the time of a conversion goes into decoding it: `huffman` looks codes up instead
//! of comparing them bit by bit, and `inverse` follows several parts of the inverse transform at a time, which would
//! otherwise wait for memory at every byte.
//! Blocks of bzip2 before 0.9.5 (1999), which could be randomised, are refused.

mod bits;
mod block;
mod crc;
mod huffman;
mod inverse;
mod recent;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Read};

use bits::Bits;
use block::Block;
use crc::crc32;

/// What a stream begins with, before the digit that says how large its blocks are.
const STREAM_MAGIC: u64 = 0x42_5a68;
const BLOCK_MAGIC: u64 = 0x3141_5926_5359;
const END_MAGIC: u64 = 0x1772_4538_5090;
/// Bytes of a block for each step of the digit.
const BLOCK_STEP: usize = 100_000;

/// The content of one stream of bzip2, or of several after each other.
pub struct Bzip2Reader<R> {
    bits: Bits<R>,
    block: Block,
    /// The content of the block that is being read, and how much of it was.
    content: Vec<u8>,
    taken: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first stream.
    Start,
    /// Within a stream, with the largest block and the checksum so far.
    Stream { max_block: usize, crc: u32 },
    /// After a stream.
    Ended,
}

impl<R: BufRead> Bzip2Reader<R> {
    pub fn new(reader: R) -> Self {
        Self::reusing(reader, Workspace::default())
    }

    /// The same with the memory of a reader that is done.
    pub fn reusing(reader: R, workspace: Workspace) -> Self {
        let Workspace { block, mut content } = workspace;
        content.clear();
        Self {
            bits: Bits::new(reader),
            block,
            content,
            taken: 0,
            state: State::Start,
        }
    }

    /// The memory, for the next reader.
    pub fn into_workspace(self) -> Workspace {
        Workspace {
            block: self.block,
            content: self.content,
        }
    }

    /// Decodes everything that is left, or up to the end of the block in which it gets longer than `limit` bytes.
    ///
    /// Other than `read_to_end`, this copies nothing: what was decoded, also before an error, is the `content`.
    pub fn decode_all(&mut self, limit: u64) -> io::Result<()> {
        while (self.content().len() as u64) <= limit && self.next_block()? {}
        Ok(())
    }

    /// What was decoded and not read yet.
    pub fn content(&self) -> &[u8] {
        &self.content[self.taken..]
    }

    /// Decodes the next block that is not empty and adds it to the content; false at the end of the file.
    fn next_block(&mut self) -> io::Result<bool> {
        let start = self.content.len();
        while self.content.len() == start {
            match self.state {
                State::Start | State::Ended => {
                    if self.state == State::Ended && self.bits.is_at_end()? {
                        return Ok(false);
                    }
                    self.begin_stream()?;
                }
                State::Stream { max_block, crc } => match self.bits.take(48)? {
                    BLOCK_MAGIC => {
                        let expected = self.bits.take_u32()?;
                        self.block
                            .decode(&mut self.bits, max_block, &mut self.content)?;
                        check(expected, crc32(&self.content[start..]))?;
                        let crc = crc.rotate_left(1) ^ expected;
                        self.state = State::Stream { max_block, crc };
                    }
                    END_MAGIC => {
                        check(self.bits.take_u32()?, crc)?;
                        self.bits.align();
                        self.state = State::Ended;
                    }
                    _ => return Err(damaged("neither a block nor the end of a stream")),
                },
            }
        }
        Ok(true)
    }

    fn begin_stream(&mut self) -> io::Result<()> {
        let magic = self.bits.take(24)?;
        let digit = self.bits.take(8)?;
        let level = match u8::try_from(digit) {
            Ok(digit @ b'1'..=b'9') if magic == STREAM_MAGIC => usize::from(digit - b'0'),
            _ => return Err(damaged("it does not begin like a stream of bzip2")),
        };
        self.state = State::Stream {
            max_block: level * BLOCK_STEP,
            crc: 0,
        };
        Ok(())
    }
}

impl<R: BufRead> BufRead for Bzip2Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.content.len() {
            self.content.clear();
            self.taken = 0;
            self.next_block()?;
        }
        Ok(&self.content[self.taken..])
    }

    fn consume(&mut self, amount: usize) {
        self.taken = self.content.len().min(self.taken + amount);
    }
}

impl<R: BufRead> Read for Bzip2Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.fill_buf()?;
        let n = content.len().min(buffer.len());
        buffer[..n].copy_from_slice(&content[..n]);
        self.consume(n);
        Ok(n)
    }
}

/// The memory of a reader, 6 MB.
#[derive(Default)]
pub struct Workspace {
    block: Block,
    content: Vec<u8>,
}

fn check(expected: u32, found: u32) -> io::Result<()> {
    if expected == found {
        Ok(())
    } else {
        Err(damaged("a checksum of bzip2 does not agree with the bytes"))
    }
}

fn damaged(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
