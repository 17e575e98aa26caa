//! NumPy scalars: one number as a type and its bytes.

use super::heap::{Heap, Node, Value};
use super::name::Name;

/// The number of a call `scalar(dtype, bytes)`; `None` when it is not of a known type.
pub(super) fn numpy_scalar(heap: &Heap, arguments: &[Value]) -> Option<Value> {
    let [Value::Node(dtype), Value::Bytes(bytes)] = arguments else {
        return None;
    };
    let Node::Object {
        name: Name::NumpyType,
        arguments: Some(type_arguments),
        state,
    } = heap.node(*dtype)
    else {
        return None;
    };
    let type_name = heap
        .elements(&Value::Node(*type_arguments))?
        .first()?
        .as_text()?;
    let big_endian = heap
        .elements(state)
        .and_then(|state| state.get(1)?.as_text())
        == Some(">");
    let mut bytes = bytes.to_vec();
    if big_endian {
        bytes.reverse();
    }
    let bytes = bytes.as_slice();
    Some(match type_name {
        "f8" => Value::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
        "f4" => Value::Float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
        "i8" => Value::Int(i64::from_le_bytes(bytes.try_into().ok()?)),
        "i4" => Value::Int(i32::from_le_bytes(bytes.try_into().ok()?).into()),
        "i2" => Value::Int(i16::from_le_bytes(bytes.try_into().ok()?).into()),
        "u1" => Value::Int(u8::from_le_bytes(bytes.try_into().ok()?).into()),
        "b1" => Value::Bool(*bytes.first()? != 0),
        _ => return None,
    })
}
