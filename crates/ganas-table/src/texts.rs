//! The architectures of an open table as text, which are looked at when they are asked for.

use std::ops::Range;

use arrow_buffer::{Buffer, ScalarBuffer};

/// What stands for a text that is damaged; no space reads it.
const DAMAGED: &str = "\u{fffd}";

/// A column of texts. Invariant: the offsets ascend, and the last one is within the bytes.
pub(crate) struct Texts {
    /// Where each text begins, and the last one ends.
    offsets: ScalarBuffer<i32>,
    bytes: Buffer,
}

impl Texts {
    /// Takes the buffers of a column; the offsets are aligned.
    ///
    /// The decoder of `arrow-ipc` looks at every character, which takes most of the time of opening a table. Here only
    /// the offsets are checked.
    pub(crate) fn new(n_rows: usize, offsets: Buffer, bytes: Buffer) -> Result<Self, String> {
        if n_rows == 0 {
            let offsets = ScalarBuffer::from(Vec::new());
            return Ok(Self { offsets, bytes });
        }
        if offsets.len() / size_of::<i32>() <= n_rows {
            return Err(format!(
                "the offsets of its texts take {} bytes, too few for {n_rows} rows",
                offsets.len()
            ));
        }
        let offsets = ScalarBuffer::<i32>::new(offsets, 0, n_rows + 1);
        let ascending = offsets.first().is_some_and(|&first| first >= 0) && offsets.is_sorted();
        let end = offsets.last().and_then(|&end| usize::try_from(end).ok());
        if !ascending || end.is_none_or(|end| end > bytes.len()) {
            return Err("the offsets of its texts do not ascend within them".to_owned());
        }
        Ok(Self { offsets, bytes })
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The place of the text of a row within all texts.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub(crate) fn place(&self, row: usize) -> Range<usize> {
        let place = |index: usize| usize::try_from(self.offsets[index]).unwrap_or_default();
        place(row)..place(row + 1)
    }

    /// The text of a row; the replacement character when it is damaged.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub(crate) fn get(&self, row: usize) -> &str {
        std::str::from_utf8(&self.bytes[self.place(row)]).unwrap_or(DAMAGED)
    }

    #[cfg(test)]
    pub(crate) fn bytes_for_tests(&self) -> *const u8 {
        self.bytes.as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(n_rows: usize, offsets: &[i32], bytes: &str) -> Result<Vec<String>, String> {
        let offsets = Buffer::from_slice_ref(offsets);
        let texts = Texts::new(n_rows, offsets, Buffer::from(bytes.as_bytes()))?;
        Ok((0..texts.len())
            .map(|row| texts.get(row).to_owned())
            .collect())
    }

    #[test]
    fn good_columns_are_read() {
        assert_eq!(texts(0, &[], "").unwrap(), [""; 0]);
        assert_eq!(texts(2, &[0, 1, 3], "abc").unwrap(), ["a", "bc"]);
        assert_eq!(texts(2, &[1, 1, 3, 99], "xbc…").unwrap(), ["", "bc"]);
        assert_eq!(texts(2, &[0, 2, 5], "ä…").unwrap(), ["ä", "…"]);
    }

    #[test]
    fn damaged_texts_are_no_texts() {
        assert_eq!(
            texts(3, &[0, 1, 2, 3], "äb").unwrap(),
            [DAMAGED, DAMAGED, "b"]
        );
    }

    #[test]
    fn bad_columns_are_errors() {
        for (n_rows, offsets, bytes, part) in [
            (1, &[][..], "a", "too few"),
            (2, &[0, 1], "ab", "too few"),
            (2, &[0, 2, 1], "ab", "do not ascend"),
            (2, &[-1, 0, 1], "ab", "do not ascend"),
            (1, &[0, 3], "ab", "do not ascend"),
        ] {
            let error = texts(n_rows, offsets, bytes).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
