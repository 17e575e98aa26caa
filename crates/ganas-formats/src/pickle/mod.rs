//! Pickles as data: a reader of Python's serialisation that never executes anything.
//!
//! A pickle is a program for a small stack machine, and Python's own reader calls whatever function the program names.
//! This one knows a fixed list of instructions (`machine`) and a fixed list of names (`Name`); a call of a listed
//! name makes plain data (a mapping, a number, an inert object), any other name is an error. Tensors are
//! not read: they become objects without their numbers.
//!
//! Values live in a `Heap` and refer to each other by number, so that shared and even circular values need no
//! recursion. Memory is bounded by the limits on values and on the length of a text, and a length that the file claims
//! is believed only as far as bytes really follow.

mod array;
mod compose;
mod constants;
mod heap;
mod input;
mod machine;
mod memory;
mod name;
mod number;
mod references;
#[cfg(test)]
mod tests;
mod text;
mod texts;
mod watch;

pub use heap::{Heap, NodeId, Value};
pub use machine::{Limits, Machine, read};
pub use memory::Memory;
pub use name::Name;
pub use references::References;
pub use text::Text;
pub use watch::Watcher;
