//! Lines from a worker, read with one mercy: the bare words `NaN` and `Infinity`.
//!
//! JSON has no such numbers, but the encoders of Python and JavaScript libraries write them. Read as null they become
//! what they are, a metric that is not a number, where a strict reader would call the whole line garbage. Otherwise the
//! reader is strict, and bounded: what is read of one line needs little more memory than the line.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::excerpt::excerpt;
use super::hello::check_name;
use super::message::{FromWorker, PROTOCOL_VERSION};
use super::strict_json;

/// The longest line that is read, in bytes: a worker that writes more is not writing messages.
pub(super) const MAX_LINE: usize = 1 << 20;

/// The most metrics that one message may have.
pub(super) const MAX_METRICS: usize = 1024;

/// The longest text that says where an artifact lies, in bytes.
const MAX_ARTIFACT: usize = 4096;

/// A line that is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The beginning of the line.
    pub(super) shown: String,
    /// What is wrong with it, when it is meant to be a message.
    pub(super) problem: Option<String>,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)?;
        match &self.problem {
            Some(problem) => write!(f, ": {problem}"),
            None => Ok(()),
        }
    }
}

/// Reads one line.
pub(super) fn parse(line: &[u8]) -> Result<FromWorker, Unreadable> {
    if line.len() > MAX_LINE {
        return Err(Unreadable {
            shown: format!(
                "a line of more than {MAX_LINE} bytes that begins with {}",
                excerpt(line)
            ),
            problem: None,
        });
    }
    read(line).map_err(|problem| Unreadable {
        shown: excerpt(line),
        // What is meant to be a message is told what is wrong with it; anything else is not ours to explain.
        problem: is_meant(line).then_some(problem),
    })
}

/// Whether a line is meant to be a message: whether it looks like an object with a type.
pub(super) fn is_meant(line: &[u8]) -> bool {
    let has_type = || line.windows(6).any(|six| six == b"\"type\"");
    line.trim_ascii_start().starts_with(b"{") && has_type()
}

fn read(line: &[u8]) -> Result<FromWorker, String> {
    let (value, was_mended) = match strict_json::parse(line) {
        Ok(value) => (value, false),
        Err(error) => {
            let mended = std::str::from_utf8(line).ok().map(without_bare_words);
            match mended.map(|text| strict_json::parse(text.as_bytes())) {
                Some(Ok(value)) => (value, true),
                _ => return Err(error.to_string()),
            }
        }
    };
    if value["type"] == "hello" {
        check_protocol(&value)?;
        if was_mended {
            return Err(
                "NaN or Infinity in a hello, expected a finite bound, or none at all".to_owned(),
            );
        }
    }
    let message: FromWorker = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let metrics = match &message {
        FromWorker::Hello(hello) => hello.metrics.len(),
        FromWorker::Progress(progress) => progress.metrics.len(),
        FromWorker::Result(answer) => answer.metrics.len().max(answer.cost.len()),
        FromWorker::Failure(_) => 0,
    };
    if metrics > MAX_METRICS {
        return Err(format!(
            "it has {metrics} metrics, and {MAX_METRICS} are allowed"
        ));
    }
    check_texts(&message)?;
    Ok(message)
}

/// What is kept of a message is bounded, and shows as it is.
fn check_texts(message: &FromWorker) -> Result<(), String> {
    match message {
        FromWorker::Progress(progress) => check_names(&progress.metrics),
        FromWorker::Result(answer) => {
            check_names(&answer.metrics)?;
            check_names(&answer.cost)?;
            answer.artifact.as_deref().map_or(Ok(()), check_artifact)
        }
        FromWorker::Hello(_) | FromWorker::Failure(_) => Ok(()),
    }
}

fn check_names(metrics: &BTreeMap<String, Option<f64>>) -> Result<(), String> {
    let mut names = metrics.keys();
    names.try_for_each(|name| check_name("the name of a metric", name))
}

fn check_artifact(artifact: &str) -> Result<(), String> {
    if artifact.len() > MAX_ARTIFACT {
        return Err(format!(
            "its artifact has {} bytes, expected at most {MAX_ARTIFACT}: the place where it lies, not the thing itself",
            artifact.len()
        ));
    }
    if artifact.chars().any(char::is_control) {
        return Err(
            "its artifact has control characters, expected the place where it lies".to_owned(),
        );
    }
    Ok(())
}

/// A hello of another version may have other fields, so its version is looked at before them.
fn check_protocol(hello: &Value) -> Result<(), String> {
    match &hello["protocol"] {
        Value::Number(version) if *version != PROTOCOL_VERSION.into() => Err(format!(
            "it speaks version {version} of the protocol, expected {PROTOCOL_VERSION}"
        )),
        // Whatever else is wrong is found where the fields are read.
        _ => Ok(()),
    }
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
    use super::super::excerpt::SHOWN;
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
        let shown = |line: &[u8]| parse(line).unwrap_err().to_string();
        assert_eq!(shown(b"Epoch 1\n"), "`Epoch 1`");
        let long = shown("é".repeat(200).as_bytes());
        assert_eq!(long, format!("`{}…`", "é".repeat(SHOWN)));
        assert!(shown(&vec![b' '; MAX_LINE + 1]).contains("bytes"));
        assert_eq!(shown(b"{'lr': 0.1}"), "`{'lr': 0.1}`");
        assert_eq!(shown(br#"{"lr": 0.1}"#), r#"`{"lr": 0.1}`"#);
    }

    #[test]
    fn what_is_meant_to_be_a_message_is_told_what_is_wrong() {
        let many: Vec<String> = (0..2000).map(|i| format!(r#""m{i}":1"#)).collect();
        let many = format!(
            r#"{{"type":"result","id":1,"metrics":{{{}}}}}"#,
            many.join(",")
        );
        for (line, problem) in [
            (r#"{"type":"result","id":-1,"metrics":{}}"#, "-1"),
            (r#"{"type":"result","id":1.5,"metrics":{}}"#, "1.5"),
            (r#"{"type":"result","id":"1","metrics":{}}"#, "expected u64"),
            (r#"{"type":"result","metrics":{}}"#, "missing field `id`"),
            (
                r#"{"type":"result","id":1,"metrics":{"x":"0.5"}}"#,
                "expected f64",
            ),
            (
                r#"{"type":"result","id":1,"metrics":{"x":1,"x":2}}"#,
                "the key `x` is there twice",
            ),
            (
                r#"{"type":"result","type":"result","id":1,"metrics":{}}"#,
                "the key `type` is there twice",
            ),
            (
                r#"{"type":"result","id":1,"metrics":{},"z":{"q":1,"q":1}}"#,
                "the key `q` is there twice",
            ),
            (
                r#"{"type":"resultt","id":1,"metrics":{}}"#,
                "expected one of",
            ),
            (r#"{"type":7,"id":1}"#, "expected"),
            (
                r#"{"type":"hello","protocol":2,"measures":[]}"#,
                "it speaks version 2 of the protocol, expected 1",
            ),
            (r#"{"type":"hello","protocol":"1"}"#, "expected u32"),
            (
                r#"{"type":"hello","protocol":1,"name":"x","version":"1","metrics":[{"name":"v","role":"validation","max":Infinity}]}"#,
                "expected a finite bound",
            ),
            (
                r#"{"type":"hello","protocol":1,"name":"x","version":"1","metrics":[{"name":"v","role":"validation","max":1e999}]}"#,
                "number out of range",
            ),
            (r#"{"type":"progress","id":1,"step":1.5}"#, "expected u32"),
            (
                r#"{"type":"progress","id":1,"metrics":{"a\u0007":1}}"#,
                "expected a name without control characters",
            ),
            (
                r#"{"type":"result","id":1,"metrics":{},"artifact":"\u0007"}"#,
                "its artifact has control characters",
            ),
            (many.as_str(), "it has 2000 metrics, and 1024 are allowed"),
        ] {
            let error = parse(line.as_bytes()).unwrap_err();
            let told = error.problem.unwrap();
            assert!(told.contains(problem), "{line}: {told}");
        }
        assert!(parse(&[b'{', 0xff, b'}', b'\n']).is_err());
    }
}
