//! The pages of a Parquet file, looked at before they are unpacked: the `parquet` crate fills as much memory as the header of
//! a page claims, whatever follows.
//!
//! A header is a struct of Thrift's compact protocol. Only two of its fields matter, and the others are passed over.

use std::ops::Range;

use ganas_formats::limit::{Bound, TooLarge};

/// Snappy makes at most 64 bytes of 3.
const MAX_RATIO: u64 = 24;
/// What an empty page unpacks to at most.
const FLOOR: u64 = 64;
/// Fields of the header: the sizes of the page when it is unpacked, and as it lies in the file.
const UNPACKED: i64 = 2;
const PACKED: i64 = 3;
/// The kind of these.
const I32: u8 = 5;
/// Structs in structs; a header has two.
const MAX_DEPTH: usize = 8;

/// Why the pages of a chunk are not read.
pub(super) enum PageProblem {
    /// What a header claims cannot be, or is no header.
    Bad(String),
    /// They unpack to more than they may.
    TooLarge(TooLarge),
}

/// Checks the pages of a chunk, and adds what they unpack to to `total`.
pub(super) fn check(
    file: &[u8],
    chunk: Range<usize>,
    total: &mut u64,
    bound: Bound,
) -> Result<(), PageProblem> {
    let bytes = file.get(chunk.clone()).unwrap_or_default();
    let mut at = 0;
    while at < bytes.len() {
        let mut header = Header {
            bytes: &bytes[at..],
            sizes: [0; 2],
        };
        let place = chunk.start + at;
        header
            .read(0)
            .ok_or_else(|| PageProblem::Bad(format!("no header of a page at byte {place}")))?;
        let [unpacked, packed] = header.sizes;
        if unpacked > FLOOR.saturating_add(packed.saturating_mul(MAX_RATIO)) {
            return Err(PageProblem::Bad(format!(
                "the page at byte {place} claims to unpack from {packed} to {unpacked} bytes, which Snappy cannot"
            )));
        }
        *total = total.saturating_add(unpacked);
        bound.check(*total).map_err(PageProblem::TooLarge)?;
        let n_header = bytes.len() - at - header.bytes.len();
        let next = usize::try_from(packed)
            .ok()
            .and_then(|packed| at.checked_add(n_header)?.checked_add(packed))
            .filter(|&next| next <= bytes.len());
        at = next.ok_or_else(|| {
            PageProblem::Bad(format!("the page at byte {place} ends beyond its column"))
        })?;
    }
    Ok(())
}

struct Header<'a> {
    bytes: &'a [u8],
    /// Those of [`UNPACKED`] and [`PACKED`].
    sizes: [u64; 2],
}

impl Header<'_> {
    /// Reads a struct at this depth; `None` where there is none.
    fn read(&mut self, depth: usize) -> Option<()> {
        let mut id = 0;
        loop {
            let byte = self.byte()?;
            if byte == 0 {
                return Some(());
            }
            id = match byte >> 4 {
                0 => self.signed()?,
                delta => id + i64::from(delta),
            };
            let kind = byte & 0xf;
            match (depth, id) {
                (0, UNPACKED) if kind == I32 => {
                    self.sizes[0] = u64::try_from(self.signed()?).ok()?
                }
                (0, PACKED) if kind == I32 => self.sizes[1] = u64::try_from(self.signed()?).ok()?,
                // A truth value is its kind.
                _ if matches!(kind, 1 | 2) => {}
                _ => self.skip(kind, depth)?,
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        match kind {
            1..=3 => self.take(1),
            4..=6 => self.varint().map(drop),
            7 => self.take(8),
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.take(length)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let n = match byte >> 4 {
                    15 => self.varint()?,
                    n => n.into(),
                };
                self.skip_all(n, &[byte & 0xf], depth)
            }
            11 => match self.varint()? {
                0 => Some(()),
                n => {
                    let kinds = self.byte()?;
                    self.skip_all(n, &[kinds >> 4, kinds & 0xf], depth)
                }
            },
            12 => self.read(depth + 1),
            _ => None,
        }
    }

    /// Passes over `n` times values of these kinds, each of which takes a byte at least.
    fn skip_all(&mut self, n: u64, kinds: &[u8], depth: usize) -> Option<()> {
        if n > self.bytes.len() as u64 {
            return None;
        }
        for _ in 0..n {
            for &kind in kinds {
                self.skip(kind, depth + 1)?;
            }
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(byte)
    }

    fn take(&mut self, n: usize) -> Option<()> {
        self.bytes = self.bytes.get(n..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number in zigzag: 0, -1, 1, -2, and so on.
    fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Bound = Bound {
        what: "the pages",
        limit: 1000,
    };

    /// A header with these sizes, other fields around them, and the page.
    fn page(unpacked: u8, packed: u8) -> Vec<u8> {
        let mut bytes = vec![0x15, 0, 0x15, unpacked * 2, 0x15, packed * 2];
        // A struct with a number, a truth value, a text, a list of numbers and a struct.
        bytes.extend([
            0x2c, 0x15, 4, 0x11, 0x18, 2, b'a', b'b', 0x19, 0x25, 2, 4, 0x1c, 0, 0,
        ]);
        bytes.push(0);
        bytes.extend(vec![0xee; packed.into()]);
        bytes
    }

    #[test]
    fn honest_pages_are_added_up() {
        let file = [b"PAR1".to_vec(), page(60, 30), page(20, 20), page(63, 0)].concat();
        let mut total = 1;
        let result = check(&file, 4..file.len(), &mut total, BOUND);
        assert!(result.is_ok());
        assert_eq!(total, 1 + 60 + 20 + 63);
    }

    #[test]
    fn other_pages_are_not_read() {
        // 8 million bytes of 4.
        let mut claims = page(60, 4);
        claims.splice(3..4, [0x80, 0x80, 0x80, 0x08]);
        let bad = |file: &[u8]| check(file, 0..file.len(), &mut 0, BOUND);
        assert!(matches!(bad(&claims), Err(PageProblem::Bad(text)) if text.contains("Snappy")));
        let whole = page(60, 30);
        for length in 1..whole.len() {
            assert!(
                matches!(bad(&whole[..length]), Err(PageProblem::Bad(_))),
                "{length}"
            );
        }
        let many = page(60, 30).repeat(20);
        assert!(matches!(bad(&many), Err(PageProblem::TooLarge(_))));
        let deep = [0x1c; 100];
        assert!(matches!(bad(&deep), Err(PageProblem::Bad(_))));
    }
}
