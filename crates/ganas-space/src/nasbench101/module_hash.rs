//! The official module hash: an MD5 fingerprint that isomorphic cells share.
//!
//! Each vertex starts with the MD5 of the text `(out-degree, in-degree, label)`, labels being 0, 1, 2 for the
//! operations, -1 for the input and -2 for the output.
//! As many times as there are vertices, each is replaced by the MD5 of the sorted hashes of its predecessors, `|`, the
//! sorted hashes of its successors, `|`, and its own; hashes are written as hexadecimal digits.
//! The fingerprint is the MD5 of the sorted list of hashes, as Python writes a list of strings.
//!
//! MD5 is no protection against forgery, and need not be one here: the authors checked that no two cells of the space
//! share a hash.

use std::sync::LazyLock;

use md5::{Digest as _, Md5};

use crate::ArchKey;

use super::cell::{Cell, INPUT, LABELS, MAX_VERTICES, OUTPUT};

/// A hash as hexadecimal digits.
type Hex = [u8; 32];

/// The hash of the list: `['…', '…']` with up to 7 hashes.
const MAX_LIST: usize = MAX_VERTICES * 36;

/// The official hash of a cell.
pub(super) fn module_hash(cell: &Cell) -> ArchKey {
    let n = cell.n_vertices();
    let mut successors = [0_u8; MAX_VERTICES];
    for (v, set) in cell.predecessors().iter().enumerate() {
        for (u, successors) in successors[..v].iter_mut().enumerate() {
            *successors |= (set >> u & 1) << v;
        }
    }

    let mut hashes = [[0; 32]; MAX_VERTICES];
    for (v, hash) in hashes[..n].iter_mut().enumerate() {
        let label = match v {
            0 => INPUT.index(),
            _ if v == n - 1 => OUTPUT.index(),
            _ => usize::from(cell.ops()[v - 1]),
        };
        let degrees = [successors[v], cell.predecessors()[v]].map(|set| set.count_ones() as usize);
        *hash = FIRST_HASHES[degrees[0]][degrees[1]][label];
    }
    for _ in 0..n {
        let mut next = hashes;
        for (v, hash) in next[..n].iter_mut().enumerate() {
            let mut text = Text::<{ (MAX_VERTICES + 1) * 32 + 2 }>::new();
            text.push_sorted(&hashes, cell.predecessors()[v]);
            text.push(b"|");
            text.push_sorted(&hashes, successors[v]);
            text.push(b"|");
            text.push(&hashes[v]);
            *hash = hex(md5(text.bytes()));
        }
        hashes = next;
    }

    hashes[..n].sort_unstable();
    let mut text = Text::<MAX_LIST>::new();
    for (v, hash) in hashes[..n].iter().enumerate() {
        text.push(if v == 0 { b"['" } else { b", '" });
        text.push(hash);
        text.push(b"'");
    }
    text.push(b"]");
    ArchKey(u128::from_be_bytes(md5(text.bytes())))
}

/// The first hash of a vertex by out-degree, in-degree and label; there are few, and every cell has some of them.
static FIRST_HASHES: LazyLock<[[[Hex; LABELS.len()]; MAX_VERTICES]; MAX_VERTICES]> =
    LazyLock::new(|| {
        let mut hashes = [[[[0; 32]; LABELS.len()]; MAX_VERTICES]; MAX_VERTICES];
        for (out_degree, hashes) in hashes.iter_mut().enumerate() {
            for (in_degree, hashes) in hashes.iter_mut().enumerate() {
                for (label, hash) in ["0", "1", "2", "-1", "-2"].into_iter().zip(hashes) {
                    let text = format!("({out_degree}, {in_degree}, {label})");
                    *hash = hex(md5(text.as_bytes()));
                }
            }
        }
        hashes
    });

fn md5(text: &[u8]) -> [u8; 16] {
    Md5::digest(text).into()
}

fn hex(bytes: [u8; 16]) -> Hex {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digits
}

/// A short text on the stack.
struct Text<const N: usize> {
    buffer: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    fn new() -> Self {
        Self {
            buffer: [0; N],
            len: 0,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.buffer[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Adds the hashes of a set of vertices in increasing order.
    fn push_sorted(&mut self, hashes: &[Hex; MAX_VERTICES], set: u8) {
        let mut chosen = [[0; 32]; MAX_VERTICES];
        let mut n = 0;
        for (v, hash) in hashes.iter().enumerate() {
            if set >> v & 1 == 1 {
                chosen[n] = *hash;
                n += 1;
            }
        }
        chosen[..n].sort_unstable();
        for hash in &chosen[..n] {
            self.push(hash);
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}
