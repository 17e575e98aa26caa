//! The text form of cells with operations on edges: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`.
//!
//! Nodes 1, 2 and so on in turn, joined by `+`; for each its incoming edges, fenced by `|`; an edge is the name of its
//! operation, `~`, and the number of the node it comes from.
//! The reader is strict: no spaces, no other order, nothing left out, nothing after the end.

use crate::SpaceError;
use crate::blueprint::{Blueprint, NamedChoice};
use crate::text_reader::Reader;

/// The edges of a cell of so many nodes, `(from node, to node)`, in text order.
pub(crate) fn edges(n_nodes: usize) -> impl Iterator<Item = (usize, usize)> {
    (1..n_nodes).flat_map(|to| (0..to).map(move |from| (from, to)))
}

/// The choices of a cell of so many nodes by name: `edge(0->1)` is the operation on the edge from node 0 to node 1.
pub(crate) fn choices(blueprint: &Blueprint, n_nodes: usize) -> Vec<NamedChoice> {
    // The input is vertex 0.
    let vertices = (1..).zip(edges(n_nodes));
    let choices = vertices
        .filter_map(|(v, (from, to))| blueprint.label_choice(v, format!("edge({from}->{to})")));
    choices.collect()
}

/// Writes the operations on the edges, in text order, as numbers of names.
pub(crate) fn encode(
    names: &[impl AsRef<str>],
    n_nodes: usize,
    ops: impl Iterator<Item = usize>,
) -> String {
    let mut text = String::new();
    for ((from, to), op) in edges(n_nodes).zip(ops) {
        if from == 0 {
            text.push_str(if to == 1 { "|" } else { "+|" });
        }
        text.push_str(names[op].as_ref());
        text.push_str(&source(from));
    }
    text
}

/// Reads what [`encode`] writes.
pub(crate) fn decode(
    space: &str,
    names: &[impl AsRef<str>],
    n_nodes: usize,
    text: &str,
) -> Result<Vec<usize>, SpaceError> {
    let mut reader = Reader::new(space, text);
    let mut ops = Vec::new();
    for (from, to) in edges(n_nodes) {
        if from == 0 {
            expect(&mut reader, if to == 1 { "|" } else { "+|" })?;
        }
        ops.push(operation(&mut reader, names)?);
        expect(&mut reader, &source(from))?;
    }
    reader.expect_end()?;
    Ok(ops)
}

/// What follows the name of an operation whose edge comes from this node.
fn source(from: usize) -> String {
    format!("~{from}|")
}

/// The error is at the first character that differs.
fn expect(reader: &mut Reader<'_>, token: &str) -> Result<(), SpaceError> {
    token.chars().try_for_each(|c| reader.expect(c))
}

/// Reads a name up to the next delimiter.
fn operation(reader: &mut Reader<'_>, names: &[impl AsRef<str>]) -> Result<usize, SpaceError> {
    let name = reader.take_while(|c| !['~', '|', '+'].contains(&c));
    if name.is_empty() {
        return Err(reader.expected("the name of an operation"));
    }
    let place = names.iter().position(|known| known.as_ref() == name);
    place.ok_or_else(|| reader.unknown_op(name, names))
}
