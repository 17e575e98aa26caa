//! Bounds on what a file may become when it is read: a small file can be made to fill any memory.
//!
//! A bound is a floor, which no honest small file reaches, and a multiple of the size of the file, which no honest large
//! file reaches: published benchmarks unpack to at most ten times their size. [`MaxUnpacked`] is where a user who knows better
//! sets another one.

use std::io::{self, Read};
use std::str::FromStr;

use thiserror::Error;

/// The variable in which the command line finds [`MaxUnpacked`]; messages name it.
pub const MAX_UNPACKED_VARIABLE: &str = "GANAS_MAX_UNPACKED";

/// The most bytes that may come of a file: so many for each of its own, or so many in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Bytes for each byte of the file.
    pub ratio: u64,
    /// Bytes in any case.
    pub floor: u64,
}

/// Bytes of a pickle that is unpacked and read as a stream, which takes time and no memory: 32 times the file, or 64 MiB.
pub const STREAM: Rule = Rule {
    ratio: 32,
    floor: 64 << 20,
};

/// Bytes of a text that is unpacked into memory: 32 times the file, or 256 MiB.
pub const UNPACKED: Rule = Rule {
    ratio: 32,
    floor: 256 << 20,
};

/// Bytes of memory for what was read of a file: 32 times the file, or 512 MiB.
pub const MEMORY: Rule = Rule {
    ratio: 32,
    floor: 512 << 20,
};

/// Bytes of an unpacked file of a model, of which several copies are made while it is read: 16 times the file, or 128 MiB.
pub const MODEL: Rule = Rule {
    ratio: 16,
    floor: 128 << 20,
};

/// What a user allows in place of the bounds of this crate; by default, nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaxUnpacked(Option<u64>);

impl MaxUnpacked {
    /// So many bytes for everything.
    #[must_use]
    pub fn bytes(bytes: u64) -> Self {
        Self(Some(bytes))
    }

    /// The bytes that may come of a file of this size.
    #[must_use]
    pub fn of(self, rule: Rule, file_bytes: u64) -> u64 {
        let usual = rule.floor.max(rule.ratio.saturating_mul(file_bytes));
        self.0.unwrap_or(usual)
    }
}

/// A number of bytes that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{}` is no number of bytes; expected one such as 2000000000, 512M, 16G or 1T",
    excerpt(text)
)]
pub struct BadSize {
    text: String,
}

impl FromStr for MaxUnpacked {
    type Err = BadSize;

    /// Reads a number of bytes, or of KiB, MiB, GiB or TiB with `K`, `M`, `G` or `T` after it.
    fn from_str(text: &str) -> Result<Self, BadSize> {
        let bad = || BadSize {
            text: text.to_owned(),
        };
        let (digits, shift) = match text.char_indices().next_back() {
            Some((at, 'K' | 'k')) => (&text[..at], 10),
            Some((at, 'M' | 'm')) => (&text[..at], 20),
            Some((at, 'G' | 'g')) => (&text[..at], 30),
            Some((at, 'T' | 't')) => (&text[..at], 40),
            _ => (text, 0),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let number: u64 = digits.parse().map_err(|_| bad())?;
        number
            .checked_mul(1 << shift)
            .filter(|&bytes| bytes > 0)
            .map(Self::bytes)
            .ok_or_else(bad)
    }
}

/// A file becomes more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{what} would take more than {limit} bytes, far more than a file of this size should need; \
     it may be made to fill the memory. If you trust it, set {MAX_UNPACKED_VARIABLE} to more bytes, such as 16G"
)]
pub struct TooLarge {
    /// What becomes too large.
    pub what: &'static str,
    /// The largest number of bytes.
    pub limit: u64,
}

/// A bound on something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// What is bounded.
    pub what: &'static str,
    /// The largest number of bytes.
    pub limit: u64,
}

impl Bound {
    /// Whether so many bytes are within the bound.
    ///
    /// # Errors
    ///
    /// They are not.
    pub fn check(self, bytes: u64) -> Result<(), TooLarge> {
        let Self { what, limit } = self;
        if bytes > limit {
            return Err(TooLarge { what, limit });
        }
        Ok(())
    }
}

/// Reads up to a bound; what goes beyond it is an error that holds a [`TooLarge`].
#[derive(Debug)]
pub struct Bounded<R> {
    reader: R,
    bound: Bound,
    read: u64,
}

impl<R: Read> Bounded<R> {
    /// Bounds a reader, usually that of a decompressor.
    pub fn new(reader: R, bound: Bound) -> Self {
        Self {
            reader,
            bound,
            read: 0,
        }
    }

    /// The reader, wherever it is.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.read += n as u64;
        self.bound.check(self.read).map_err(io::Error::other)?;
        Ok(n)
    }
}

/// The bound that a reader has met, when that is what its error says.
#[must_use]
pub fn too_large(error: &io::Error) -> Option<TooLarge> {
    error.get_ref()?.downcast_ref::<TooLarge>().copied()
}

/// The most characters of a text from a file that a message quotes.
const EXCERPT: usize = 120;

/// A text from a file for a message: as it is when it is short, otherwise its beginning and its length.
#[must_use]
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}

/// The most bytes of a sentence that another part of the program has made of a file.
const SENTENCE: usize = 600;

/// A sentence that may quote a file: shortened when it is longer than any that quotes excerpts.
#[must_use]
pub fn shortened(sentence: &str) -> String {
    match sentence.char_indices().nth(SENTENCE) {
        None => sentence.to_owned(),
        Some((end, _)) => format!("{}…", &sentence[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("1", 1),
            ("2000000000", 2_000_000_000),
            ("3k", 3 << 10),
            ("512M", 512 << 20),
            ("16G", 16 << 30),
            ("1T", 1 << 40),
        ] {
            assert_eq!(text.parse(), Ok(MaxUnpacked::bytes(bytes)), "{text}");
        }
        for text in [
            "",
            "0",
            "G",
            "-1",
            "+1",
            "1.5G",
            "1 G",
            "1GB",
            "17000000T",
            "99999999999999999999",
            "é",
        ] {
            let error = text.parse::<MaxUnpacked>().unwrap_err();
            assert!(error.to_string().contains("512M"), "{error}");
        }
    }

    #[test]
    fn bounds_grow_with_the_file_from_a_floor_on() {
        let usual = MaxUnpacked::default();
        assert_eq!(usual.of(UNPACKED, 0), 256 << 20);
        assert_eq!(usual.of(UNPACKED, 2 << 30), 64 << 30);
        assert_eq!(usual.of(UNPACKED, u64::MAX), u64::MAX);
        assert_eq!(MaxUnpacked::bytes(7).of(MEMORY, 2 << 30), 7);
    }

    #[test]
    fn a_bounded_reader_ends_with_the_bound() {
        let bound = Bound {
            what: "the text",
            limit: 10,
        };
        let mut text = Vec::new();
        Bounded::new(&[0; 10][..], bound)
            .read_to_end(&mut text)
            .unwrap();
        let error = Bounded::new(&[0; 11][..], bound)
            .read_to_end(&mut text)
            .unwrap_err();
        let found = too_large(&error).unwrap();
        assert_eq!(found.limit, 10);
        assert!(found.to_string().contains("GANAS_MAX_UNPACKED"));
        assert_eq!(too_large(&io::Error::other("else")), None);
    }

    #[test]
    fn long_texts_are_quoted_in_part() {
        assert_eq!(excerpt("näs"), "näs");
        assert_eq!(excerpt(&"ä".repeat(120)), "ä".repeat(120));
        let long = excerpt(&"ä".repeat(1 << 20));
        assert_eq!(long, format!("{}… (2097152 bytes)", "ä".repeat(120)));
        assert!(shortened(&"x".repeat(1 << 20)).len() < 700);
    }
}
