//! The stack machine of pickles: protocols 0 to 5, restricted to the instructions that make data.

use std::fmt;
use std::io::BufRead;

use indexmap::IndexMap;

use crate::limit::{Bound, MEMORY, excerpt};
use crate::{FormatError, FormatProblem};

use super::heap::{Heap, Node, Value, allocated};
use super::input::Input;
use super::name::Name;
use super::references::References;
use super::texts::Texts;
use super::watch::{NoWatcher, Watched, Watcher};

/// The highest protocol that is known.
const MAX_PROTOCOL: u8 = 5;

/// Bounds on what a pickle may make.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Values alive at a time, on the stack or in others.
    pub values: usize,
    /// Entries of the memo.
    pub memo: usize,
    /// Bytes of a text.
    pub text_bytes: u64,
    /// Bytes of memory for everything together.
    pub memory: u64,
}

impl Default for Limits {
    /// A NATS-Bench record has 30,000 values, its meta file 33,000.
    fn default() -> Self {
        Self {
            values: 2_000_000,
            memo: 2_000_000,
            text_bytes: 1 << 24,
            memory: MEMORY.floor,
        }
    }
}

/// Reads one pickle.
pub fn read(reader: impl BufRead, limits: Limits) -> Result<(Heap, Value), FormatError> {
    Machine::new(reader, limits, &mut NoWatcher).run()
}

/// A pickle that is being read.
pub struct Machine<'w, R, W> {
    pub(super) input: Input<R>,
    pub(super) limits: Limits,
    pub(super) heap: Heap,
    pub(super) stack: Vec<Value>,
    pub(super) marks: Vec<usize>,
    /// Entries of the memo from 0 on without gaps: all, unless a first pass chose.
    pub(super) dense_memo: Vec<Value>,
    /// The other entries of the memo.
    pub(super) memo: IndexMap<u32, Value>,
    /// The number of entries that were ever put, which the next MEMOIZE takes.
    pub(super) n_memoized: u32,
    texts: Texts,
    pub(super) n_values: usize,
    /// Values that are in memory although no entry that is being read has them.
    pub(super) n_lost: usize,
    /// Memo entries that are referred to, when a first pass has found them; the others are not kept.
    pub(super) kept: Option<&'w References>,
    pub(super) watcher: &'w mut W,
    pub(super) watched: Option<Watched>,
}

impl<R, W> fmt::Debug for Machine<'_, R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").finish_non_exhaustive()
    }
}

/// An entry of the sparse part of the memo: the value, its hash, and its place in the index.
const MEMO_ENTRY_BYTES: u64 = 64;

impl<'w, R: BufRead, W: Watcher> Machine<'w, R, W> {
    /// A machine that has read nothing yet; `watcher` is shown the entries that it asks for.
    pub fn new(reader: R, limits: Limits, watcher: &'w mut W) -> Self {
        Self {
            input: Input::new(reader),
            limits,
            heap: Heap::default(),
            stack: Vec::new(),
            marks: Vec::new(),
            dense_memo: Vec::new(),
            memo: IndexMap::new(),
            n_memoized: 0,
            texts: Texts::default(),
            n_values: 0,
            n_lost: 0,
            kept: None,
            watcher,
            watched: None,
        }
    }

    /// Keeps these entries of the memo only.
    pub fn keeping(mut self, references: &'w References) -> Self {
        self.kept = Some(references);
        self.texts.share();
        self
    }

    /// Reads to the end of the pickle.
    pub fn run(mut self) -> Result<(Heap, Value), FormatError> {
        let value = self.finish()?;
        Ok((self.heap, value))
    }

    /// Reads to the end of the pickle, and leaves its heap with the machine.
    pub(super) fn finish(&mut self) -> Result<Value, FormatError> {
        loop {
            self.run_constants();
            let start = self.input.offset();
            self.check_memory()
                .map_err(|problem| FormatError::at(start, problem))?;
            let opcode = self.input.byte()?;
            if opcode == b'.' {
                return self.pop().map_err(|p| FormatError::at(start, p));
            }
            self.step(opcode, start)?;
        }
    }

    fn step(&mut self, opcode: u8, start: u64) -> Result<(), FormatError> {
        let at = |problem| FormatError::at(start, problem);
        match opcode {
            // Framing.
            0x80 => {
                let protocol = self.input.byte()?;
                if protocol > MAX_PROTOCOL {
                    let expected = format!("pickle protocol {MAX_PROTOCOL} or lower");
                    return Err(at(FormatProblem::content(expected, protocol.to_string())));
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
                            at(FormatProblem::content(
                                "a whole number",
                                format!("`{}`", excerpt(text)),
                            ))
                        })?;
                        Value::Int(value)
                    }
                };
                self.push(value).map_err(at)?;
            }
            b'F' => {
                let line = self.ascii_line(start)?;
                let value = line.parse().map_err(|_| {
                    at(FormatProblem::content(
                        "a number",
                        format!("`{}`", excerpt(&line)),
                    ))
                })?;
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
                self.bytes(opcode, length.into(), start)?;
            }
            b'B' | b'T' => {
                let length = u32::from_le_bytes(self.input.array()?);
                self.bytes(opcode, length.into(), start)?;
            }
            0x8e | 0x96 => {
                let length = u64::from_le_bytes(self.input.array()?);
                self.bytes(opcode, length, start)?;
            }
            b'V' => {
                let line = self.ascii_line(start)?;
                let text = self.texts.value(&line);
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
                    return Err(at(FormatProblem::Malformed {
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

    fn mention(&mut self, module: &str, name: &str) -> Result<(), FormatProblem> {
        let listed = Name::of(module, name).ok_or_else(|| FormatProblem::ForbiddenName {
            name: format!("{module}.{name}").chars().take(200).collect(),
        })?;
        self.push(Value::Name(listed))
    }

    fn memoize(&mut self, index: u32) -> Result<(), FormatProblem> {
        self.n_memoized = self.n_memoized.saturating_add(1);
        if self.kept.is_some_and(|kept| !kept.contains(index)) {
            return Ok(());
        }
        if self.dense_memo.len() + self.memo.len() >= self.limits.memo {
            return Err(FormatProblem::TooMany {
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

    fn recall(&mut self, index: u32) -> Result<(), FormatProblem> {
        let entry = self
            .dense_memo
            .get(index as usize)
            .or_else(|| self.memo.get(&index));
        let value = entry.ok_or(FormatProblem::Malformed {
            reason: "it refers to an entry of its memo that does not exist",
        })?;
        self.push(value.clone())
    }

    fn long(&mut self, length: u64, start: u64) -> Result<(), FormatError> {
        let limit = self.limits.text_bytes;
        let value = self.input.with_bytes(length, limit, |bytes| {
            if bytes.len() > size_of::<i64>() {
                return Value::LongInt;
            }
            let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
            let mut wide = [if negative { 0xff } else { 0 }; size_of::<i64>()];
            wide[..bytes.len()].copy_from_slice(bytes);
            Value::Int(i64::from_le_bytes(wide))
        })?;
        self.push(value).map_err(|p| FormatError::at(start, p))
    }

    fn text(&mut self, length: u64, start: u64) -> Result<(), FormatError> {
        let texts = &mut self.texts;
        let limit = self.limits.text_bytes;
        let value = self.input.with_bytes(length, limit, |bytes| {
            let text = std::str::from_utf8(bytes).ok()?;
            Some(texts.value(text))
        })?;
        let value = value.ok_or_else(|| {
            let reason = "a text that is not UTF-8";
            FormatError::at(start, FormatProblem::Malformed { reason })
        })?;
        self.push(value).map_err(|p| FormatError::at(start, p))
    }

    /// Python 2 wrote texts as byte strings, with instructions of their own; those that are ASCII are read as texts.
    fn bytes(&mut self, opcode: u8, length: u64, start: u64) -> Result<(), FormatError> {
        let maybe_text = matches!(opcode, b'U' | b'T');
        let texts = &mut self.texts;
        let limit = self.limits.text_bytes;
        let value =
            self.input
                .with_bytes(length, limit, |bytes| match std::str::from_utf8(bytes) {
                    Ok(text) if maybe_text && text.is_ascii() => texts.value(text),
                    _ => {
                        texts.n_bytes += allocated(bytes.len());
                        Value::Bytes(bytes.into())
                    }
                })?;
        self.push(value).map_err(|p| FormatError::at(start, p))
    }

    fn ascii_line(&mut self, start: u64) -> Result<String, FormatError> {
        let line = self.input.line(self.limits.text_bytes)?;
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        String::from_utf8(line.to_vec()).map_err(|_| {
            FormatError::at(
                start,
                FormatProblem::Malformed {
                    reason: "a line that is not UTF-8",
                },
            )
        })
    }

    fn index_line(&mut self, start: u64) -> Result<u32, FormatError> {
        let line = self.ascii_line(start)?;
        line.parse().map_err(|_| {
            let found = format!("`{}`", line.chars().take(40).collect::<String>());
            FormatError::at(
                start,
                FormatProblem::content("the number of a memo entry", found),
            )
        })
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), FormatProblem> {
        self.count(1)?;
        self.stack.push(value);
        Ok(())
    }

    pub(super) fn push_node(&mut self, node: Node) -> Result<(), FormatProblem> {
        let value = self.new_node(node)?;
        self.push(value)
    }

    pub(super) fn new_node(&mut self, node: Node) -> Result<Value, FormatProblem> {
        let too_many = self.too_many_values();
        self.heap.add(node).map(Value::Node).ok_or(too_many)
    }

    pub(super) fn count(&mut self, n: usize) -> Result<(), FormatProblem> {
        self.n_values += n;
        if self.n_values > self.limits.values {
            return Err(self.too_many_values());
        }
        Ok(())
    }

    /// Checks that everything together is within the limit of memory, before each instruction: none makes more than a text, or
    /// twice what there is.
    ///
    /// Values are counted where they were pushed, and stay counted wherever they are moved to.
    fn check_memory(&self) -> Result<(), FormatProblem> {
        let values = self.n_values + self.n_lost + self.dense_memo.len();
        let slots = self.heap.n_slots() * Heap::SLOT_BYTES + self.marks.len() * size_of::<usize>();
        let memo = self.memo.len() as u64 * MEMO_ENTRY_BYTES;
        let n_bytes = (values * size_of::<Value>() + slots) as u64
            + memo
            + self.texts.n_bytes
            + self.texts.n_shared_bytes;
        let bound = Bound {
            what: "its pickle in memory",
            limit: self.limits.memory,
        };
        Ok(bound.check(n_bytes)?)
    }

    /// The memory of long texts and bytes that may be dropped.
    pub(super) fn n_text_bytes(&mut self) -> &mut u64 {
        &mut self.texts.n_bytes
    }

    pub(super) fn too_many_values(&self) -> FormatProblem {
        FormatProblem::TooMany {
            what: "values in a pickle",
            limit: self.limits.values,
        }
    }

    /// Where the part of the stack begins that instructions may take from.
    pub(super) fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn top(&self) -> Result<&Value, FormatProblem> {
        self.stack[self.floor()..].last().ok_or(EMPTY)
    }

    pub(super) fn top_node(&mut self) -> Result<Option<&mut Node>, FormatProblem> {
        match self.top()? {
            Value::Node(id) => {
                let id = *id;
                Ok(self.heap.node_mut(id))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Value, FormatProblem> {
        if self.stack.len() <= self.floor() {
            return Err(EMPTY);
        }
        self.stack.pop().ok_or(EMPTY)
    }

    /// Where the last `n` values of the stack begin.
    pub(super) fn start_of(&self, n: usize) -> Result<usize, FormatProblem> {
        let start = self.stack.len().checked_sub(n);
        start.filter(|&start| start >= self.floor()).ok_or(EMPTY)
    }

    pub(super) fn pop_many(&mut self, n: usize) -> Result<Vec<Value>, FormatProblem> {
        let start = self.start_of(n)?;
        Ok(self.stack.split_off(start))
    }

    /// Takes the last mark, which is where the values since it begin.
    pub(super) fn take_mark(&mut self) -> Result<usize, FormatProblem> {
        self.marks.pop().ok_or(FormatProblem::Malformed {
            reason: "no mark on its stack",
        })
    }

    pub(super) fn pop_mark(&mut self) -> Result<Vec<Value>, FormatProblem> {
        let mark = self.take_mark()?;
        Ok(self.stack.split_off(mark))
    }
}

impl Node {
    pub(super) fn inert() -> Self {
        Self::Object {
            name: Name::Inert,
            arguments: None,
            state: Value::None,
        }
    }
}

const EMPTY: FormatProblem = FormatProblem::Malformed {
    reason: "it takes more from its stack than there is",
};
