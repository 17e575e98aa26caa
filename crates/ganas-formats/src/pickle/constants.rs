//! Runs of constants, which are most of a pickle: a curve is a thousand of them after each other.

use std::io::BufRead;

use super::heap::Value;
use super::machine::Machine;
use super::text::Text;
use super::watch::Watcher;

/// The most bytes that are read before the memory is looked at again; more than the buffer of a file.
const LOOKED_AHEAD: usize = 1 << 20;

impl<R: BufRead, W: Watcher> Machine<'_, R, W> {
    /// Obeys the next instructions as long as they push constants or put them into the memo, and lie in the buffer.
    ///
    /// Stops before every other one, and before one with which anything is wrong: what is wrong with it, and where, is
    /// found when it is obeyed alone.
    pub(super) fn run_constants(&mut self) {
        let floor = self.floor();
        // While entries are dropped from the end of the other part of the memo, new ones must go there.
        let grows_densely = self.kept.is_none() && self.watched.is_none() && self.memo.is_empty();
        let Ok(ahead) = self.input.ahead() else {
            return;
        };
        let ahead = &ahead[..ahead.len().min(LOOKED_AHEAD)];
        let mut rest = ahead;
        while let Some((opcode, after)) = rest.split_first() {
            if let Some((value, after)) = constant(*opcode, after) {
                if self.n_values >= self.limits.values {
                    break;
                }
                self.n_values += 1;
                self.stack.push(value);
                rest = after;
                continue;
            }
            let Some((index, after)) = memo_index(*opcode, after, self.n_memoized) else {
                break;
            };
            if self.kept.is_none_or(|kept| kept.contains(index)) {
                let n_dense = self.dense_memo.len();
                let fits = grows_densely && index as usize == n_dense && n_dense < self.limits.memo;
                let top = self.stack[floor..].last();
                let Some(top) = top.filter(|_| fits) else {
                    break;
                };
                self.dense_memo.push(top.clone());
            }
            self.n_memoized = self.n_memoized.saturating_add(1);
            rest = after;
        }
        let n_read = ahead.len() - rest.len();
        self.input.pass(n_read);
    }
}

/// The constant of an instruction that pushes one, and what follows it.
#[inline]
fn constant(opcode: u8, after: &[u8]) -> Option<(Value, &[u8])> {
    Some(match opcode {
        b'G' => {
            let (bytes, after) = after.split_first_chunk()?;
            (Value::Float(f64::from_be_bytes(*bytes)), after)
        }
        b'K' => {
            let (byte, after) = after.split_first()?;
            (Value::Int((*byte).into()), after)
        }
        b'M' => {
            let (bytes, after) = after.split_first_chunk()?;
            (Value::Int(u16::from_le_bytes(*bytes).into()), after)
        }
        b'J' => {
            let (bytes, after) = after.split_first_chunk()?;
            (Value::Int(i32::from_le_bytes(*bytes).into()), after)
        }
        0x8c => {
            let (length, after) = after.split_first()?;
            short_text(usize::from(*length), after)?
        }
        b'X' => {
            let (length, after) = after.split_first_chunk()?;
            short_text(u32::from_le_bytes(*length) as usize, after)?
        }
        b'N' => (Value::None, after),
        _ => return None,
    })
}

#[inline]
fn short_text(length: usize, after: &[u8]) -> Option<(Value, &[u8])> {
    let text = Text::first_ascii(length, after)?;
    Some((Value::Text(text), after.get(length..)?))
}

/// The place in the memo of an instruction that puts the top of the stack there, and what follows it.
#[inline]
fn memo_index(opcode: u8, after: &[u8], next: u32) -> Option<(u32, &[u8])> {
    match opcode {
        0x94 => Some((next, after)),
        b'q' => {
            let (index, after) = after.split_first()?;
            Some(((*index).into(), after))
        }
        b'r' => {
            let (index, after) = after.split_first_chunk()?;
            Some((u32::from_le_bytes(*index), after))
        }
        _ => None,
    }
}
