//! The instructions of the stack machine that compose values from those on its stack.

use std::io::BufRead;
use std::sync::Arc;

use crate::FormatProblem;

use super::heap::{Node, Value, allocated};
use super::machine::Machine;
use super::name::Name;
use super::number::numpy_scalar;
use super::watch::Watcher;

impl<R: BufRead, W: Watcher> Machine<'_, R, W> {
    /// The instructions without arguments, which take from the stack and put something there.
    pub(super) fn compose(&mut self, opcode: u8) -> Result<(), FormatProblem> {
        match opcode {
            b'(' => {
                if self.marks.len() >= self.limits.values {
                    return Err(self.too_many_values());
                }
                self.begin_watching();
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => {
                // Python drops a mark when nothing is above it.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                    Ok(())
                } else {
                    self.pop().map(drop)
                }
            }
            b'1' => self.pop_mark().map(drop),
            b'2' => {
                let top = self.top()?.clone();
                self.push(top)
            }
            b')' => self.push_node(Node::Tuple(Vec::new())),
            0x85..=0x87 => {
                let length = usize::from(opcode - 0x84);
                let values = self.pop_many(length)?;
                self.push_node(Node::Tuple(values))?;
                self.show_entry()
            }
            b't' => {
                let values = self.pop_mark()?;
                self.push_node(Node::Tuple(values))?;
                self.show_entry()
            }
            b']' => self.push_node(Node::List(Vec::new())),
            b'l' => {
                let values = self.pop_mark()?;
                self.push_node(Node::List(values))
            }
            b'a' => {
                let value = self.pop()?;
                self.extend(vec![value])
            }
            b'e' | 0x90 => {
                let values = self.pop_mark()?;
                self.extend(values)
            }
            b'}' => {
                let entries = self.heap.spare();
                self.push_node(Node::Dict(entries))
            }
            b'd' => {
                let entries = self.pop_mark()?;
                check_pairs(entries.len())?;
                self.push_node(Node::Dict(entries))
            }
            b's' => {
                let start = self.start_of(2)?;
                self.insert(start)
            }
            b'u' => {
                let mark = self.take_mark()?;
                self.insert(mark)
            }
            0x8f => self.push_node(Node::Set(Vec::new())),
            0x91 => {
                let values = self.pop_mark()?;
                self.push_node(Node::Set(values))
            }
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                let result = self.call(&callable, &arguments)?;
                self.push(result)
            }
            b'b' => {
                let state = self.pop()?;
                let Value::Node(id) = self.top()?.clone() else {
                    return Err(FormatProblem::Malformed {
                        reason: "a state for something that is no object",
                    });
                };
                // A mapping keeps its content, whatever else was attached to it.
                if let Some(Node::Object { state: slot, .. }) = self.heap.node_mut(id) {
                    *slot = state;
                }
                Ok(())
            }
            _ => Err(FormatProblem::Instruction { opcode }),
        }
    }

    /// The data that a call of a listed name stands for.
    fn call(&mut self, callable: &Value, arguments: &Value) -> Result<Value, FormatProblem> {
        let Value::Name(name) = callable else {
            return Err(FormatProblem::Malformed {
                reason: "a call of something that is no name",
            });
        };
        let (Value::Node(id), Some(values)) = (arguments, self.heap.elements(arguments)) else {
            return Err(FormatProblem::Malformed {
                reason: "a call with arguments that are no tuple",
            });
        };
        let id = *id;
        let node = match (name, values) {
            (Name::Mapping, []) => Node::Dict(Vec::new()),
            (Name::Mapping, [items]) => {
                let items = self.heap.elements(items).unwrap_or_default();
                let entry = |item: &Value| match self.heap.elements(item) {
                    Some([key, value]) => Ok([key.clone(), value.clone()]),
                    _ => Err(FormatProblem::Malformed {
                        reason: "a mapping made from something else than pairs",
                    }),
                };
                let entries: Vec<_> = items.iter().map(entry).collect::<Result<_, _>>()?;
                Node::Dict(entries.into_flattened())
            }
            (Name::Set, [items]) => {
                Node::Set(self.heap.elements(items).unwrap_or_default().to_vec())
            }
            (Name::ByteArray, [bytes @ Value::Bytes(_)]) => return Ok(bytes.clone()),
            (Name::Encode | Name::ByteArray, [Value::Text(text), ..]) => {
                // Latin-1: every character is a byte.
                let bytes: Option<Arc<[u8]>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
                let bytes = bytes.ok_or(FormatProblem::Malformed {
                    reason: "bytes written as a text that is not Latin-1",
                })?;
                *self.n_text_bytes() += allocated(bytes.len());
                return Ok(Value::Bytes(bytes));
            }
            (Name::NumpyScalar, values) => {
                if let Some(number) = numpy_scalar(&self.heap, values) {
                    return Ok(number);
                }
                Node::inert()
            }
            (name, _) => Node::Object {
                name: *name,
                arguments: Some(id),
                state: Value::None,
            },
        };
        let n_new = match &node {
            Node::Dict(values) | Node::Set(values) => values.len(),
            _ => 0,
        };
        self.count(n_new)?;
        self.new_node(node)
    }

    fn extend(&mut self, values: Vec<Value>) -> Result<(), FormatProblem> {
        match self.top_node()? {
            Some(Node::List(list) | Node::Set(list)) => {
                list.extend(values);
            }
            // The content of an array or tensor subclass.
            Some(Node::Object { .. }) => {}
            _ => {
                return Err(FormatProblem::Malformed {
                    reason: "elements for something that is no list",
                });
            }
        }
        self.show_entry()
    }

    /// Moves the entries that lie on the stack from `start` on into the mapping below them.
    fn insert(&mut self, start: usize) -> Result<(), FormatProblem> {
        let mapping = start
            .checked_sub(1)
            .filter(|&place| place >= self.floor())
            .and_then(|place| match &self.stack[place] {
                Value::Node(id) => Some(*id),
                _ => None,
            });
        let no_mapping = FormatProblem::Malformed {
            reason: "entries for something that is no mapping",
        };
        let mapping = mapping.ok_or(no_mapping)?;
        let watched = self
            .watched
            .is_some_and(|watched| watched.mapping == mapping);
        if watched {
            check_pairs(self.stack.len() - start)?;
            let new = self.stack.split_off(start);
            // Its entries were shown; those that were not, because they are no mappings, stay.
            let heap = &self.heap;
            let (new, _) = new.as_chunks::<2>();
            let rest: Vec<_> = new
                .iter()
                .filter(|[_, value]| !value.is_released(heap))
                .cloned()
                .collect();
            self.watched = None;
            if let Some(Node::Dict(entries)) = self.heap.node_mut(mapping) {
                entries.extend(rest.into_flattened());
            }
            return Ok(());
        }
        match self.heap.node_mut(mapping) {
            Some(Node::Dict(entries)) => {
                check_pairs(self.stack.len() - start)?;
                entries.extend(self.stack.drain(start..));
            }
            Some(Node::Object { .. }) => self.stack.truncate(start),
            _ => {
                return Err(FormatProblem::Malformed {
                    reason: "entries for something that is no mapping",
                });
            }
        }
        self.show_entry()
    }
}

/// Whether so many values are keys and values in turn.
fn check_pairs(n_values: usize) -> Result<(), FormatProblem> {
    if n_values.is_multiple_of(2) {
        Ok(())
    } else {
        Err(FormatProblem::Malformed {
            reason: "a key without a value",
        })
    }
}
