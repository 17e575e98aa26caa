//! Lists, tuples and NumPy arrays as one thing: a row of values.

use super::heap::{Heap, Node, Value};
use super::name::Name;
use super::number::NumpyType;

/// Lists within lists that are taken apart.
const DEPTH: usize = 4;

impl Heap {
    /// The values in a list, a tuple or a NumPy array, row by row; those in lists and arrays within it are taken apart,
    /// too. Whoever writes a pickle may choose any of these for the same content.
    ///
    /// `None` when it is none of them, when it holds more than `limit` values, or when an array is of a type that is not
    /// known.
    pub fn flat(&self, value: &Value, limit: usize) -> Option<Vec<Value>> {
        let mut values = Vec::new();
        self.flatten(value, DEPTH, limit, &mut values)?;
        Some(values)
    }

    fn flatten(
        &self,
        value: &Value,
        depth: usize,
        limit: usize,
        values: &mut Vec<Value>,
    ) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        if let Some(elements) = self.elements(value) {
            for element in elements {
                if self.elements(element).is_some() || self.object(element).is_some() {
                    self.flatten(element, depth, limit, values)?;
                } else {
                    values.push(element.clone());
                }
                if values.len() > limit {
                    return None;
                }
            }
            return Some(());
        }
        let array = Array::of(self, value)?;
        if let Some(objects) = array.objects {
            return self.flatten(objects, depth, limit, values);
        }
        values.extend(array.values(self, limit.checked_sub(values.len())?)?);
        Some(())
    }
}

/// An array as it was written.
struct Array<'a> {
    shape: &'a [Value],
    dtype: &'a Value,
    by_column: bool,
    bytes: &'a [u8],
    /// The elements of an array of objects.
    objects: Option<&'a Value>,
}

impl<'a> Array<'a> {
    fn of(heap: &'a Heap, value: &Value) -> Option<Self> {
        let Value::Node(id) = value else { return None };
        let Node::Object {
            name,
            arguments,
            state,
        } = heap.node(*id)
        else {
            return None;
        };
        // Protocol 5: a call with bytes, type, shape and order. Before: a state of version, shape, type, whether columns
        // come first, and bytes.
        let (shape, dtype, by_column, content) = if *name == Name::NumpyBuffer {
            match heap.elements(&Value::Node((*arguments)?))? {
                [bytes, dtype, shape, order] => (shape, dtype, order.as_text() == Some("F"), bytes),
                _ => return None,
            }
        } else {
            match heap.elements(state)? {
                [_, shape, dtype, by_column, content] => (
                    shape,
                    dtype,
                    matches!(by_column, Value::Bool(true)),
                    content,
                ),
                _ => return None,
            }
        };
        let (bytes, objects) = match content {
            Value::Bytes(bytes) => (&**bytes, None),
            other => (&[][..], Some(other)),
        };
        Some(Self {
            shape: heap.elements(shape)?,
            dtype,
            by_column,
            bytes,
            objects,
        })
    }

    /// The elements, row by row.
    fn values(&self, heap: &Heap, limit: usize) -> Option<Vec<Value>> {
        let dtype = NumpyType::of(heap, self.dtype)?;
        let size = dtype.size()?;
        let lengths: Option<Vec<usize>> = (self.shape.iter())
            .map(|length| usize::try_from(length.as_i64()?).ok())
            .collect();
        let lengths = lengths?;
        let n = (lengths.iter()).try_fold(1usize, |n, &length| n.checked_mul(length))?;
        if n > limit || self.bytes.len() != n.checked_mul(size)? {
            return None;
        }
        let values: Option<Vec<Value>> = (self.bytes.chunks(size))
            .map(|bytes| dtype.read(bytes))
            .collect();
        let values = values?;
        match lengths[..] {
            [rows, columns] if self.by_column => Some(
                (0..n)
                    .map(|i| values[i % columns * rows + i / columns].clone())
                    .collect(),
            ),
            [_, _, _, ..] if self.by_column => None,
            _ => Some(values),
        }
    }
}
