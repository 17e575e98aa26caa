//! Memory that pickles are read into one after another.
//!
//! A record is a megabyte of small pieces. An allocator that has all of them back may give them to the system, which
//! then has to clear the same memory for the next record.

use std::io::BufRead;

use crate::FormatError;

use super::heap::{Heap, Value};
use super::machine::{Limits, Machine};
use super::watch::NoWatcher;

/// Values that a piece of memory which is kept has room for; a record needs fewer.
const KEPT: usize = 1 << 16;

/// The memory of pickles that are done with.
#[derive(Debug, Default)]
pub struct Memory {
    heap: Heap,
    stack: Vec<Value>,
    memo: Vec<Value>,
}

impl Memory {
    /// Reads one pickle; its heap should be given back when it is not needed any more.
    pub fn read(
        &mut self,
        reader: impl BufRead,
        limits: Limits,
    ) -> Result<(Heap, Value), FormatError> {
        let mut watcher = NoWatcher;
        let mut machine = Machine::new(reader, limits, &mut watcher);
        machine.heap = std::mem::take(&mut self.heap);
        machine.stack = std::mem::take(&mut self.stack);
        machine.dense_memo = std::mem::take(&mut self.memo);
        let value = machine.finish();
        self.stack = emptied(machine.stack);
        self.memo = emptied(machine.dense_memo);
        Ok((machine.heap, value?))
    }

    /// Takes the memory of a heap.
    pub fn take_back(&mut self, mut heap: Heap) {
        heap.clear();
        self.heap = heap;
    }
}

fn emptied(mut values: Vec<Value>) -> Vec<Value> {
    values.clear();
    values.shrink_to(KEPT);
    values
}
