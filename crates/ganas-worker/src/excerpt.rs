//! What a worker said, as an error shows it: bounded, and without anything that a terminal would obey.

use std::fmt::Write as _;

/// How many characters of a line an error shows.
pub(super) const SHOWN: usize = 120;

/// How many characters of the kind of a failure are kept.
pub(super) const MAX_KIND: usize = 128;

/// How many characters of the message of a failure are kept.
pub(super) const MAX_MESSAGE: usize = 4096;

/// The beginning of a line in backticks; what cannot be printed is escaped.
pub(super) fn excerpt(line: &[u8]) -> String {
    let line = line.trim_ascii_end();
    let mut shown = String::from("`");
    let mut left = SHOWN;
    for chunk in line.utf8_chunks() {
        for character in chunk.valid().chars() {
            if left == 0 {
                return shown + "…`";
            }
            left -= 1;
            push_escaped(&mut shown, character);
        }
        for byte in chunk.invalid() {
            if left == 0 {
                return shown + "…`";
            }
            left -= 1;
            // Writing to a String does not fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown + "`"
}

/// A text of a worker that is kept: so many characters of it, control characters escaped but for ends of lines and tabs.
pub(super) fn kept(text: &str, longest: usize) -> String {
    let mut kept = String::new();
    for (at, character) in text.chars().enumerate() {
        if at == longest {
            return kept + "…";
        }
        match character {
            '\n' | '\t' => kept.push(character),
            _ => push_escaped(&mut kept, character),
        }
    }
    kept
}

pub(super) fn push_escaped(text: &mut String, character: char) {
    if character.is_control() {
        text.extend(character.escape_default());
    } else {
        text.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_bounded_and_escaped() {
        for (line, expected) in [
            (&b"Epoch 1\r\n"[..], "`Epoch 1`"),
            (b"", "``"),
            (b"\x1b[2J\x07a\0b", r"`\u{1b}[2J\u{7}a\u{0}b`"),
            (b"a\tb\x7f", r"`a\tb\u{7f}`"),
            ("é\u{9b}".as_bytes(), r"`é\u{9b}`"),
            (b"a\xff\xc3(", r"`a\xff\xc3(`"),
        ] {
            assert_eq!(excerpt(line), expected, "{line:?}");
        }
        assert_eq!(
            excerpt("é".repeat(SHOWN).as_bytes()),
            format!("`{}`", "é".repeat(SHOWN))
        );
        for long in [vec![b'a'; 1 << 20], vec![0xff; 1 << 20], vec![0; 1 << 20]] {
            let shown = excerpt(&long);
            assert!(shown.ends_with("…`"), "{shown}");
            assert!(shown.len() <= 6 * SHOWN + 5, "{}", shown.len());
        }
    }

    #[test]
    fn kept_texts_keep_their_lines() {
        assert_eq!(kept("a\n\tb", 10), "a\n\tb");
        assert_eq!(kept("a\u{1b}[31mb\0", 10), r"a\u{1b}[31mb\u{0}");
        assert_eq!(kept("éééé", 3), "ééé…");
        assert_eq!(kept("ééé", 3), "ééé");
    }
}
