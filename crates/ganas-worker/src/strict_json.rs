//! JSON without what readers disagree about: no key twice, no deep nesting, no crowd of values.
//!
//! A result with the same metric twice has two values, and which one a reader takes is an accident.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::excerpt::excerpt;

/// How deep a message may be nested.
pub(super) const MAX_DEPTH: u32 = 32;

/// How many values one message may hold, those of fields that are ignored included.
pub(super) const MAX_VALUES: u32 = 1 << 14;

/// Reads one value, and nothing after it.
pub(super) fn parse(line: &[u8]) -> Result<Value, serde_json::Error> {
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_slice(line);
    let strict = Strict {
        depth: 0,
        left: &left,
    };
    let value = strict.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// What is left of the limits where a value begins.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: u32,
    left: &'a Cell<u32>,
}

impl Strict<'_> {
    /// One level down.
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!(
                "it is nested deeper than the {MAX_DEPTH} levels that are read"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => {
                return Err(D::Error::custom(format_args!(
                    "it holds more than the {MAX_VALUES} values that are read"
                )));
            }
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value);
        number.map(Value::Number).ok_or_else(|| {
            E::custom(format_args!(
                "{value} is no finite number, which JSON cannot hold"
            ))
        })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut all = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key {} is there twice, expected once",
                    excerpt(key.as_bytes())
                )));
            }
            let value = fields.next_value_seed(inside)?;
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_serde_json_reads() {
        for text in [
            "null",
            "true",
            "-7",
            "18446744073709551615",
            "0.1",
            r#""é\u0000""#,
            "[]",
            r#"{"a":[1,{"b":null}],"c":{"a":1}}"#,
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(parse(text.as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        let many = |n: usize| format!("[{}1]", "1,".repeat(n));
        assert!(parse(deep(32).as_bytes()).is_ok());
        assert!(parse(many(16_000).as_bytes()).is_ok());
        for (text, problem) in [
            (r#"{"a":1,"a":1}"#.to_owned(), "`a` is there twice"),
            (
                r#"[{"x":{"b":1,"\u0062":2}}]"#.to_owned(),
                "`b` is there twice",
            ),
            (deep(33), "deeper than the 32 levels"),
            (deep(500_000), "deeper than the 32 levels"),
            (many(20_000), "more than the 16384 values"),
            ("1e999".to_owned(), "number out of range"),
            ("1 2".to_owned(), "trailing characters"),
            (String::new(), "EOF"),
            ("\"\u{1}\"".to_owned(), "control character"),
            (r#""\ud800""#.to_owned(), "hex escape"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(problem), "{problem}: {error}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }
}
