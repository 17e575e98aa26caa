//! Lines from a worker, read with one mercy: the bare words `NaN` and `Infinity`.
//!
//! JSON has no such numbers, but the encoders of Python and JavaScript libraries write them. Read as null they become
//! what they are, a metric that is not a number, where a strict reader would call the whole line garbage.

use super::message::FromWorker;

/// The longest line that is read: a worker that writes more is not writing messages.
pub(super) const MAX_LINE: usize = 1 << 20;

/// How much of a line an error shows.
const SHOWN: usize = 120;

/// Reads one line.
pub(super) fn parse(line: &[u8]) -> Result<FromWorker, String> {
    if line.len() > MAX_LINE {
        return Err(format!("a line of more than {MAX_LINE} bytes"));
    }
    serde_json::from_slice(line)
        .or_else(|error| {
            let line = std::str::from_utf8(line).map_err(|_| error)?;
            serde_json::from_str(&without_bare_words(line))
        })
        .map_err(|error| {
            let text = String::from_utf8_lossy(line);
            let text = text.trim_end();
            let shown: String = text.chars().take(SHOWN).collect();
            let more = if shown.len() < text.len() { "…" } else { "" };
            // A JSON object of the wrong form is told what is wrong with it; anything else is not ours to explain.
            if text.starts_with('{') {
                format!("`{shown}{more}`: {error}")
            } else {
                format!("`{shown}{more}`")
            }
        })
}

/// The text with `NaN`, `Infinity` and `-Infinity` outside of strings as `null`.
fn without_bare_words(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let end = end_of_string(rest);
            mended.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        let word = ["NaN", "-Infinity", "Infinity"]
            .into_iter()
            .find(|word| rest.starts_with(word));
        match word {
            Some(word) => {
                mended.push_str("null");
                rest = &rest[word.len()..];
            }
            None => {
                mended.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    mended
}

/// The length of the string literal that a text begins with, quotes included.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_become_null_outside_of_strings() {
        for (text, mended) in [
            (r#"{"a":NaN,"b":-Infinity}"#, r#"{"a":null,"b":null}"#),
            (r#"{"NaN":"Infinity"}"#, r#"{"NaN":"Infinity"}"#),
            (r#"{"a\"NaN":Infinity"#, r#"{"a\"NaN":null"#),
            (r#""é NaN"#, r#""é NaN"#),
        ] {
            assert_eq!(without_bare_words(text), mended);
        }
        let result = parse(br#"{"type":"result","id":1,"metrics":{"x":NaN}}"#).unwrap();
        let FromWorker::Result(answer) = result else {
            panic!("{result:?}");
        };
        assert_eq!(answer.metrics["x"], None);
    }

    #[test]
    fn garbage_is_shown() {
        assert_eq!(parse(b"Epoch 1\n"), Err("`Epoch 1`".to_owned()));
        let long = parse("é".repeat(200).as_bytes()).unwrap_err();
        assert_eq!(long, format!("`{}…`", "é".repeat(SHOWN)));
        assert!(
            parse(&vec![b' '; MAX_LINE + 1])
                .unwrap_err()
                .contains("bytes")
        );
        let error = parse(br#"{"type":"result","id":-1,"metrics":{}}"#).unwrap_err();
        assert!(error.contains("-1"), "{error}");
        assert!(parse(&[0xff, b'\n']).is_err());
    }
}
