//! XGBoost's UBJSON: binary JSON with typed arrays, numbers big-endian.

use std::collections::BTreeMap;

use super::{Booster, Columns, base_score, check_kind, check_splits, number};

/// Values are nested at most so deep.
const MAX_DEPTH: usize = 32;

/// Reads a booster; the top has the booster's configuration and its model, or the model alone.
pub(super) fn read(bytes: &[u8]) -> Result<Booster, String> {
    let mut reader = Reader { bytes, at: 0 };
    let top = reader.value(0)?;
    let model = top.get("Model").unwrap_or(&top);
    let learner = model.need("learner")?;
    let booster = learner.need("gradient_booster")?;
    let trees = booster.need("model")?;
    check_kind(
        booster.need("name")?.text()?,
        learner.need("objective")?.need("name")?.text()?,
        trees
            .need("gbtree_model_param")?
            .need("num_parallel_tree")?
            .text()?,
    )?;
    let parameters = learner.need("learner_model_param")?;
    let Value::Array(trees) = trees.need("trees")? else {
        return Err("`trees` is no list".to_owned());
    };
    let columns = trees.iter().enumerate().map(|(t, tree)| {
        check_splits(t, tree.need("split_type")?.ints()?)?;
        Ok(Columns {
            left: tree.need("left_children")?.ints()?,
            right: tree.need("right_children")?.ints()?,
            features: tree.need("split_indices")?.ints()?,
            values: tree.need("split_conditions")?.singles()?,
        })
    });
    let columns: Vec<Columns> = columns.collect::<Result<_, String>>()?;
    Booster::of_trees(
        base_score(parameters.need("base_score")?.text()?)?,
        number("num_feature", parameters.need("num_feature")?.text()?)?,
        columns,
    )
}

/// A value; what a booster does not need is kept as [`Value::Other`].
#[derive(Debug)]
enum Value {
    Object(BTreeMap<String, Value>),
    Array(Vec<Value>),
    Singles(Vec<f32>),
    Ints(Vec<i64>),
    Text(String),
    Int(i64),
    Other,
}

impl Value {
    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.get(key),
            _ => None,
        }
    }

    fn need(&self, key: &str) -> Result<&Self, String> {
        self.get(key).ok_or_else(|| format!("there is no `{key}`"))
    }

    fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(format!("expected a text, found {other:?}")),
        }
    }

    fn ints(&self) -> Result<Vec<i64>, String> {
        match self {
            Self::Ints(values) => Ok(values.clone()),
            Self::Array(values) => values
                .iter()
                .map(|value| match value {
                    Self::Int(value) => Ok(*value),
                    _ => Err("expected integers".to_owned()),
                })
                .collect(),
            _ => Err("expected integers".to_owned()),
        }
    }

    fn singles(&self) -> Result<Vec<f32>, String> {
        match self {
            Self::Singles(values) => Ok(values.clone()),
            Self::Array(values) if values.is_empty() => Ok(Vec::new()),
            _ => Err("expected an array of singles".to_owned()),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, String> {
        let [marker] = self.array()?;
        self.value_of(marker, depth)
    }

    fn value_of(&mut self, marker: u8, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(self.problem("values are nested too deeply"));
        }
        Ok(match marker {
            b'{' => {
                let mut entries = BTreeMap::new();
                loop {
                    let [marker] = self.array()?;
                    if marker == b'}' {
                        break Value::Object(entries);
                    }
                    let key = self.text(marker)?;
                    entries.insert(key, self.value(depth + 1)?);
                }
            }
            b'[' => self.sequence(depth)?,
            b'S' => {
                let [marker] = self.array()?;
                Value::Text(self.text(marker)?)
            }
            b'Z' | b'N' | b'T' | b'F' => Value::Other,
            b'd' | b'D' => {
                self.take(if marker == b'd' { 4 } else { 8 })?;
                Value::Other
            }
            other => Value::Int(self.int(other)?),
        })
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, String> {
        let [marker] = self.array()?;
        match marker {
            b'$' => {
                let [kind] = self.array()?;
                let n = self.count()?;
                let width = match kind {
                    b'd' => 4,
                    other => self.width(other)?,
                };
                let bytes = self.take(n.saturating_mul(width))?;
                let items = bytes.chunks_exact(width);
                Ok(if kind == b'd' {
                    let (items, _) = bytes.as_chunks();
                    Value::Singles(items.iter().map(|b| f32::from_be_bytes(*b)).collect())
                } else {
                    Value::Ints(items.map(|bytes| big_endian(bytes, kind)).collect())
                })
            }
            b'#' => {
                self.at -= 1;
                let n = self.count()?;
                let values = (0..n).map(|_| self.value(depth + 1));
                Ok(Value::Array(values.collect::<Result<_, _>>()?))
            }
            first => {
                let (mut values, mut marker) = (Vec::new(), first);
                while marker != b']' {
                    values.push(self.value_of(marker, depth + 1)?);
                    [marker] = self.array()?;
                }
                Ok(Value::Array(values))
            }
        }
    }

    /// `#` and a length.
    fn count(&mut self) -> Result<usize, String> {
        let [hash, marker] = self.array()?;
        let n = self.int(marker)?;
        match usize::try_from(n) {
            Ok(n) if hash == b'#' => Ok(n),
            _ => Err(self.problem("expected the length of a sequence")),
        }
    }

    /// A length of this type, and so many bytes of text.
    fn text(&mut self, marker: u8) -> Result<String, String> {
        let n = self.int(marker)?;
        let n = usize::try_from(n).map_err(|_| self.problem("a text has a negative length"))?;
        let bytes = self.take(n)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.problem("a text is not UTF-8"))
    }

    fn int(&mut self, kind: u8) -> Result<i64, String> {
        let width = self.width(kind)?;
        Ok(big_endian(self.take(width)?, kind))
    }

    /// The bytes of an integer of this type.
    fn width(&self, kind: u8) -> Result<usize, String> {
        match kind {
            b'i' | b'U' => Ok(1),
            b'I' => Ok(2),
            b'l' => Ok(4),
            b'L' => Ok(8),
            other => Err(self.problem(&format!("the type {other:#04x} is not known"))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        Ok(taken
            .try_into()
            .expect("invariant: so many bytes were taken"))
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let taken = self
            .at
            .checked_add(n)
            .and_then(|end| self.bytes.get(self.at..end));
        let taken = taken
            .ok_or_else(|| self.problem(&format!("{n} bytes should follow; it is cut short")))?;
        self.at += n;
        Ok(taken)
    }

    fn problem(&self, what: &str) -> String {
        format!("byte {} of the booster: {what}", self.at)
    }
}

/// A signed integer; `U` has no sign.
fn big_endian(bytes: &[u8], kind: u8) -> i64 {
    let negative = kind != b'U' && bytes.first().is_some_and(|byte| byte >> 7 == 1);
    bytes
        .iter()
        .fold(if negative { -1 } else { 0 }, |value, byte| {
            value << 8 | i64::from(*byte)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_signs() {
        assert_eq!(big_endian(&[0xff, 0xfe], b'I'), -2);
        assert_eq!(big_endian(&[0xfe], b'U'), 254);
        assert_eq!(big_endian(&[0, 0, 1, 0], b'l'), 256);
    }

    #[test]
    fn sequences_and_texts_are_read() {
        let bytes = b"{i\x01a[$l#i\x02\xff\xff\xff\xff\0\0\0\x07i\x01bSi\x02okL\0\0\0\0\0\0\0\x01c[#i\x01i\x05}";
        let value = Reader { bytes, at: 0 }.value(0).unwrap();
        assert_eq!(value.need("a").unwrap().ints(), Ok(vec![-1, 7]));
        assert_eq!(value.need("b").unwrap().text(), Ok("ok"));
        assert_eq!(value.need("c").unwrap().ints(), Ok(vec![5]));
        let nested = vec![b'['; 100];
        let error = Reader {
            bytes: &nested,
            at: 0,
        }
        .value(0)
        .unwrap_err();
        assert!(error.contains("nested too deeply"), "{error}");
        let cut = Reader {
            bytes: b"[$L#L\x7f\xff\xff\xff\xff\xff\xff\xff",
            at: 0,
        }
        .value(0);
        assert!(cut.unwrap_err().contains("cut short"));
    }
}
