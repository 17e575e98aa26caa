//! NumPy scalars: one number as a type and its bytes.

use super::heap::{Heap, Node, Value};
use super::name::Name;

/// The number of a call `scalar(dtype, bytes)`; `None` when it is not of a known type.
pub(super) fn numpy_scalar(heap: &Heap, arguments: &[Value]) -> Option<Value> {
    let [dtype, Value::Bytes(bytes)] = arguments else {
        return None;
    };
    NumpyType::of(heap, dtype)?.read(bytes)
}

/// What the elements of an array are, by the name that NumPy writes: `f8`, `U12`.
pub(super) struct NumpyType<'a> {
    name: &'a str,
    big_endian: bool,
}

impl<'a> NumpyType<'a> {
    /// The type that an object stands for.
    pub(super) fn of(heap: &'a Heap, dtype: &Value) -> Option<Self> {
        let Value::Node(dtype) = dtype else {
            return None;
        };
        let Node::Object {
            name: Name::NumpyType,
            arguments: Some(arguments),
            state,
        } = heap.node(*dtype)
        else {
            return None;
        };
        let name = heap
            .elements(&Value::Node(*arguments))?
            .first()?
            .as_text()?;
        let big_endian = heap
            .elements(state)
            .and_then(|state| state.get(1)?.as_text())
            == Some(">");
        Some(Self { name, big_endian })
    }

    /// The bytes of an element; `None` when they are not known.
    pub(super) fn size(&self) -> Option<usize> {
        let (kind, count) = self.name.split_at_checked(1)?;
        let count: usize = count.parse().ok()?;
        match kind {
            "f" | "i" | "u" | "b" => Some(count),
            // A character takes four bytes.
            "U" => count.checked_mul(4),
            _ => None,
        }
        .filter(|&size| size > 0)
    }

    /// The element with these bytes.
    pub(super) fn read(&self, bytes: &[u8]) -> Option<Value> {
        if self.name.starts_with('U') {
            return self.read_text(bytes);
        }
        let mut bytes = bytes.to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        let bytes = bytes.as_slice();
        Some(match self.name {
            "f8" => Value::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
            "f4" => Value::Float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
            "i8" => Value::Int(i64::from_le_bytes(bytes.try_into().ok()?)),
            "i4" => Value::Int(i32::from_le_bytes(bytes.try_into().ok()?).into()),
            "i2" => Value::Int(i16::from_le_bytes(bytes.try_into().ok()?).into()),
            "i1" => Value::Int(i8::from_le_bytes(bytes.try_into().ok()?).into()),
            "u8" => Value::Int(u64::from_le_bytes(bytes.try_into().ok()?).try_into().ok()?),
            "u4" => Value::Int(u32::from_le_bytes(bytes.try_into().ok()?).into()),
            "u2" => Value::Int(u16::from_le_bytes(bytes.try_into().ok()?).into()),
            "u1" => Value::Int(u8::from_le_bytes(bytes.try_into().ok()?).into()),
            "b1" => Value::Bool(*bytes.first()? != 0),
            _ => return None,
        })
    }

    /// A text in an array: four bytes a character, filled up with zeros.
    fn read_text(&self, bytes: &[u8]) -> Option<Value> {
        let (characters, []) = bytes.as_chunks::<4>() else {
            return None;
        };
        let code = |bytes: &[u8; 4]| {
            if self.big_endian {
                u32::from_be_bytes(*bytes)
            } else {
                u32::from_le_bytes(*bytes)
            }
        };
        let text: Option<String> = characters.iter().map(|c| char::from_u32(code(c))).collect();
        Some(Value::text(text?.trim_end_matches('\0')))
    }
}
