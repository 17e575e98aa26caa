//! Rust source as words and punctuation, without comments, strings and characters; and the paths among them.
//!
//! This is less than a Rust lexer: numbers and words are one kind of token, and every other character is a token of its
//! own. It is enough to tell code from text.

/// A word (identifier, keyword or number) or a single character of punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// From 1.
    pub(super) line: usize,
}

impl Token<'_> {
    fn is_word(&self) -> bool {
        self.text.starts_with(is_word_char)
    }
}

fn is_word_char(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The tokens of a source file.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (length, is_token) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if let Some(length) = literal(rest) {
            (length, false)
        } else if is_word_char(first) {
            (word(rest), true)
        } else {
            (first.len_utf8(), !first.is_whitespace())
        };
        let (text, after) = rest.split_at(length);
        if is_token {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The length of a word; `r#type` is one word.
fn word(text: &str) -> usize {
    let start = if text.starts_with("r#") { 2 } else { 0 };
    text[start..]
        .find(|c| !is_word_char(c))
        .map_or(text.len(), |length| start + length)
}

/// The length of a comment that opens with `/*` and may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of the string, character or lifetime that the text opens with.
fn literal(text: &str) -> Option<usize> {
    let unprefixed = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = &text[..text.len() - unprefixed.len()];
    let raw = match prefix {
        "" | "b" | "c" => false,
        "r" | "br" | "cr" => true,
        _ => return None,
    };
    let hashes = unprefixed.len() - unprefixed.trim_start_matches('#').len();
    let body = &unprefixed[hashes..];
    let start = prefix.len() + hashes;
    if body.starts_with('"') && (raw || hashes == 0) {
        let length = if raw {
            let end = format!("\"{}", "#".repeat(hashes));
            body[1..].find(&end).map(|at| 1 + at + end.len())
        } else {
            quoted(body)
        };
        return Some(length.map_or(text.len(), |length| start + length));
    }
    if hashes == 0 && body.starts_with('\'') && (prefix.is_empty() || prefix == "b") {
        let mut inside = body[1..].chars();
        let (first, second) = (inside.next(), inside.next());
        let length = if first == Some('\\') || second == Some('\'') {
            quoted(body).unwrap_or(body.len())
        } else {
            // A lifetime or a label.
            1 + word(&body[1..])
        };
        return Some(start + length);
    }
    None
}

/// The length of a text up to the second of the quotation mark that it opens with; a backslash hides the next character.
fn quoted(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next()?;
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// A path such as `std::fs::read`, or a macro such as `println!`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CodePath<'a> {
    /// The words between the `::`.
    pub(super) words: Vec<&'a str>,
    /// Whether a `!` follows, as after the name of a macro.
    pub(super) is_macro: bool,
    /// The line of the last word.
    pub(super) line: usize,
}

/// All paths of a source file; an import of several (`std::{fs, io}`) is written out.
pub(super) fn code_paths<'a>(tokens: &[Token<'a>]) -> Vec<CodePath<'a>> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].is_word() {
            at = code_path(tokens, at, &[], &mut paths);
        } else {
            at += 1;
        }
    }
    paths
}

/// Reads the path that begins at a word; returns where it ends.
fn code_path<'a>(
    tokens: &[Token<'a>],
    start: usize,
    prefix: &[&'a str],
    paths: &mut Vec<CodePath<'a>>,
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut words = prefix.to_vec();
    words.push(text(start));
    let mut at = start + 1;
    while text(at) == ":" && text(at + 1) == ":" {
        if tokens.get(at + 2).is_some_and(Token::is_word) {
            words.push(text(at + 2));
            at += 3;
        } else if text(at + 2) == "{" {
            at += 3;
            while at < tokens.len() && text(at) != "}" {
                if text(at) == "as" {
                    at += 2;
                } else if tokens[at].is_word() {
                    at = code_path(tokens, at, &words, paths);
                } else {
                    at += 1;
                }
            }
            return at + 1;
        } else {
            break;
        }
    }
    paths.push(CodePath {
        words,
        is_macro: text(at) == "!" && text(at + 1) != "=",
        line: tokens[at - 1].line,
    });
    at
}

/// Without the items that are compiled for tests only: those under `#[cfg(test)]`.
pub(super) fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match test_attribute(&tokens[at..]) {
            Some(length) => at += length + item(&tokens[at + length..]),
            None => {
                kept.push(tokens[at]);
                at += 1;
            }
        }
    }
    kept
}

/// The number of tokens of the `#[cfg(test)]` (or `#[cfg(all(test, …))]`) that the tokens open with.
fn test_attribute(tokens: &[Token<'_>]) -> Option<usize> {
    let opens = ["#", "[", "cfg", "("]
        .iter()
        .enumerate()
        .all(|(i, text)| tokens.get(i).is_some_and(|token| token.text == *text));
    if !opens {
        return None;
    }
    let length = tokens.iter().position(|token| token.text == "]")? + 1;
    let has = |word| tokens[..length].iter().any(|token| token.text == word);
    (has("test") && !has("not") && !has("any")).then_some(length)
}

/// The number of tokens of an item: up to its semicolon, or the end of its braces.
fn item(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_u32;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && token.text == "}" {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<&str> {
        tokens(source).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_are_no_tokens() {
        for (source, expected) in [
            ("a // b\nc", &["a", "c"][..]),
            ("/// b\nc", &["c"]),
            ("a /* b /* c */ d */ e", &["a", "e"]),
            ("/* never closed", &[]),
            (r#"a "b \" c" d"#, &["a", "d"]),
            (r##"a r"b\" c"##, &["a", "c"]),
            (r###"a r#"b " c"# d br##"e"# "## f"###, &["a", "d", "f"]),
            (r#"a b"c" d c"e" f"#, &["a", "d", "f"]),
            (r"a '\'' b 'c' d '\u{1F600}' b'e' f", &["a", "b", "d", "f"]),
            ("a 'é' b '\"' c", &["a", "b", "c"]),
            (
                "fn f<'a>(x: &'a str)",
                &["fn", "f", "<", ">", "(", "x", ":", "&", "str", ")"],
            ),
            ("'outer: loop {}", &[":", "loop", "{", "}"]),
            ("r#unsafe bar crate", &["r#unsafe", "bar", "crate"]),
            (
                "1.5e3_f64 != größe",
                &["1", ".", "5e3_f64", "!", "=", "größe"],
            ),
        ] {
            assert_eq!(words(source), expected, "{source}");
        }
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let source = "a\n/* x\n */ b\n\"x\n\\\n\" c // x\nd";
        let lines: Vec<_> = tokens(source)
            .iter()
            .map(|token| (token.text, token.line))
            .collect();
        assert_eq!(lines, [("a", 1), ("b", 3), ("c", 6), ("d", 7)]);
    }

    #[test]
    fn imports_are_written_out() {
        let paths = |source| -> Vec<String> {
            code_paths(&tokens(source))
                .iter()
                .map(|path| path.words.join("::") + if path.is_macro { "!" } else { "" })
                .collect()
        };
        assert_eq!(
            paths("use std::{fs, io::{self, Read as _}, *};\nx"),
            ["use", "std::fs", "std::io::self", "std::io::Read", "x"]
        );
        assert_eq!(
            paths("std::println!(a); a.b != c; Vec::<u8>::new()"),
            ["std::println!", "a", "a", "b", "c", "Vec", "u8", "new"]
        );
    }

    #[test]
    fn test_items_are_left_out() {
        for (source, expected) in [
            ("a #[cfg(test)] mod tests; b", &["a", "b"][..]),
            (
                "a #[cfg(test)] #[path = \"x\"] mod tests { c { d } } b",
                &["a", "b"],
            ),
            ("#[cfg(all(test, unix))] fn f(a: [u8; 2]) { c; } b", &["b"]),
            (
                "#[cfg(not(test))] a;",
                &[
                    "#", "[", "cfg", "(", "not", "(", "test", ")", ")", "]", "a", ";",
                ],
            ),
        ] {
            let kept: Vec<_> = without_tests(&tokens(source))
                .iter()
                .map(|token| token.text)
                .collect();
            assert_eq!(kept, expected, "{source}");
        }
    }
}
