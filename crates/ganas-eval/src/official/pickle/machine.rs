//! The stack machine of pickles: protocols 0 to 5, restricted to the instructions that make data.

use std::io::BufRead;
use std::rc::Rc;

use indexmap::{IndexMap, IndexSet};

use crate::official::fault::{Fault, Problem};

use super::heap::{Heap, Node, NodeId, Value};
use super::input::Input;
use super::name::Name;
use super::number::numpy_scalar;
use super::references::References;

/// The highest protocol that is known.
const MAX_PROTOCOL: u8 = 5;

/// Bounds on what a pickle may make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Values alive at a time, on the stack or in others.
    pub(crate) values: usize,
    /// Entries of the memo.
    pub(crate) memo: usize,
    /// Bytes of a text.
    pub(crate) text_bytes: u64,
}

impl Default for Limits {
    /// A NATS-Bench record has 30,000 values, its meta file 33,000.
    fn default() -> Self {
        Self {
            values: 2_000_000,
            memo: 2_000_000,
            text_bytes: 1 << 24,
        }
    }
}

/// Is shown the entries of a mapping while they are read, so that a file that is one huge mapping need not be held.
///
/// What was shown is dropped from the mapping. Entries of a mapping that was not written in one piece may remain in
/// it, so the mapping must be looked at again at the end.
pub(crate) trait Watcher {
    /// Whether the mapping under this key of the outermost mapping is watched; without a key, the outermost one.
    fn watches(&self, key: Option<&str>) -> bool;

    /// An entry of the watched mapping, whose value is a mapping or a list.
    fn entry(&mut self, heap: &Heap, key: &Value, value: &Value) -> Result<(), Problem>;
}

/// Watches nothing.
pub(crate) struct NoWatcher;

impl Watcher for NoWatcher {
    fn watches(&self, _key: Option<&str>) -> bool {
        false
    }

    fn entry(&mut self, _heap: &Heap, _key: &Value, _value: &Value) -> Result<(), Problem> {
        Ok(())
    }
}

/// Reads one pickle.
pub(crate) fn read(reader: impl BufRead, limits: Limits) -> Result<(Heap, Value), Fault> {
    Machine::new(reader, limits, &mut NoWatcher).run()
}

/// A pickle that is being read.
pub(crate) struct Machine<'w, R, W> {
    input: Input<R>,
    limits: Limits,
    heap: Heap,
    stack: Vec<Value>,
    marks: Vec<usize>,
    /// Entries of the memo from 0 on without gaps: all, unless a first pass chose.
    dense_memo: Vec<Value>,
    /// The other entries of the memo.
    memo: IndexMap<u32, Value>,
    /// The number of entries that were ever put, which the next MEMOIZE takes.
    n_memoized: u32,
    /// Texts that were seen, so that equal ones share their memory.
    texts: IndexSet<Rc<str>>,
    n_values: usize,
    /// Memo entries that are referred to, when a first pass has found them; the others are not kept.
    kept: Option<&'w References>,
    watcher: &'w mut W,
    watched: Option<Watched>,
}

/// The mapping that is being watched.
#[derive(Clone, Copy)]
struct Watched {
    mapping: NodeId,
    /// The height of the stack below its entries.
    base: usize,
    /// Counts at the end of the last entry.
    n_values: usize,
    n_memo: usize,
}

impl<'w, R: BufRead, W: Watcher> Machine<'w, R, W> {
    pub(crate) fn new(reader: R, limits: Limits, watcher: &'w mut W) -> Self {
        Self {
            input: Input::new(reader),
            limits,
            heap: Heap::default(),
            stack: Vec::new(),
            marks: Vec::new(),
            dense_memo: Vec::new(),
            memo: IndexMap::new(),
            n_memoized: 0,
            texts: IndexSet::new(),
            n_values: 0,
            kept: None,
            watcher,
            watched: None,
        }
    }

    /// Keeps these entries of the memo only.
    pub(crate) fn keeping(mut self, references: &'w References) -> Self {
        self.kept = Some(references);
        self
    }

    /// Reads to the end of the pickle.
    pub(crate) fn run(mut self) -> Result<(Heap, Value), Fault> {
        loop {
            let start = self.input.offset();
            let opcode = self.input.byte()?;
            if opcode == b'.' {
                let value = self.pop().map_err(|p| Fault::at(start, p))?;
                return Ok((self.heap, value));
            }
            self.step(opcode, start)?;
        }
    }

    fn step(&mut self, opcode: u8, start: u64) -> Result<(), Fault> {
        let at = |problem| Fault::at(start, problem);
        match opcode {
            // Framing.
            0x80 => {
                let protocol = self.input.byte()?;
                if protocol > MAX_PROTOCOL {
                    let expected = format!("pickle protocol {MAX_PROTOCOL} or lower");
                    return Err(at(Problem::content(expected, protocol.to_string())));
                }
            }
            // A frame only says how much to read ahead.
            0x95 => {
                self.input.array::<8>()?;
            }
            // Constants.
            b'N' => self.push(Value::None).map_err(at)?,
            0x88 => self.push(Value::Bool(true)).map_err(at)?,
            0x89 => self.push(Value::Bool(false)).map_err(at)?,
            b'J' => {
                let value = i32::from_le_bytes(self.input.array()?);
                self.push(Value::Int(value.into())).map_err(at)?;
            }
            b'K' => {
                let value = self.input.byte()?;
                self.push(Value::Int(value.into())).map_err(at)?;
            }
            b'M' => {
                let value = u16::from_le_bytes(self.input.array()?);
                self.push(Value::Int(value.into())).map_err(at)?;
            }
            0x8a => {
                let length = self.input.byte()?;
                self.long(length.into(), start)?;
            }
            0x8b => {
                let length = u32::from_le_bytes(self.input.array()?);
                self.long(length.into(), start)?;
            }
            b'G' => {
                let value = f64::from_be_bytes(self.input.array()?);
                self.push(Value::Float(value)).map_err(at)?;
            }
            b'I' | b'L' => {
                let line = self.ascii_line(start)?;
                let value = match (opcode, line.as_str()) {
                    (b'I', "00") => Value::Bool(false),
                    (b'I', "01") => Value::Bool(true),
                    (_, text) => {
                        let digits = text.strip_suffix('L').unwrap_or(text);
                        let value = digits.parse().map_err(|_| {
                            at(Problem::content("a whole number", format!("`{text}`")))
                        })?;
                        Value::Int(value)
                    }
                };
                self.push(value).map_err(at)?;
            }
            b'F' => {
                let line = self.ascii_line(start)?;
                let value = line
                    .parse()
                    .map_err(|_| at(Problem::content("a number", format!("`{line}`"))))?;
                self.push(Value::Float(value)).map_err(at)?;
            }
            // Texts and bytes.
            0x8c => {
                let length = self.input.byte()?;
                self.text(length.into(), start)?;
            }
            b'X' => {
                let length = u32::from_le_bytes(self.input.array()?);
                self.text(length.into(), start)?;
            }
            0x8d => {
                let length = u64::from_le_bytes(self.input.array()?);
                self.text(length, start)?;
            }
            b'C' | b'U' => {
                let length = self.input.byte()?;
                self.byte_string(length.into(), opcode == b'U', start)?;
            }
            b'B' | b'T' => {
                let length = u32::from_le_bytes(self.input.array()?);
                self.byte_string(length.into(), opcode == b'T', start)?;
            }
            0x8e | 0x96 => {
                let length = u64::from_le_bytes(self.input.array()?);
                self.byte_string(length, false, start)?;
            }
            b'V' => {
                let line = self.ascii_line(start)?;
                let text = self.shared_text(&line);
                self.push(text).map_err(at)?;
            }
            // The memo.
            b'q' => {
                let index = self.input.byte()?;
                self.memoize(index.into()).map_err(at)?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.input.array()?);
                self.memoize(index).map_err(at)?;
            }
            b'p' => {
                let index = self.index_line(start)?;
                self.memoize(index).map_err(at)?;
            }
            0x94 => self.memoize(self.n_memoized).map_err(at)?,
            b'h' => {
                let index = self.input.byte()?;
                self.recall(index.into()).map_err(at)?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.input.array()?);
                self.recall(index).map_err(at)?;
            }
            b'g' => {
                let index = self.index_line(start)?;
                self.recall(index).map_err(at)?;
            }
            // Names.
            b'c' => {
                let module = self.ascii_line(start)?;
                let name = self.ascii_line(start)?;
                self.mention(&module, &name).map_err(at)?;
            }
            0x93 => {
                let (name, module) = (self.pop().map_err(at)?, self.pop().map_err(at)?);
                let (Value::Text(name), Value::Text(module)) = (name, module) else {
                    return Err(at(Problem::Malformed {
                        reason: "a name that is not a text",
                    }));
                };
                self.mention(&module, &name).map_err(at)?;
            }
            // A tensor's storage, named by an identifier: never read.
            b'P' => {
                self.ascii_line(start)?;
                self.push_node(Node::inert()).map_err(at)?;
            }
            b'Q' => {
                self.pop().map_err(at)?;
                self.push_node(Node::inert()).map_err(at)?;
            }
            _ => self.compose(opcode).map_err(at)?,
        }
        Ok(())
    }

    /// The instructions without arguments, which take from the stack and put something there.
    fn compose(&mut self, opcode: u8) -> Result<(), Problem> {
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
                self.push_node(Node::Tuple(values))
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
            b'}' => self.push_node(Node::Dict(Vec::new())),
            b'd' => {
                let entries = pairs(self.pop_mark()?)?;
                self.push_node(Node::Dict(entries))
            }
            b's' => {
                let values = self.pop_many(2)?;
                self.insert(values)
            }
            b'u' => {
                let values = self.pop_mark()?;
                self.insert(values)
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
                    return Err(Problem::Malformed {
                        reason: "a state for something that is no object",
                    });
                };
                // A mapping keeps its content, whatever else was attached to it.
                if let Some(Node::Object { state: slot, .. }) = self.heap.node_mut(id) {
                    *slot = state;
                }
                Ok(())
            }
            _ => Err(Problem::Instruction { opcode }),
        }
    }

    /// The data that a call of a listed name stands for.
    fn call(&mut self, callable: &Value, arguments: &Value) -> Result<Value, Problem> {
        let Value::Name(name) = callable else {
            return Err(Problem::Malformed {
                reason: "a call of something that is no name",
            });
        };
        let (Value::Node(id), Some(values)) = (arguments, self.heap.elements(arguments)) else {
            return Err(Problem::Malformed {
                reason: "a call with arguments that are no tuple",
            });
        };
        let id = *id;
        let node = match (name, values) {
            (Name::Mapping, []) => Node::Dict(Vec::new()),
            (Name::Mapping, [items]) => {
                let items = self.heap.elements(items).unwrap_or_default();
                let entry = |item: &Value| match self.heap.elements(item) {
                    Some([key, value]) => Ok((key.clone(), value.clone())),
                    _ => Err(Problem::Malformed {
                        reason: "a mapping made from something else than pairs",
                    }),
                };
                Node::Dict(items.iter().map(entry).collect::<Result<_, _>>()?)
            }
            (Name::Set, [items]) => {
                Node::Set(self.heap.elements(items).unwrap_or_default().to_vec())
            }
            (Name::Encode, [Value::Text(text), ..]) => {
                // Latin-1: every character is a byte.
                let bytes: Option<Rc<[u8]>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
                let bytes = bytes.ok_or(Problem::Malformed {
                    reason: "bytes written as a text that is not Latin-1",
                })?;
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
            Node::Dict(entries) => 2 * entries.len(),
            Node::Set(values) => values.len(),
            _ => 0,
        };
        self.count(n_new)?;
        self.new_node(node)
    }

    fn extend(&mut self, values: Vec<Value>) -> Result<(), Problem> {
        match self.top_node()? {
            Some(Node::List(list) | Node::Set(list)) => {
                list.extend(values);
            }
            // The content of an array or tensor subclass.
            Some(Node::Object { .. }) => {}
            _ => {
                return Err(Problem::Malformed {
                    reason: "elements for something that is no list",
                });
            }
        }
        self.show_entry()
    }

    fn insert(&mut self, values: Vec<Value>) -> Result<(), Problem> {
        let new = pairs(values)?;
        let watched = self.watched.map(|watched| watched.mapping);
        if let (Value::Node(id), Some(mapping)) = (self.top()?, watched)
            && *id == mapping
        {
            // Its entries were shown; those that were not, because they are no mappings, stay.
            let heap = &self.heap;
            let rest: Vec<_> = new
                .into_iter()
                .filter(|(_, value)| !value.is_released(heap))
                .collect();
            self.watched = None;
            if let Some(Node::Dict(entries)) = self.heap.node_mut(mapping) {
                entries.extend(rest);
            }
            return Ok(());
        }
        match self.top_node()? {
            Some(Node::Dict(entries)) => entries.extend(new),
            Some(Node::Object { .. }) => {}
            _ => {
                return Err(Problem::Malformed {
                    reason: "entries for something that is no mapping",
                });
            }
        }
        self.show_entry()
    }

    /// At a mark: begins to watch the mapping below it, when it is an entry of the outermost one that is asked for.
    fn begin_watching(&mut self) {
        if self.watched.is_some() {
            return;
        }
        let (key, mapping) = match (self.marks.len(), &self.stack[self.floor()..]) {
            (0, [Value::Node(mapping)]) => (None, mapping),
            (1, [.., Value::Text(key), Value::Node(mapping)]) => (Some(&**key), mapping),
            _ => return,
        };
        if matches!(self.heap.node(*mapping), Node::Dict(_)) && self.watcher.watches(key) {
            self.watched = Some(Watched {
                mapping: *mapping,
                base: self.stack.len(),
                n_values: self.n_values,
                n_memo: self.memo.len(),
            });
        }
    }

    /// Shows the entry that the last instruction completed, when it is one of the watched mapping, and drops it.
    fn show_entry(&mut self) -> Result<(), Problem> {
        let Some(watched) = &mut self.watched else {
            return Ok(());
        };
        if self.marks.last() != Some(&watched.base) {
            return Ok(());
        }
        // The values of the entries below were released; otherwise this is an entry of an entry.
        let (key, value) = match &self.stack[watched.base..] {
            [key, value] => (key.clone(), value.clone()),
            [.., before, key, value] if before.is_released(&self.heap) => {
                (key.clone(), value.clone())
            }
            _ => return Ok(()),
        };
        self.watcher.entry(&self.heap, &key, &value)?;
        self.heap.release(&value);
        self.n_values = watched.n_values + 2;
        // Entries of the memo that were made by this entry and that point into it are of no use any more.
        let heap = &self.heap;
        let recent: Vec<_> = self
            .memo
            .drain(watched.n_memo..)
            .filter(|(_, value)| !value.is_released(heap))
            .collect();
        self.memo.extend(recent);
        watched.n_values = self.n_values;
        watched.n_memo = self.memo.len();
        Ok(())
    }

    fn mention(&mut self, module: &str, name: &str) -> Result<(), Problem> {
        let listed = Name::of(module, name).ok_or_else(|| Problem::ForbiddenName {
            name: format!("{module}.{name}").chars().take(200).collect(),
        })?;
        self.push(Value::Name(listed))
    }

    fn memoize(&mut self, index: u32) -> Result<(), Problem> {
        self.n_memoized = self.n_memoized.saturating_add(1);
        if self.kept.is_some_and(|kept| !kept.contains(index)) {
            return Ok(());
        }
        if self.dense_memo.len() + self.memo.len() >= self.limits.memo {
            return Err(Problem::TooMany {
                what: "entries of a pickle's memo",
                limit: self.limits.memo,
            });
        }
        let top = self.top()?.clone();
        let place = index as usize;
        let n_dense = self.dense_memo.len();
        match self.dense_memo.get_mut(place) {
            Some(entry) => *entry = top,
            // While entries are dropped from the end of the other part, new ones must go there.
            None if self.kept.is_none()
                && self.watched.is_none()
                && self.memo.is_empty()
                && place == n_dense =>
            {
                self.dense_memo.push(top);
            }
            None => {
                self.memo.insert(index, top);
            }
        }
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), Problem> {
        let entry = self
            .dense_memo
            .get(index as usize)
            .or_else(|| self.memo.get(&index));
        let value = entry.ok_or(Problem::Malformed {
            reason: "it refers to an entry of its memo that does not exist",
        })?;
        self.push(value.clone())
    }

    fn long(&mut self, length: u64, start: u64) -> Result<(), Fault> {
        let bytes = self.input.bytes(length, self.limits.text_bytes)?;
        let value = if bytes.len() <= size_of::<i64>() {
            let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
            let mut wide = [if negative { 0xff } else { 0 }; size_of::<i64>()];
            wide[..bytes.len()].copy_from_slice(&bytes);
            Value::Int(i64::from_le_bytes(wide))
        } else {
            Value::LongInt
        };
        self.push(value).map_err(|p| Fault::at(start, p))
    }

    fn text(&mut self, length: u64, start: u64) -> Result<(), Fault> {
        let bytes = self.input.bytes(length, self.limits.text_bytes)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            Fault::at(
                start,
                Problem::Malformed {
                    reason: "a text that is not UTF-8",
                },
            )
        })?;
        let value = self.shared_text(text);
        self.push(value).map_err(|p| Fault::at(start, p))
    }

    /// Python 2 wrote texts as byte strings; those that are ASCII are read as texts.
    fn byte_string(&mut self, length: u64, maybe_text: bool, start: u64) -> Result<(), Fault> {
        let bytes = self.input.bytes(length, self.limits.text_bytes)?;
        let value = match std::str::from_utf8(&bytes) {
            Ok(text) if maybe_text && text.is_ascii() => self.shared_text(text),
            _ => Value::Bytes(bytes.into()),
        };
        self.push(value).map_err(|p| Fault::at(start, p))
    }

    fn shared_text(&mut self, text: &str) -> Value {
        // Only a large file, which is read in two passes, holds enough equal texts for sharing to be worth a search.
        if self.kept.is_none() {
            return Value::Text(text.into());
        }
        if let Some(known) = self.texts.get(text) {
            return Value::Text(Rc::clone(known));
        }
        let text: Rc<str> = text.into();
        self.texts.insert(Rc::clone(&text));
        Value::Text(text)
    }

    fn ascii_line(&mut self, start: u64) -> Result<String, Fault> {
        let line = self.input.line(self.limits.text_bytes)?;
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        String::from_utf8(line.to_vec()).map_err(|_| {
            Fault::at(
                start,
                Problem::Malformed {
                    reason: "a line that is not UTF-8",
                },
            )
        })
    }

    fn index_line(&mut self, start: u64) -> Result<u32, Fault> {
        let line = self.ascii_line(start)?;
        line.parse().map_err(|_| {
            let found = format!("`{}`", line.chars().take(40).collect::<String>());
            Fault::at(start, Problem::content("the number of a memo entry", found))
        })
    }

    fn push(&mut self, value: Value) -> Result<(), Problem> {
        self.count(1)?;
        self.stack.push(value);
        Ok(())
    }

    fn push_node(&mut self, node: Node) -> Result<(), Problem> {
        let value = self.new_node(node)?;
        self.push(value)
    }

    fn new_node(&mut self, node: Node) -> Result<Value, Problem> {
        let too_many = self.too_many_values();
        self.heap.add(node).map(Value::Node).ok_or(too_many)
    }

    fn count(&mut self, n: usize) -> Result<(), Problem> {
        self.n_values += n;
        if self.n_values > self.limits.values {
            return Err(self.too_many_values());
        }
        Ok(())
    }

    fn too_many_values(&self) -> Problem {
        Problem::TooMany {
            what: "values in a pickle",
            limit: self.limits.values,
        }
    }

    /// Where the part of the stack begins that instructions may take from.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<&Value, Problem> {
        self.stack[self.floor()..].last().ok_or(EMPTY)
    }

    fn top_node(&mut self) -> Result<Option<&mut Node>, Problem> {
        match self.top()? {
            Value::Node(id) => {
                let id = *id;
                Ok(self.heap.node_mut(id))
            }
            _ => Ok(None),
        }
    }

    fn pop(&mut self) -> Result<Value, Problem> {
        if self.stack.len() <= self.floor() {
            return Err(EMPTY);
        }
        self.stack.pop().ok_or(EMPTY)
    }

    fn pop_many(&mut self, n: usize) -> Result<Vec<Value>, Problem> {
        let start = self.stack.len().checked_sub(n).ok_or(EMPTY)?;
        if start < self.floor() {
            return Err(EMPTY);
        }
        Ok(self.stack.split_off(start))
    }

    fn pop_mark(&mut self) -> Result<Vec<Value>, Problem> {
        let mark = self.marks.pop().ok_or(Problem::Malformed {
            reason: "no mark on its stack",
        })?;
        Ok(self.stack.split_off(mark))
    }
}

impl Node {
    fn inert() -> Self {
        Self::Object {
            name: Name::Inert,
            arguments: None,
            state: Value::None,
        }
    }
}

const EMPTY: Problem = Problem::Malformed {
    reason: "it takes more from its stack than there is",
};

fn pairs(values: Vec<Value>) -> Result<Vec<(Value, Value)>, Problem> {
    if !values.len().is_multiple_of(2) {
        return Err(Problem::Malformed {
            reason: "a key without a value",
        });
    }
    let mut values = values.into_iter();
    let mut entries = Vec::with_capacity(values.len() / 2);
    while let (Some(key), Some(value)) = (values.next(), values.next()) {
        entries.push((key, value));
    }
    Ok(entries)
}
