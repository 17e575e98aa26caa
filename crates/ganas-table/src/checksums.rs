//! The checksums of a table file, and which parts of it have been compared with them.
//!
//! The footer of the file has an entry [`KEY`]: the checksum of the footer itself, the bytes of a block, and the checksum
//! of each block of the file up to the footer, all CRC-32C in eight hexadecimal digits. That of the footer is computed
//! with zeros in its own place.
//!
//! Blocks cover everything: columns, what stands around them, and what lies between them. Opening a table compares
//! what it reads; a column or a text is compared when it is asked for, and once.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_ipc::{Footer, root_as_footer};
use crc32c::{crc32c, crc32c_append};

use crate::error::TableProblem;

/// The key of the checksums in the metadata of the footer.
pub(crate) const KEY: &str = "ganas.checksums";
/// The bytes of a block: few enough that the first look-up in one is quick.
pub(crate) const BLOCK_BYTES: usize = 1 << 16;
/// The hexadecimal digits of a checksum.
const DIGITS: usize = 8;
/// The bits of a word.
const BITS: usize = 64;

/// The checksums of the blocks of so many bytes.
pub(crate) fn of_blocks(mut file: impl Read, n_bytes: u64) -> io::Result<Vec<u32>> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut left = n_bytes;
    let mut checksums = Vec::new();
    while left > 0 {
        let length = usize::try_from(left).map_or(BLOCK_BYTES, |left| left.min(BLOCK_BYTES));
        file.read_exact(&mut block[..length])?;
        checksums.push(crc32c(&block[..length]));
        left -= length as u64;
    }
    Ok(checksums)
}

/// The entry of the footer, with zeros for the checksum of the footer.
pub(crate) fn entry(blocks: &[u32]) -> String {
    let mut entry = format!("{:0DIGITS$x} {BLOCK_BYTES} ", 0);
    for block in blocks {
        // Writing into a string cannot fail.
        let _ = write!(entry, "{block:0DIGITS$x}");
    }
    entry
}

/// Puts the checksum of a complete footer into its entry.
pub(crate) fn seal(bytes: &mut [u8]) -> io::Result<()> {
    let footer = root_as_footer(bytes).map_err(io::Error::other)?;
    let place = entry_of(bytes, &footer)
        .ok_or_else(|| io::Error::other("the footer has no entry for checksums"))?;
    let checksum = format!("{:0DIGITS$x}", crc_of_footer(bytes, place.start));
    bytes[place.start..place.start + DIGITS].copy_from_slice(checksum.as_bytes());
    Ok(())
}

/// The place of the entry within the bytes of the footer.
fn entry_of(bytes: &[u8], footer: &Footer<'_>) -> Option<Range<usize>> {
    let entries = footer.custom_metadata()?;
    let entry = entries.iter().find(|entry| entry.key() == Some(KEY))?;
    let value = entry.value()?;
    let start = value.as_ptr().addr().checked_sub(bytes.as_ptr().addr())?;
    let range = start..start.checked_add(value.len())?;
    (value.len() >= DIGITS && range.end <= bytes.len()).then_some(range)
}

/// The checksum of a footer with zeros where it is written.
fn crc_of_footer(bytes: &[u8], place: usize) -> u32 {
    let zeros = crc32c_append(crc32c(&bytes[..place]), &[b'0'; DIGITS]);
    crc32c_append(zeros, &bytes[place + DIGITS..])
}

/// A part of the file with its name, for messages.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) range: Range<usize>,
}

/// The checksums of an open file.
#[derive(Debug)]
pub(crate) struct Checksums {
    block_bytes: usize,
    /// The bytes that the blocks cover.
    n_bytes: usize,
    blocks: Vec<u32>,
    /// A bit for each block that was compared.
    compared: Vec<AtomicU64>,
    parts: Vec<Part>,
}

impl Checksums {
    /// Reads the checksums of a footer that begins at `start` in its file, and compares that of the footer itself; `None`
    /// when it has none, as in the versions of the format before 3.
    pub(crate) fn read(
        bytes: &[u8],
        footer: &Footer<'_>,
        start: usize,
    ) -> Result<Option<Self>, TableProblem> {
        let Some(place) = entry_of(bytes, footer) else {
            return Ok(None);
        };
        let malformed = || TableProblem::NotArrow {
            reason: "its checksums are malformed".to_owned(),
        };
        let text = std::str::from_utf8(&bytes[place.clone()]).map_err(|_| malformed())?;
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or_else(malformed);
        let (footer, block_bytes, blocks) = (word()?, word()?, word()?);
        let expected = number(footer.as_bytes()).ok_or_else(malformed)?;
        let found = crc_of_footer(bytes, place.start);
        if found != expected {
            return Err(TableProblem::Checksum {
                part: "the footer".to_owned(),
                start,
                end: start + bytes.len(),
                expected,
                found,
            });
        }
        let block_bytes: usize = block_bytes.parse().map_err(|_| malformed())?;
        let (digits, rest) = blocks.as_bytes().as_chunks::<DIGITS>();
        let blocks: Option<Vec<u32>> = digits.iter().map(|digits| number(digits)).collect();
        let blocks = blocks.filter(|_| rest.is_empty()).ok_or_else(malformed)?;
        if block_bytes == 0 || start.div_ceil(block_bytes) != blocks.len() {
            return Err(malformed());
        }
        let n_words = blocks.len().div_ceil(BITS);
        Ok(Some(Self {
            block_bytes,
            n_bytes: start,
            blocks,
            compared: std::iter::repeat_with(AtomicU64::default)
                .take(n_words)
                .collect(),
            parts: Vec::new(),
        }))
    }

    /// Tells the names of the parts of the file.
    pub(crate) fn name_parts(&mut self, parts: Vec<Part>) {
        self.parts = parts;
    }

    /// The bytes of a block.
    pub(crate) fn block_bytes(&self) -> usize {
        self.block_bytes
    }

    /// Compares all blocks that have a part in this range of the file and were not compared yet.
    pub(crate) fn check(&self, file: &[u8], range: Range<usize>) -> Result<(), TableProblem> {
        if range.is_empty() {
            return Ok(());
        }
        let last = (range.end - 1) / self.block_bytes;
        for block in range.start / self.block_bytes..=last {
            let (word, bit) = (block / BITS, 1 << (block % BITS));
            // Nothing else depends on a bit: at worst, two threads compare the same block.
            if self.compared[word].load(Ordering::Relaxed) & bit == 0 {
                self.compare(file, block)?;
                self.compared[word].fetch_or(bit, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Compares all blocks.
    pub(crate) fn check_all(&self, file: &[u8]) -> Result<(), TableProblem> {
        self.check(file, 0..self.n_bytes)
    }

    /// Forgets what was compared.
    #[cfg(test)]
    pub(crate) fn forget_for_tests(&mut self) {
        for word in &mut self.compared {
            *word = AtomicU64::default();
        }
    }

    fn compare(&self, file: &[u8], block: usize) -> Result<(), TableProblem> {
        let start = block * self.block_bytes;
        let end = (start + self.block_bytes).min(self.n_bytes);
        let found = crc32c(&file[start..end]);
        let expected = self.blocks[block];
        if found == expected {
            return Ok(());
        }
        Err(TableProblem::Checksum {
            part: self.part(&(start..end)),
            start,
            end,
            expected,
            found,
        })
    }

    /// The names of the parts that have a byte in a range.
    fn part(&self, range: &Range<usize>) -> String {
        let overlaps =
            |part: &&Part| part.range.start.max(range.start) < part.range.end.min(range.end);
        let mut names: Vec<&str> = Vec::new();
        for part in self.parts.iter().filter(overlaps) {
            if !names.contains(&part.name.as_str()) {
                names.push(&part.name);
            }
        }
        match names[..] {
            [] => "what stands around the columns".to_owned(),
            [name] => name.to_owned(),
            [first, second] => format!("{first} or {second}"),
            [first, .., last] => format!("{first}, {last} or what lies between them"),
        }
    }
}

/// Eight hexadecimal digits, the lower-case ones only, so that every number has one text.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.len() != DIGITS {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u32::from(value))
    })
}
