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

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

use crate::literal::{
    accept, accept_open, accept_word, is_of_word, number, open, quoted, token,
};
use crate::text_reader::Reader;
use crate::{SpaceError, TextForm};

use super::cell::{Cell, Genotype, N_NODES, NAME, Node, Op};

/// What the ConfigSpace keys of the official surrogates begin with.
pub(super) const CONFIG_PREFIX: &str = "NetworkSelectorDatasetInfo:darts:";

/// The forms of compact texts: operations are numbered in two ways.
///
/// The list of the official code begins with `none`, which no genotype that it makes has; others leave it out.
pub(super) const FORMS: [TextForm; 2] = [
    TextForm {
        name: "numbers-without-none",
        meaning: "0 max_pool_3x3, 1 avg_pool_3x3, 2 skip_connect, 3 sep_conv_3x3, 4 sep_conv_5x5, 5 dil_conv_3x3, \
                  6 dil_conv_5x5",
    },
    TextForm {
        name: "numbers-with-none",
        meaning: "0 none, 1 max_pool_3x3, 2 avg_pool_3x3, 3 skip_connect, 4 sep_conv_3x3, 5 sep_conv_5x5, \
                  6 dil_conv_3x3, 7 dil_conv_5x5",
    },
];

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

/// Writes the compact form, with the name of its numbering.
pub(super) fn compact(genotype: &Genotype) -> String {
    format!("{}:{}", FORMS[0].name, compact_numbered(genotype, 0))
}

/// Writes the compact form; the first operation has this number.
fn compact_numbered(genotype: &Genotype, first: u8) -> String {
    let cells = genotype.0.each_ref().map(|cell| {
        let pairs: Vec<String> = pairs(cell)
            .map(|(op, source)| format!("({source}, {})", first + op.number()))
            .collect();
        format!("({})", pairs.join(", "))
    });
    format!("({})", cells.join(", "))
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
        (Some(_), _) => return Err(reader.expected("a compact genotype, which begins with `(` or `[`")),
        (None, Some('{')) => dictionary(&mut reader)?,
        (None, _) => python_text(&mut reader)?,
    };
    reader.skip_white_space();
    reader.expect_end()?;
    Ok(genotype)
}

/// The numbering that a compact text without the name of one must be of: only one of them has a 7.
pub(super) fn form_of(text: &str) -> Option<&'static TextForm> {
    let mut reader = Reader::new(NAME, text);
    reader.skip_white_space();
    let numbered = compact_text(&mut reader).ok()?;
    numbered.has_last().then_some(&FORMS[1])
}

fn pairs(cell: &Cell) -> impl Iterator<Item = (Op, usize)> {
    cell.0.iter().flat_map(Node::pairs)
}

/// The number of the first edge into a node: 0, 2, 5, 9.
fn first_edge(node: usize) -> usize {
    (0..node).map(|n| n + 2).sum()
}

/// `Genotype(normal=[…], normal_concat=…, reduce=[…], reduce_concat=…)`, or an assignment of it.
fn python_text(reader: &mut Reader<'_>) -> Result<Genotype, SpaceError> {
    let at = reader.offset();
    let expected = "`Genotype(`, or a compact genotype in parentheses, or a dictionary in braces";
    let word = reader.take_while(is_of_word);
    if !is_genotype(word) {
        // The name of what is assigned to; nothing else can follow a name.
        let assigned = !word.is_empty() && accept(reader, '=');
        reader.skip_white_space();
        let at = if assigned { reader.offset() } else { at };
        let word = if assigned {
            reader.take_while(is_of_word)
        } else {
            ""
        };
        if !is_genotype(word) {
            return Err(reader.expected_at(at, expected));
        }
    }
    token(reader, '(')?;
    genotype_of_fields(reader, Fields::Keywords)
}

/// Whether this is the name of the type, or the last part of it.
fn is_genotype(word: &str) -> bool {
    word.rsplit('.').next() == Some("Genotype")
}

/// How the fields of a genotype are named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fields {
    /// `normal=…`
    Keywords,
    /// `"normal": …`
    Dictionary,
}

impl Fields {
    fn close(self) -> char {
        match self {
            Self::Keywords => ')',
            Self::Dictionary => '}',
        }
    }

    /// Reads the name of a field, and what stands before its value.
    fn expect(self, reader: &mut Reader<'_>, name: &str) -> Result<(), SpaceError> {
        match self {
            Self::Keywords => keyword(reader, name),
            Self::Dictionary => {
                let (at, found) = quoted(reader)?;
                if found != name {
                    return Err(reader.expected_at(at, &format!("`{name}`")));
                }
                token(reader, ':')
            }
        }
    }
}

/// The fields of a genotype, up to what closes it.
fn genotype_of_fields(reader: &mut Reader<'_>, fields: Fields) -> Result<Genotype, SpaceError> {
    let mut cells = [Cell::from_code(0); 2];
    for (cell, name) in cells.iter_mut().zip(CELLS) {
        fields.expect(reader, name)?;
        *cell = Cell(nodes(reader, &mut |reader| {
            let (_, op) = quoted(reader)?;
            let op = op_of_name(reader, op)?;
            token(reader, ',')?;
            let (at, source) = number(reader)?;
            Ok((op, source, at))
        })?
        .map(|pairs| Node::of_pairs(pairs).expect("invariant: the two sources differ")));
        token(reader, ',')?;
        fields.expect(reader, &format!("{name}_concat"))?;
        concat(reader)?;
        if name == CELLS[0] {
            token(reader, ',')?;
        }
    }
    // Fields of another tool, which are not used.
    for unused in ["connectN", "connects"] {
        let comma = accept(reader, ',');
        if accept(reader, fields.close()) {
            return Ok(Genotype(cells));
        }
        if !comma {
            return Err(reader.expected(&format!("`,` or `{}`", fields.close())));
        }
        fields.expect(reader, unused)?;
        if !accept_word(reader, "None") && !accept_word(reader, "null") {
            return Err(reader.expected("`None`"));
        }
    }
    accept(reader, ',');
    token(reader, fields.close())?;
    Ok(Genotype(cells))
}

/// The number of an operation, after its place in the text.
type NumberAt = (usize, usize);

/// A compact genotype, whose operations are numbers.
struct Numbered([Nodes<NumberAt>; 2]);

impl Numbered {
    /// All numbers of operations, with their places.
    fn numbers(&self) -> impl Iterator<Item = NumberAt> {
        let pairs = self.0.iter().flatten().flatten();
        pairs.map(|(op, _)| *op)
    }

    /// Whether there is a number that only the numbering with `none` has.
    fn has_last(&self) -> bool {
        self.numbers().any(|(_, op)| op == Op::ALL.len())
    }

    /// The genotype, in the numbering that is named, or in the only one that has all numbers.
    fn genotype(
        &self,
        form: Option<&'static TextForm>,
        reader: &Reader<'_>,
    ) -> Result<Genotype, SpaceError> {
        let n_ops = Op::ALL.len();
        if let Some((at, _)) = self.numbers().find(|(_, op)| *op > n_ops) {
            return Err(reader.expected_at(at, &format!("the number of an operation, 0 to {n_ops}")));
        }
        let with_none = match form {
            Some(form) => *form == FORMS[1],
            None if self.has_last() => true,
            None => {
                let why = "the numbers of operations have a different meaning in two numberings";
                return Err(reader.undecided(why, &FORMS));
            }
        };
        let first = usize::from(with_none);
        if let Some((at, _)) = self.numbers().find(|(_, op)| *op < first || *op >= first + n_ops) {
            let last = first + n_ops - 1;
            let expected = if with_none {
                format!("the number of an operation of this space, {first} to {last}: 0 is `none`")
            } else {
                format!("the number of an operation, {first} to {last}")
            };
            return Err(reader.expected_at(at, &expected));
        }
        let node = |pairs: &[(NumberAt, usize); 2]| {
            let pairs = pairs.map(|((_, op), source)| (Op::ALL[op - first], source));
            Node::of_pairs(pairs).expect("invariant: the two sources differ")
        };
        Ok(Genotype(
            self.0.each_ref().map(|cell| Cell(cell.each_ref().map(node))),
        ))
    }
}

/// `(((0, 6), …), ((0, 1), …))`
fn compact_text(reader: &mut Reader<'_>) -> Result<Numbered, SpaceError> {
    let close = open(reader)?;
    let mut cells = Vec::new();
    for c in 0..2 {
        if c > 0 {
            token(reader, ',')?;
        }
        cells.push(nodes(reader, &mut |reader| {
            let (at, source) = number(reader)?;
            token(reader, ',')?;
            Ok((number(reader)?, source, at))
        })?);
    }
    accept(reader, ',');
    token(reader, close)?;
    Ok(Numbered(cells.try_into().expect("invariant: two cells were read")))
}

/// An operation, what it reads, and where that stands in the text.
type PairAt<O> = (O, usize, usize);

/// The pairs of operation and source of each node of a cell.
type Nodes<O> = [[(O, usize); 2]; N_NODES];

/// Eight pairs in a list, or four lists of two; `pair` reads what is in the parentheses of one.
///
/// The two sources of a node differ.
fn nodes<O: Copy + Debug>(
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
    Ok(nodes.try_into().expect("invariant: so many nodes were read"))
}

/// The four nodes that are concatenated: `range(2, 6)`, `list(range(2, 6))`, or `[2, 3, 4, 5]`, in braces, too.
fn concat(reader: &mut Reader<'_>) -> Result<(), SpaceError> {
    reader.skip_white_space();
    let at = reader.offset();
    let mut closing = Vec::new();
    if accept_word(reader, "list") {
        closing.push(open(reader)?);
    }
    let range = accept_word(reader, "range");
    let close = if !range && accept(reader, '{') {
        '}'
    } else {
        open(reader)?
    };
    closing.push(close);
    let expected: &[usize] = if range { &[2, 6] } else { &[2, 3, 4, 5] };
    let mut numbers = vec![number(reader)?.1];
    while numbers.len() < expected.len() && accept(reader, ',') {
        numbers.push(number(reader)?.1);
    }
    accept(reader, ',');
    while let Some(close) = closing.pop() {
        if !accept(reader, close) {
            numbers.clear();
        }
    }
    if numbers == expected {
        Ok(())
    } else {
        Err(reader.expected_at(at, "all four nodes: `range(2, 6)` or `[2, 3, 4, 5]`"))
    }
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

/// `name=`
fn keyword(reader: &mut Reader<'_>, name: &str) -> Result<(), SpaceError> {
    reader.skip_white_space();
    let at = reader.offset();
    if reader.take_while(|c| c.is_alphanumeric() || c == '_') != name {
        return Err(reader.expected_at(at, &format!("`{name}=`")));
    }
    token(reader, '=')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The published DARTS_V2.
    const DARTS_V2: &str = "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), \
        ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], \
        normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), \
        ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], \
        reduce_concat=[2, 3, 4, 5])";

    #[test]
    fn the_published_genotype_is_read() {
        let genotype = decode(DARTS_V2).unwrap();
        assert_eq!(
            compact(&genotype),
            "numbers-without-none:(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), \
              ((0, 0), (1, 0), (1, 0), (2, 2), (0, 0), (2, 2), (1, 0), (2, 2)))"
        );
        let keys = config_space(&genotype);
        assert_eq!(keys.len(), 2 * (8 + 3));
        let value = |key: &str| keys.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        assert_eq!(value("edge_normal_11"), Some("dil_conv_3x3"));
        assert_eq!(value("inputs_node_normal_5"), Some("0_2"));
        assert_eq!(value("edge_reduce_4"), Some("skip_connect"));
        assert_eq!(value("inputs_node_reduce_3"), Some("1_2"));
    }

    #[test]
    fn errors_name_the_place() {
        check_bad("", 0, "`Genotype(`, or");
        check_bad("((0, 1)", 2, "`(` or `[`");
        let compact = "(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), \
                        ((0, 0), (1, 0), (1, 0), (2, 2), (0, 0), (2, 2), (1, 0), (2, 2)))";
        check_bad(
            &compact.replace("(0, 3), (1, 3), ", "(0, 3), (2, 3), "),
            11,
            "an earlier result, 0 to 1",
        );
        check_bad(
            &compact.replacen("(1, 3)", "(0, 3)", 1),
            11,
            "another result than 0",
        );
        check_bad(
            &compact.replacen("(1, 3)", "(1, 8)", 1),
            14,
            "the number of an operation, 0 to 7",
        );
        check_bad(
            &format!("numbers-without-none:{}", compact.replacen("(1, 3)", "(1, 7)", 1)),
            35,
            "the number of an operation, 0 to 6",
        );
        check_bad(
            &format!("numbers-with-none:{compact}"),
            92,
            "the number of an operation of this space, 1 to 7: 0 is `none`",
        );
        check_bad("numbers-with-none:Genotype(normal=", 18, "a compact genotype");
        check_bad("numbers-with-non:((", 0, "`Genotype(`, or");
        check_bad("DARTS_V2 = Gnotype(", 11, "`Genotype(`, or");
        check_bad("x y", 0, "`Genotype(`, or");
        check_bad(
            &DARTS_V2.replacen("[2, 3, 4, 5]", "range(3, 6)", 1),
            200,
            "all four nodes",
        );
        check_bad(
            "{'edge_normal_0': 'skip_connect'}",
            32,
            "a value of `edge_normal_1`",
        );
        let misspelt = DARTS_V2.replacen("sep_conv_3x3", "sep_conv3x3", 1);
        assert!(
            matches!(decode(&misspelt), Err(SpaceError::UnknownOp { suggestion: Some(s), .. }) if s == "sep_conv_3x3")
        );
    }

    fn check_bad(text: &str, place: usize, what: &str) {
        match decode(text) {
            Err(SpaceError::BadText { at, expected, .. }) => {
                assert_eq!(at, place, "{text}: {expected}");
                assert!(expected.contains(what), "{text}: {expected}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    /// All texts of other tools that are forms of a genotype; `quote` is one for names.
    fn texts_of_others(genotype: &Genotype) -> Vec<String> {
        let mut texts = Vec::new();
        for [open, close] in ["[]", "()"].map(|both| [&both[..1], &both[1..]]) {
            let nested = |cell: &Cell| {
                let nodes = cell.0.iter().map(|node| {
                    let pairs: Vec<String> = node
                        .pairs()
                        .map(|(op, source)| format!("{open}\"{}\", {source}{close}", op.name()))
                        .collect();
                    format!("{open}{}{close}", pairs.join(", "))
                });
                format!("{open}{}{close}", nodes.collect::<Vec<_>>().join(", "))
            };
            let [normal, reduce] = genotype.0.each_ref().map(nested);
            for concat in [
                "range(2, 6)",
                "list(range(2, 6))",
                "[2, 3, 4, 5]",
                "(2,3,4,5,)",
                "{2, 3, 4, 5}",
            ] {
                let fields =
                    format!("normal={normal}, normal_concat={concat}, reduce={reduce}, reduce_concat={concat}");
                texts.push(format!("Genotype({fields})"));
                texts.push(format!("DARTS_V2 = Genotype( {fields}, )"));
                texts.push(format!("genotype=genotypes.Genotype({fields},\nconnectN=None, connects=None)\n"));
            }
            texts.push(format!(
                "{{\"normal\": {normal}, \"normal_concat\": [2, 3, 4, 5], 'reduce': {reduce}, 'reduce_concat': [2,3,4,5]}}"
            ));
        }
        for (first, form) in (0..).zip(&FORMS) {
            let numbered = compact_numbered(genotype, first);
            texts.push(format!("{}:{numbered}", form.name));
            texts.push(format!(" {}: {}", form.name, numbered.replace('(', "[").replace(')', "]")));
        }
        texts
    }

    #[test]
    fn numbers_are_never_guessed() {
        let genotype = decode(DARTS_V2).unwrap();
        for first in 0..2 {
            let text = compact_numbered(&genotype, first);
            // Neither with 0 and 2 to 5, nor with 1 and 3 to 6.
            let error = decode(&text).unwrap_err();
            assert!(matches!(error, SpaceError::UndecidedText { .. }), "{error}");
            let message = error.to_string();
            for form in FORMS {
                assert!(message.contains(form.name) && message.contains(form.meaning), "{message}");
            }
            assert_eq!(form_of(&text), None);
        }
        // A 7 is in one numbering only.
        let text = DARTS_V2.replacen("sep_conv_3x3", "dil_conv_5x5", 1);
        let genotype = decode(&text).unwrap();
        let numbered = compact_numbered(&genotype, 1);
        assert_eq!(decode(&numbered), Ok(genotype));
        assert_eq!(form_of(&numbered), Some(&FORMS[1]));
        assert_eq!(form_of(&text), None);
        assert_eq!(form_of("(("), None);
    }

    /// What a tool says whose list begins with `none`, and what another one says.
    #[test]
    fn both_numberings_have_their_operations() {
        let text = "[[(0,4),(1,3),(1,5),(0,2),(0,1),(1,4),(4,1),(3,5)],\
                     [(0,4),(1,3),(1,5),(0,2),(0,4),(1,4),(4,1),(3,6)]]";
        let check = |form: &str, expected: &str| {
            let genotype = decode(&format!("{form}:{text}")).unwrap();
            let written = encode(&genotype);
            assert!(written.contains(expected), "{written}");
        };
        check("numbers-with-none", "normal=[('sep_conv_3x3', 0), ('skip_connect', 1), ('avg_pool_3x3', 0)");
        check("numbers-without-none", "normal=[('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('skip_connect', 0)");
    }

    proptest! {
        #[test]
        fn all_forms_are_read_back(codes in prop::array::uniform2(0..Cell::COUNT)) {
            let genotype = Genotype(codes.map(Cell::from_code));
            prop_assert_eq!(decode(&encode(&genotype)), Ok(genotype));
            prop_assert_eq!(decode(&compact(&genotype)), Ok(genotype));
            for text in texts_of_others(&genotype) {
                prop_assert_eq!(decode(&text), Ok(genotype), "{}", text);
            }
            for prefix in ["", CONFIG_PREFIX, "NetworkSelectorDatasetInfo_COLON_darts_COLON_"] {
                let keys: Vec<String> = config_space(&genotype)
                    .iter()
                    .rev()
                    .map(|(key, value)| format!("\"{prefix}{key}\": '{value}'"))
                    .collect();
                prop_assert_eq!(decode(&format!("{{{}}}", keys.join(", "))), Ok(genotype));
            }
        }

        #[test]
        fn cut_texts_are_refused(codes in prop::array::uniform2(0..Cell::COUNT), cut in any::<prop::sample::Index>()) {
            let genotype = Genotype(codes.map(Cell::from_code));
            for text in texts_of_others(&genotype) {
                let text = text.trim();
                let cut = &text[..cut.index(text.len())];
                match decode(cut) {
                    Err(SpaceError::BadText { at, .. }) => prop_assert!(at <= cut.len()),
                    Err(SpaceError::UnknownOp { name, .. }) => prop_assert!(cut.contains(&name)),
                    other => prop_assert!(false, "{cut}: {other:?}"),
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(
            code in 0..Cell::COUNT,
            form in any::<prop::sample::Index>(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0..3_u8), 1..4),
        ) {
            let genotype = Genotype([Cell::from_code(code); 2]);
            let mut texts = texts_of_others(&genotype);
            texts.push(encode(&genotype));
            let mut chars: Vec<char> = texts[form.index(texts.len())].chars().collect();
            for (place, new, kind) in edits {
                let place = place.index(chars.len());
                match kind {
                    0 => chars[place] = new,
                    1 => chars.insert(place, new),
                    _ => drop(chars.remove(place)),
                }
            }
            let text: String = chars.into_iter().collect();
            if let Err(SpaceError::BadText { at, .. }) = decode(&text) {
                prop_assert!(text.is_char_boundary(at));
            }
        }
    }
}
