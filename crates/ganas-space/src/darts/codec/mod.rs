//! The text forms of a genotype.
//!
//! Written is the Python text of the official code; read are, with any white space between their parts:
//!
//! | form | example |
//! |---|---|
//! | Python | `Genotype(normal=[('skip_connect', 0), …], normal_concat=range(2, 6), reduce=[…], reduce_concat=[2, 3, 4, 5])` |
//! | the same as a Python or JSON dictionary | `{"normal": [["skip_connect", 0], …], "normal_concat": [2, 3, 4, 5], …}` |
//! | compact: for each cell eight pairs of what is read and the number of the operation | `numbers-without-none:(((0, 6), (1, 4), …), ((0, 1), …))` |
//! | ConfigSpace keys, in any order, as a Python or JSON dictionary | `{"NetworkSelectorDatasetInfo:darts:edge_normal_0": "skip_connect", …, "…:inputs_node_normal_3": "0_1", …}` |
//!
//! Parentheses and brackets are interchangeable, as are both kinds of quotes.
//! A cell is a list of eight pairs, or of four lists of two pairs.
//! The two operations of a node may come in any order; they are written in the order of what they read.
//! Before a Python text there may be an assignment, `DARTS_V2 = Genotype(…)`, and after its cells `connectN=None,
//! connects=None`; what is concatenated may be `range(2, 6)`, `list(range(2, 6))`, or the four numbers in brackets,
//! parentheses or braces.
//! ConfigSpace keys may have `_COLON_` for each colon, or lack the words before `edge` and `inputs`.

mod compact;
mod nodes;
mod python;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::SpaceError;
use crate::literal::{accept, quoted, token};
use crate::text_reader::Reader;

use super::cell::{Cell, Genotype, N_NODES, NAME, Node, Op};

pub(super) use self::compact::{FORMS, compact, form_of};

use self::compact::compact_text;
use self::python::{Fields, genotype_of_fields, python_text};

/// What the ConfigSpace keys of the official surrogates begin with.
pub(super) const CONFIG_PREFIX: &str = "NetworkSelectorDatasetInfo:darts:";

/// The names of the cells in texts.
const CELLS: [&str; 2] = ["normal", "reduce"];

/// Writes the Python text.
pub(super) fn encode(genotype: &Genotype) -> String {
    let mut text = String::from("Genotype(");
    for (c, name) in CELLS.into_iter().enumerate() {
        let pairs: Vec<String> = pairs(&genotype.0[c])
            .map(|(op, source)| format!("('{}', {source})", op.name()))
            .collect();
        let separator = if c == 0 { "" } else { ", " };
        let _ = write!(
            text,
            "{separator}{name}=[{}], {name}_concat=range(2, 6)",
            pairs.join(", ")
        );
    }
    text.push(')');
    text
}

/// The ConfigSpace keys, without their prefix, and their values: of each cell the operations of the edges that are
/// used, then the inputs of nodes 3 to 5.
pub(super) fn config_space(genotype: &Genotype) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    for (cell, name) in genotype.0.iter().zip(CELLS) {
        for (n, node) in cell.0.iter().enumerate() {
            for (op, source) in node.pairs() {
                let edge = first_edge(n) + source;
                keys.push((format!("edge_{name}_{edge}"), op.name().to_owned()));
            }
        }
        for (n, node) in cell.0.iter().enumerate().skip(1) {
            let [lower, higher] = node.sources;
            keys.push((
                format!("inputs_node_{name}_{}", n + 2),
                format!("{lower}_{higher}"),
            ));
        }
    }
    keys
}

/// Reads any of the forms.
pub(super) fn decode(text: &str) -> Result<Genotype, SpaceError> {
    let mut reader = Reader::new(NAME, text);
    reader.skip_white_space();
    let form = reader.accept_form(&FORMS);
    reader.skip_white_space();
    let genotype = match (form, reader.rest().chars().next()) {
        (_, Some('(' | '[')) => {
            let numbered = compact_text(&mut reader)?;
            reader.skip_white_space();
            reader.expect_end()?;
            return numbered.genotype(form, &reader);
        }
        (Some(_), _) => {
            return Err(reader.expected("a compact genotype, which begins with `(` or `[`"));
        }
        (None, Some('{')) => dictionary(&mut reader)?,
        (None, _) => python_text(&mut reader)?,
    };
    reader.skip_white_space();
    reader.expect_end()?;
    Ok(genotype)
}

fn pairs(cell: &Cell) -> impl Iterator<Item = (Op, usize)> {
    cell.0.iter().flat_map(Node::pairs)
}

/// The number of the first edge into a node: 0, 2, 5, 9.
fn first_edge(node: usize) -> usize {
    (0..node).map(|n| n + 2).sum()
}

/// A genotype as a dictionary of its fields, or ConfigSpace keys.
fn dictionary(reader: &mut Reader<'_>) -> Result<Genotype, SpaceError> {
    let mut ahead = reader.clone();
    token(&mut ahead, '{')?;
    if quoted(&mut ahead).is_ok_and(|(_, key)| key == CELLS[0]) {
        token(reader, '{')?;
        return genotype_of_fields(reader, Fields::Dictionary);
    }
    config_text(reader)
}

/// `{"…edge_normal_0": "skip_connect", …}`
fn config_text(reader: &mut Reader<'_>) -> Result<Genotype, SpaceError> {
    token(reader, '{')?;
    // By key without prefix: the value, and where it stands.
    let mut values = BTreeMap::new();
    while !accept(reader, '}') {
        if !values.is_empty() {
            token(reader, ',')?;
        }
        let (at, key) = quoted(reader)?;
        let key = key.replace("_COLON_", ":");
        let key = key.strip_prefix(CONFIG_PREFIX).unwrap_or(&key).to_owned();
        token(reader, ':')?;
        let value = quoted(reader)?;
        if values.insert(key.clone(), value).is_some() {
            return Err(reader.expected_at(at, &format!("`{key}` only once")));
        }
    }
    let mut cells = [Cell::from_code(0); 2];
    for (cell, name) in cells.iter_mut().zip(CELLS) {
        for (n, node) in cell.0.iter_mut().enumerate() {
            let sources = if n == 0 {
                [0, 1]
            } else {
                let key = format!("inputs_node_{name}_{}", n + 2);
                let (at, value) = take(reader, &mut values, &key)?;
                two_results(value, n + 2).ok_or_else(|| {
                    let expected = format!("two results below {}, as in `0_1`", n + 2);
                    reader.expected_at(at, &expected)
                })?
            };
            for (op, source) in node.ops.iter_mut().zip(sources) {
                let key = format!("edge_{name}_{}", first_edge(n) + source);
                let (_, value) = take(reader, &mut values, &key)?;
                *op = op_of_name(reader, value)?;
            }
            node.sources = sources;
        }
    }
    match values.first_key_value() {
        None => Ok(Genotype(cells)),
        Some((key, (at, _))) => Err(reader.expected_at(
            *at,
            &format!("no value of `{key}`: it is no key of the space, or belongs to an edge that is not used"),
        )),
    }
}

fn take<'a>(
    reader: &Reader<'_>,
    values: &mut BTreeMap<String, (usize, &'a str)>,
    key: &str,
) -> Result<(usize, &'a str), SpaceError> {
    values
        .remove(key)
        .ok_or_else(|| reader.expected_at(reader.offset() - 1, &format!("a value of `{key}`")))
}

/// `0_1`
fn two_results(text: &str, below: usize) -> Option<[usize; 2]> {
    let (lower, higher) = text.split_once('_')?;
    let result = |text: &str| match text.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(usize::from(digit - b'0')),
        _ => None,
    };
    let (lower, higher) = (result(lower)?, result(higher)?);
    (lower < higher && higher < below).then_some([lower, higher])
}

fn op_of_name(reader: &Reader<'_>, name: &str) -> Result<Op, SpaceError> {
    let op = Op::ALL.into_iter().find(|op| op.name() == name);
    op.ok_or_else(|| reader.unknown_op(name, &Op::ALL.map(Op::name)))
}
