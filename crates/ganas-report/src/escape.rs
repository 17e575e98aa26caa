//! Control characters of workers, files and columns: shown, not obeyed by a terminal.
//!
//! Escape codes can move the cursor over what was printed before, and characters that turn the direction of writing can
//! make a text read as another one.

use std::borrow::Cow;

/// A text of one line: every control character is escaped, ends of lines included.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    with_escapes(text, is_obeyed)
}

/// A text of lines: every control character is escaped but ends of lines and tabs.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    with_escapes(text, |character| {
        is_obeyed(character) && !matches!(character, '\n' | '\t')
    })
}

/// At most so many characters of a text of one line.
#[must_use]
pub fn shortened(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        None => escaped(text),
        Some((end, _)) => Cow::Owned(format!("{}…", escaped(&text[..end]))),
    }
}

/// A word as a shell reads it: in quotes when it needs them.
#[must_use]
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

fn with_escapes(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_escaped(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal does something with a character other than to show it.
fn is_obeyed(character: char) -> bool {
    let turns_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || turns_direction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_when_a_shell_needs_it() {
        assert_eq!(shell_word("0..20"), "0..20");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        for (text, line, lines) in [
            ("é|conv~0", "é|conv~0", "é|conv~0"),
            ("a\nb\tc", r"a\nb\tc", "a\nb\tc"),
            ("\u{1b}[2J\r", r"\u{1b}[2J\r", r"\u{1b}[2J\r"),
            (
                "\u{9b}31m\u{7f}\0\u{8}",
                r"\u{9b}31m\u{7f}\u{0}\u{8}",
                r"\u{9b}31m\u{7f}\u{0}\u{8}",
            ),
            ("a\u{202e}b", r"a\u{202e}b", r"a\u{202e}b"),
            ("", "", ""),
        ] {
            assert_eq!(escaped(text), line);
            assert_eq!(printable(text), lines);
        }
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shortened("ééé", 3), "ééé");
        assert_eq!(shortened("éééé", 3), "ééé…");
        assert_eq!(shortened("\n\n\n", 2), r"\n\n…");
    }
}
