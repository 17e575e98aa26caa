//! Watching a mapping while it is read, so that a file that is one huge mapping need not be held.

use std::io::BufRead;

use crate::FormatProblem;

use super::heap::{Heap, Node, NodeId, Value};
use super::machine::Machine;

/// Is shown the entries of a mapping while they are read, so that a file that is one huge mapping need not be held.
///
/// What was shown is dropped from the mapping. Entries of a mapping that was not written in one piece may remain in
/// it, so the mapping must be looked at again at the end.
pub trait Watcher {
    /// Whether the mapping under this key of the outermost mapping is watched; without a key, the outermost one.
    fn watches(&self, key: Option<&str>) -> bool;

    /// Whether what stands behind a key may be the whole value of an entry of the watched mapping. A tuple is written
    /// after its elements, so that its first element stands behind the key, too, while the tuple is not there yet: who
    /// expects tuples must tell the two apart.
    fn is_whole(&self, heap: &Heap, value: &Value) -> bool {
        let _ = (heap, value);
        true
    }

    /// An entry of the watched mapping, whose value is a mapping, a list or a tuple.
    fn entry(&mut self, heap: &Heap, key: &Value, value: &Value) -> Result<(), FormatProblem>;
}

/// Watches nothing.
pub(super) struct NoWatcher;

impl Watcher for NoWatcher {
    fn watches(&self, _key: Option<&str>) -> bool {
        false
    }

    fn entry(&mut self, _heap: &Heap, _key: &Value, _value: &Value) -> Result<(), FormatProblem> {
        Ok(())
    }
}

/// The mapping that is being watched.
#[derive(Clone, Copy)]
pub(super) struct Watched {
    pub(super) mapping: NodeId,
    /// The height of the stack below its entries.
    pub(super) base: usize,
    /// Counts at the end of the last entry.
    pub(super) n_values: usize,
    pub(super) n_memo: usize,
}

impl<R: BufRead, W: Watcher> Machine<'_, R, W> {
    /// At a mark: begins to watch the mapping below it, when it is an entry of the outermost one that is asked for.
    pub(super) fn begin_watching(&mut self) {
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
    pub(super) fn show_entry(&mut self) -> Result<(), FormatProblem> {
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
        if !self.watcher.is_whole(&self.heap, &value) {
            return Ok(());
        }
        self.watcher.entry(&self.heap, &key, &value)?;
        let released = self.heap.release(&value);
        // What was neither released nor stays on the stack is still somewhere: in objects, which are shared, or in
        // arguments of calls.
        let n_left = watched.n_values + 2;
        self.n_lost += self.n_values.saturating_sub(released.n_values + n_left);
        self.n_values = n_left;
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
        let n_text_bytes = self.n_text_bytes();
        *n_text_bytes = n_text_bytes.saturating_sub(released.n_bytes);
        Ok(())
    }
}
