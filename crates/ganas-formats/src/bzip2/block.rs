//! A block: prefix codes, moves to the front, the Burrows-Wheeler transform, and runs of bytes.

use std::io::{self, BufRead};

use super::bits::Bits;
use super::damaged;
use super::huffman::{Code, MAX_LENGTH, MAX_SYMBOLS};
use super::inverse::Transform;
use super::recent::Recent;

const MAX_CODES: usize = 6;
/// Symbols that are written with one code.
const GROUP: usize = 50;
/// Groups of the largest block; more are announced by some compressors, and not used.
const MAX_GROUPS: usize = 18_002;
/// After so many equal bytes, the next one says how many more there are.
const RUN: usize = 4;

/// Decodes blocks; keeps its memory from one to the next.
#[derive(Default)]
pub(super) struct Block {
    codes: [Code; MAX_CODES],
    transform: Transform,
    /// The code of each group.
    selectors: Vec<u8>,
    /// The content before runs are written out.
    text: Vec<u8>,
}

impl Block {
    /// Decodes a block, from after its checksum on, and adds its content.
    pub(super) fn decode<R: BufRead>(
        &mut self,
        bits: &mut Bits<R>,
        max_block: usize,
        content: &mut Vec<u8>,
    ) -> io::Result<()> {
        if bits.take_bit()? {
            return Err(damaged("a randomised block of a bzip2 before 0.9.5"));
        }
        let origin = usize::try_from(bits.take(24)?).expect("24 bits are a usize");
        let alphabet = alphabet(bits)?;
        if alphabet.is_empty() {
            return Err(damaged("a block without bytes"));
        }
        let n_codes = self.read_codes(bits, alphabet.len() + 2)?;
        self.read_symbols(bits, n_codes, alphabet, max_block)?;
        if origin >= self.transform.len() {
            return Err(damaged("the transform of a block begins outside of it"));
        }
        self.text.clear();
        self.transform.invert(origin, &mut self.text);
        write_runs(&self.text, content);
        Ok(())
    }

    /// Reads selectors and codes; returns how many codes there are.
    fn read_codes<R: BufRead>(&mut self, bits: &mut Bits<R>, n_symbols: usize) -> io::Result<u8> {
        let n_codes = match u8::try_from(bits.take(3)?) {
            Ok(n @ 2..=6) => n,
            _ => return Err(damaged("a block with a wrong number of codes")),
        };
        let n_groups = bits.take(15)?;
        let mut recent: [u8; MAX_CODES] = [0, 1, 2, 3, 4, 5];
        self.selectors.clear();
        for _ in 0..n_groups {
            let mut place = 0;
            while bits.take_bit()? {
                place += 1;
                if place >= usize::from(n_codes) {
                    return Err(damaged("a group without a code"));
                }
            }
            recent[..=place].rotate_right(1);
            if self.selectors.len() < MAX_GROUPS {
                self.selectors.push(recent[0]);
            }
        }
        let mut lengths = [0; MAX_SYMBOLS];
        for code in &mut self.codes[..usize::from(n_codes)] {
            let mut length = u8::try_from(bits.take(5)?).expect("5 bits are a u8");
            for slot in &mut lengths[..n_symbols] {
                loop {
                    if !(1..=MAX_LENGTH).contains(&length) {
                        return Err(damaged("a code with a word of a wrong length"));
                    }
                    if !bits.take_bit()? {
                        break;
                    }
                    if bits.take_bit()? {
                        length -= 1;
                    } else {
                        length += 1;
                    }
                }
                *slot = length;
            }
            code.set(&lengths[..n_symbols])?;
        }
        Ok(n_codes)
    }

    /// Reads the transformed bytes.
    fn read_symbols<R: BufRead>(
        &mut self,
        bits: &mut Bits<R>,
        n_codes: u8,
        alphabet: Vec<u8>,
        max_block: usize,
    ) -> io::Result<()> {
        let too_long = || damaged("a block that is longer than its stream allows");
        let end = u16::try_from(alphabet.len() + 1).expect("an alphabet has at most 256 bytes");
        let mut recent = Recent::new(&alphabet);
        self.transform.clear();
        // The digits of a run, which has 1 and 2 in place of 0 and 1.
        let (mut run, mut digit) = (0usize, 1usize);
        for &selector in &self.selectors {
            // Selectors are below the number of codes.
            let code = &self.codes[usize::from(selector.min(n_codes - 1))];
            for _ in 0..GROUP {
                let symbol = code.symbol(bits)?;
                if symbol < 2 {
                    run += digit << symbol;
                    digit *= 2;
                    if run > max_block {
                        return Err(too_long());
                    }
                    continue;
                }
                if run > 0 {
                    if self.transform.len() + run > max_block {
                        return Err(too_long());
                    }
                    self.transform.push_run(recent.first(), run);
                    (run, digit) = (0, 1);
                }
                if symbol == end {
                    return Ok(());
                }
                if self.transform.len() == max_block {
                    return Err(too_long());
                }
                let byte = recent.move_to_front(usize::from(symbol - 1));
                self.transform.push(byte);
            }
        }
        Err(damaged("a block without an end"))
    }
}

/// The bytes that the block has.
fn alphabet<R: BufRead>(bits: &mut Bits<R>) -> io::Result<Vec<u8>> {
    let rows = bits.take(16)?;
    let mut alphabet = Vec::with_capacity(256);
    for row in 0..16u8 {
        if rows >> (15 - row) & 1 == 1 {
            let columns = bits.take(16)?;
            let present = (0..16u8).filter(|column| columns >> (15 - column) & 1 == 1);
            alphabet.extend(present.map(|column| row * 16 + column));
        }
    }
    Ok(alphabet)
}

/// Writes out runs: four equal bytes are followed by the number of those that follow.
fn write_runs(text: &[u8], content: &mut Vec<u8>) {
    content.reserve(text.len());
    let mut rest = text;
    while let Some(start) = find_run(rest) {
        let byte = rest[start];
        let (before, after) = rest.split_at(start + RUN);
        content.extend_from_slice(before);
        rest = after;
        if let [more, after @ ..] = after {
            content.extend(std::iter::repeat_n(byte, usize::from(*more)));
            rest = after;
        }
    }
    content.extend_from_slice(rest);
}

/// Where the first [`RUN`] equal bytes begin.
fn find_run(text: &[u8]) -> Option<usize> {
    /// Bytes that are looked at together.
    const WINDOW: usize = 16;
    /// Those of them where a run can begin that ends within the window.
    const BEGINS: usize = WINDOW - RUN + 1;
    const ONES: u128 = u128::MAX / 255;
    let mut start = 0;
    while let Some(window) = text[start..].first_chunk::<WINDOW>() {
        let window = u128::from_le_bytes(*window);
        // A byte is zero where it equals the next one, then where it equals the next three.
        let differs = window ^ window >> 8;
        let differs = differs | differs >> 8 | differs >> 16;
        // The highest bit of the first byte that is zero, and perhaps bits above it.
        let zeros = differs.wrapping_sub(ONES) & !differs & ONES << 7;
        let place = zeros.trailing_zeros() as usize / 8;
        if place < BEGINS {
            return Some(start + place);
        }
        start += BEGINS;
    }
    let rest = &text[start..];
    let place = rest
        .windows(RUN)
        .position(|w| w.iter().all(|b| *b == w[0]))?;
    Some(start + place)
}
