//! The last words of a worker: the end of its log, as a person wants to read it.
//!
//! They are for display only. The reason of a failure is recorded, and must not depend on who evaluated, so they are no
//! part of it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::excerpt::push_escaped;

/// The most that is shown, in lines and in bytes.
const MAX_LINES: usize = 10;
const MAX_BYTES: usize = 4096;

/// The length of a log: where what is printed from now on begins.
pub(super) fn length(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |log| log.len())
}

/// The last lines of what was printed since a log had this length: at most 10 lines and 4 KiB, control characters
/// escaped. Empty when nothing was printed, or when the log cannot be read.
pub(super) fn since(log: &Path, length: u64) -> String {
    read(log, length).map_or_else(|_| String::new(), |bytes| last_lines(&bytes))
}

fn read(log: &Path, from: u64) -> io::Result<Vec<u8>> {
    /// What is read; more than is shown, because of what overwrites itself, such as a progress bar.
    const READ: u64 = 1 << 16;
    let mut file = File::open(log)?;
    let end = file.metadata()?.len();
    // A log that has been cut in the meantime is shown from its beginning.
    let from = if from > end { 0 } else { from };
    file.seek(SeekFrom::Start(from.max(end.saturating_sub(READ))))?;
    let mut bytes = Vec::new();
    file.take(READ).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn last_lines(bytes: &[u8]) -> String {
    let mut lines = VecDeque::new();
    let mut left = MAX_BYTES;
    for line in bytes.trim_ascii_end().rsplit(|&byte| byte == b'\n') {
        if lines.len() == MAX_LINES || left == 0 {
            break;
        }
        let line = escaped(visible(line));
        // One byte of it is the end of the line.
        let shown = end_of(&line, left - 1);
        left = if shown.len() == line.len() {
            left - shown.len() - 1
        } else {
            0
        };
        if !(shown.is_empty() && left == 0) {
            lines.push_front(shown.to_owned());
        }
    }
    Vec::from(lines).join("\n")
}

/// What a terminal shows of a line that overwrites itself, as a progress bar does.
fn visible(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii_end();
    line.rsplit(|&byte| byte == b'\r').next().unwrap_or(line)
}

fn escaped(line: &[u8]) -> String {
    let mut text = String::new();
    for character in String::from_utf8_lossy(line).chars() {
        match character {
            '\t' => text.push(' '),
            _ => push_escaped(&mut text, character),
        }
    }
    text
}

/// The end of a text, of at most so many bytes.
fn end_of(text: &str, bytes: usize) -> &str {
    let mut at = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    &text[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown() {
        let many: String = (0..50).map(|i| format!("line {i}\n")).collect();
        let ten: Vec<String> = (40..50).map(|i| format!("line {i}")).collect();
        for (log, shown) in [
            (&b""[..], ""),
            (b"\n\n", ""),
            (b"a\nb\n", "a\nb"),
            (b"a\r\nb\r\n", "a\nb"),
            (b"cut\nCUDA\n\n", "cut\nCUDA"),
            (b"10 %\r20 %\r30 %\nend", "30 %\nend"),
            (b"\x1b[31mred\x1b[0m\x07\n", r"\u{1b}[31mred\u{1b}[0m\u{7}"),
            (b"a\xffb", "a\u{fffd}b"),
            (many.as_bytes(), &ten.join("\n")),
        ] {
            assert_eq!(last_lines(log), shown);
        }
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let long = "é".repeat(100_000);
        for log in [
            long.clone(),
            format!("first\n{long}\nlast\n"),
            "\0".repeat(100_000),
            format!("{}\n", "x".repeat(1000)).repeat(10),
        ] {
            let shown = last_lines(log.as_bytes());
            assert!(shown.len() <= MAX_BYTES, "{}", shown.len());
            assert!(shown.len() > MAX_BYTES - 10, "{}", shown.len());
            assert!(shown.lines().count() <= MAX_LINES);
        }
    }

    #[test]
    fn what_was_printed_before_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        assert_eq!((length(&log), since(&log, 0).as_str()), (0, ""));
        std::fs::write(&log, "before\n").unwrap();
        let from = length(&log);
        assert_eq!(since(&log, from), "");
        std::fs::write(&log, "before\nafter\n").unwrap();
        assert_eq!(since(&log, from), "after");
        // It was cut.
        std::fs::write(&log, "new\n").unwrap();
        assert_eq!(since(&log, from), "new");
        std::fs::write(&log, format!("{}\nend\n", "x".repeat(1 << 20))).unwrap();
        assert!(since(&log, from).ends_with("xxx\nend"));
    }
}
