//! The text of a CSV file on its way to the reader of records, of which a small part is in memory, and its lines.

use std::io::{self, Read};

use super::import_limits::{LOOKED_AHEAD, MAX_ROW_BYTES};

/// Bytes that are read together.
pub(crate) const CHUNK_BYTES: usize = 1 << 16;

/// A text that is read on two sides: the reader of records takes what comes next, and lines are counted behind it, up to
/// the record at hand. What lies between is in memory.
///
/// The CSV reader's own count of lines is off after blank lines and CRLF line ends, because it names the place where it
/// began to look for a record.
pub(crate) struct TextWindow<R> {
    source: R,
    chunk_bytes: usize,
    /// The part of the text that begins at `start`.
    bytes: Vec<u8>,
    start: u64,
    /// Where lines are counted to, in `bytes`.
    counted: usize,
    /// Where the reader of records has read to, in `bytes`.
    taken: usize,
    /// The line of `counted`.
    line: u64,
    /// Where the record at hand begins in the text.
    record: u64,
    has_ended: bool,
}

impl<R: Read> TextWindow<R> {
    /// The text of a source, which is read in chunks of so many bytes.
    pub(crate) fn new(source: R, chunk_bytes: usize) -> Self {
        Self {
            source,
            chunk_bytes,
            bytes: Vec::new(),
            start: 0,
            counted: 0,
            taken: 0,
            line: 1,
            record: 0,
            has_ended: false,
        }
    }

    /// The line of the next record, which begins at the first byte at or after `offset` that does not end a line.
    pub(crate) fn begin_record(&mut self, offset: u64) -> io::Result<u64> {
        self.record = offset;
        self.forget();
        let end = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.count_lines(end.clamp(self.counted, self.bytes.len()))?;
        while let Some(b'\n' | b'\r') = self.byte(self.counted)? {
            self.count_lines(self.counted + 1)?;
        }
        Ok(self.line)
    }

    /// Counts the lines that end before a place in `bytes`.
    fn count_lines(&mut self, end: usize) -> io::Result<()> {
        let bytes = &self.bytes[self.counted..end];
        let count = |byte: u8| bytes.iter().map(|&b| u64::from(b == byte)).sum::<u64>();
        let mut ends = count(b'\n') + count(b'\r');
        // CRLF is one end.
        if bytes.contains(&b'\r') {
            ends -= bytes.windows(2).filter(|two| two == b"\r\n").count() as u64;
            if bytes.ends_with(b"\r") && self.byte(end)? == Some(b'\n') {
                ends -= 1;
            }
        }
        self.counted = end;
        self.line += ends;
        Ok(())
    }

    /// The byte at a place in `bytes` or right behind it; none at the end of the text.
    fn byte(&mut self, at: usize) -> io::Result<Option<u8>> {
        if at == self.bytes.len() && !self.has_ended {
            self.read_chunk()?;
        }
        Ok(self.bytes.get(at).copied())
    }

    /// Lets go of what both sides have passed, once that is most of what is in memory.
    fn forget(&mut self) {
        let passed = self.counted.min(self.taken);
        if passed >= self.bytes.len() / 2 {
            self.bytes.drain(..passed);
            self.start += passed as u64;
            self.counted -= passed;
            self.taken -= passed;
        }
    }

    /// Appends a chunk.
    fn read_chunk(&mut self) -> io::Result<()> {
        let length = self.bytes.len();
        let chunk = (&mut self.source).take(self.chunk_bytes as u64);
        let n = { chunk }.read_to_end(&mut self.bytes)?;
        debug_assert_eq!(self.bytes.len(), length + n);
        self.has_ended = n < self.chunk_bytes;
        Ok(())
    }
}

impl<R: Read> Read for TextWindow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.start + self.taken as u64 > self.record + MAX_ROW_BYTES + LOOKED_AHEAD {
            return Err(io::Error::other(format!(
                "the row has more than {MAX_ROW_BYTES} bytes; is a quote missing?"
            )));
        }
        let mut n = 0;
        while n < buffer.len() && self.byte(self.taken)?.is_some() {
            let length = (buffer.len() - n).min(self.bytes.len() - self.taken);
            let part = &self.bytes[self.taken..self.taken + length];
            buffer[n..n + length].copy_from_slice(part);
            self.taken += length;
            n += length;
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that records begin in, when the reader of records takes so many bytes at a time.
    fn lines(text: &str, offsets: &[u64], sizes: (usize, usize)) -> Vec<u64> {
        let (chunk_bytes, buffer_bytes) = sizes;
        let mut window = TextWindow::new(text.as_bytes(), chunk_bytes);
        let mut taken = Vec::new();
        let mut lines = Vec::new();
        for &offset in offsets {
            while (taken.len() as u64) < offset {
                let mut buffer = vec![0; buffer_bytes];
                let n = window.read(&mut buffer).unwrap();
                taken.extend_from_slice(&buffer[..n]);
            }
            lines.push(window.begin_record(offset).unwrap());
        }
        window.read_to_end(&mut taken).unwrap();
        assert_eq!(taken, text.as_bytes());
        lines
    }

    #[test]
    fn lines_do_not_depend_on_chunks() {
        for (text, offsets, expected) in [
            ("", &[0][..], &[1][..]),
            ("a\nb\n", &[0, 2, 4], &[1, 2, 3]),
            ("\n\na\r\n\r\nb", &[0, 4, 8], &[3, 5, 5]),
            ("a\rb\r", &[0, 2, 4], &[1, 2, 3]),
            // Right after the first byte of a CRLF.
            ("a\r\nb\r\n\r\nc", &[0, 2, 5], &[1, 2, 4]),
            ("a,\"\n\r\n\",é\nb", &[0, 11], &[1, 4]),
        ] {
            for chunk_bytes in 1..12 {
                for buffer_bytes in 1..12 {
                    let found = lines(text, offsets, (chunk_bytes, buffer_bytes));
                    assert_eq!(found, expected, "{text:?} {chunk_bytes} {buffer_bytes}");
                }
            }
        }
    }

    #[test]
    fn little_is_in_memory() {
        let text = "0123456789\n".repeat(1000);
        let mut window = TextWindow::new(text.as_bytes(), 64);
        let mut buffer = [0; 11];
        for row in 0..1000 {
            assert_eq!(window.begin_record(11 * row).unwrap(), row + 1);
            assert_eq!(window.read(&mut buffer).unwrap(), 11);
            assert!(window.bytes.len() <= 256, "{}", window.bytes.len());
        }
    }
}
