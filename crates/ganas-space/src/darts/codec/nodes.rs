//! The nodes of a cell, as lists of pairs.

use std::fmt::Debug;

use crate::SpaceError;
use crate::literal::{accept, accept_open, open, token};
use crate::text_reader::Reader;

use super::N_NODES;

/// An operation, what it reads, and where that stands in the text.
pub(super) type PairAt<O> = (O, usize, usize);

/// The pairs of operation and source of each node of a cell.
pub(super) type Nodes<O> = [[(O, usize); 2]; N_NODES];

/// Eight pairs in a list, or four lists of two; `pair` reads what is in the parentheses of one.
///
/// The two sources of a node differ.
pub(super) fn nodes<O: Copy + Debug>(
    reader: &mut Reader<'_>,
    pair: &mut dyn FnMut(&mut Reader<'_>) -> Result<PairAt<O>, SpaceError>,
) -> Result<Nodes<O>, SpaceError> {
    let close = open(reader)?;
    let mut nodes = Vec::new();
    let mut nested = false;
    for n in 0..N_NODES {
        if n > 0 {
            token(reader, ',')?;
        }
        let mut close_pair = open(reader)?;
        // Whether each node has a list of its own follows from the first one.
        let inner = if n == 0 {
            accept_open(reader)
        } else if nested {
            Some(open(reader)?)
        } else {
            None
        };
        nested = inner.is_some();
        let close_node = inner.map(|inner| std::mem::replace(&mut close_pair, inner));
        let mut node = Vec::new();
        for slot in 0..2 {
            if slot > 0 {
                token(reader, ',')?;
                close_pair = open(reader)?;
            }
            let (op, source, at) = pair(reader)?;
            if source > n + 1 {
                let expected = format!("an earlier result, 0 to {}", n + 1);
                return Err(reader.expected_at(at, &expected));
            }
            if node.iter().any(|(_, other)| *other == source) {
                let expected =
                    format!("another result than {source}, which the node reads already");
                return Err(reader.expected_at(at, &expected));
            }
            token(reader, close_pair)?;
            node.push((op, source));
        }
        if let Some(close_node) = close_node {
            accept(reader, ',');
            token(reader, close_node)?;
        }
        nodes.push(node.try_into().expect("invariant: two pairs were read"));
    }
    accept(reader, ',');
    token(reader, close)?;
    Ok(nodes
        .try_into()
        .expect("invariant: so many nodes were read"))
}
