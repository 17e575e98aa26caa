//! A first pass over a pickle: which entries of its memo it refers to.
//!
//! Python puts every text and every container into the memo, hundreds of millions for a whole benchmark, and refers to
//! few of them again. Knowing which keeps the memory of the second pass bounded.

use std::io::BufRead;

use crate::{FormatError, FormatProblem};

use super::input::Input;

/// A set of memo entries.
#[derive(Debug, Default)]
pub struct References {
    bits: Vec<u64>,
}

/// A memo of more entries is not read; it would be that of a pickle of many gigabytes.
const MAX_ENTRIES: u32 = 1 << 30;
const MAX_LINE: u64 = 1 << 24;

impl References {
    /// Finds the references of one pickle, which the reader is left behind.
    pub fn find(reader: impl BufRead) -> Result<Self, FormatError> {
        let mut input = Input::new(reader);
        let mut references = Self::default();
        loop {
            let start = input.offset();
            let index = match input.byte()? {
                b'.' => return Ok(references),
                b'h' => input.byte()?.into(),
                b'j' => u32::from_le_bytes(input.array()?),
                b'g' => {
                    let line = input.line(64)?;
                    let index = std::str::from_utf8(&line)
                        .ok()
                        .and_then(|line| line.trim_end().parse().ok());
                    index.ok_or_else(|| {
                        let reason = "a memo entry without a number";
                        FormatError::at(start, FormatProblem::Malformed { reason })
                    })?
                }
                opcode => {
                    skip_arguments(&mut input, opcode)?;
                    continue;
                }
            };
            // Every entry took at least a byte to make.
            if u64::from(index) >= start {
                let reason = "it refers to an entry of its memo that does not exist";
                return Err(FormatError::at(start, FormatProblem::Malformed { reason }));
            }
            references
                .insert(index)
                .map_err(|problem| FormatError::at(start, problem))?;
        }
    }

    /// Whether the pickle refers to this entry.
    pub fn contains(&self, index: u32) -> bool {
        self.bits
            .get(index as usize / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn insert(&mut self, index: u32) -> Result<(), FormatProblem> {
        if index >= MAX_ENTRIES {
            return Err(FormatProblem::TooMany {
                what: "entries of a pickle's memo",
                limit: MAX_ENTRIES as usize,
            });
        }
        let word = index as usize / 64;
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << (index % 64);
        Ok(())
    }
}

fn skip_arguments<R: BufRead>(input: &mut Input<R>, opcode: u8) -> Result<(), FormatError> {
    let length = match opcode {
        0x80 | b'K' | b'q' => 1,
        b'M' => 2,
        b'J' | b'r' => 4,
        b'G' | 0x95 => 8,
        0x8a | 0x8c | b'C' | b'U' => input.byte()?.into(),
        0x8b | b'X' | b'B' | b'T' => u32::from_le_bytes(input.array()?).into(),
        0x8d | 0x8e | 0x96 => u64::from_le_bytes(input.array()?),
        b'I' | b'L' | b'F' | b'V' | b'p' | b'P' => {
            input.line(MAX_LINE)?;
            0
        }
        b'c' => {
            input.line(MAX_LINE)?;
            input.line(MAX_LINE)?;
            0
        }
        _ => 0,
    };
    input.skip(length)
}
