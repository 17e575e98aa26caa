//! The prefix codes of bzip2.

use std::io::{self, BufRead};

use super::bits::Bits;
use super::damaged;

/// The longest code.
pub(super) const MAX_LENGTH: u8 = 20;
/// The largest alphabet: all bytes but one, two for runs, and one for the end, after moving to the front.
pub(super) const MAX_SYMBOLS: usize = 258;
/// Codes up to this length are looked up at once.
const FAST_BITS: u32 = 10;

/// A prefix code, from the lengths of its words.
pub(super) struct Code {
    /// By the next bits: the symbol and the length of its word. Zero where the word is longer, or there is none.
    fast: Box<[u16; 1 << FAST_BITS]>,
    /// For each length, the first word that is too large for it, with zeros up to the longest length.
    limits: [u32; MAX_LENGTH as usize + 1],
    /// For each length, what to add to a word for its place among the symbols.
    offsets: [i32; MAX_LENGTH as usize + 1],
    /// By their words.
    symbols: [u16; MAX_SYMBOLS],
}

/// What is wrong with lengths of which there can be no prefix code. The C library takes them as long as the words that
/// are one too many do not occur.
pub(super) const TOO_MANY_WORDS: &str = "a code has more words than there can be";

/// Bits of an entry that hold the length.
const LENGTH_BITS: u32 = 5;

impl Default for Code {
    fn default() -> Self {
        Self {
            fast: Box::new([0; 1 << FAST_BITS]),
            limits: [0; MAX_LENGTH as usize + 1],
            offsets: [0; MAX_LENGTH as usize + 1],
            symbols: [0; MAX_SYMBOLS],
        }
    }
}

impl Code {
    /// Sets the code to that with these lengths, 1 to 20.
    pub(super) fn set(&mut self, lengths: &[u8]) -> io::Result<()> {
        self.fast.fill(0);
        self.limits.fill(0);
        let (mut word, mut place) = (0u32, 0u16);
        for length in 1..=MAX_LENGTH {
            let index = usize::from(length);
            word <<= 1;
            self.offsets[index] = i32::from(place) - word.cast_signed();
            for (symbol, _) in (0u16..).zip(lengths).filter(|(_, l)| **l == length) {
                if word >> length != 0 {
                    return Err(damaged(TOO_MANY_WORDS));
                }
                self.symbols[usize::from(place)] = symbol;
                if let Some(spare) = FAST_BITS.checked_sub(length.into()) {
                    let first = (word as usize) << spare;
                    let entry = symbol << LENGTH_BITS | u16::from(length);
                    self.fast[first..first + (1 << spare)].fill(entry);
                }
                word += 1;
                place += 1;
            }
            self.limits[index] = word << (MAX_LENGTH - length);
        }
        Ok(())
    }

    /// The next symbol.
    #[inline]
    pub(super) fn symbol<R: BufRead>(&self, bits: &mut Bits<R>) -> io::Result<u16> {
        if bits.available() < MAX_LENGTH.into() {
            bits.refill()?;
        }
        // The index has as many bits as the table.
        let entry = self.fast[bits.peek_index(FAST_BITS) % (1 << FAST_BITS)];
        if entry != 0 {
            bits.skip(u32::from(entry) % (1 << LENGTH_BITS))?;
            return Ok(entry >> LENGTH_BITS);
        }
        self.long_symbol(bits)
    }

    #[cold]
    fn long_symbol<R: BufRead>(&self, bits: &mut Bits<R>) -> io::Result<u16> {
        let next = u32::try_from(bits.peek(MAX_LENGTH.into())).expect("20 bits are a u32");
        for length in 1..=MAX_LENGTH {
            let index = usize::from(length);
            if next < self.limits[index] {
                bits.skip(length.into())?;
                let word = (next >> (MAX_LENGTH - length)).cast_signed();
                let place = usize::try_from(word + self.offsets[index]).ok();
                let symbol = place.and_then(|place| self.symbols.get(place));
                return symbol.copied().ok_or(damaged("a word of no symbol"));
            }
        }
        // At the end of a file, the bits that are not there read as zeros, which may be no word.
        bits.skip(MAX_LENGTH.into())?;
        Err(damaged("a word of no symbol"))
    }
}
