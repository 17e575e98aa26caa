//! The text forms of a genotype.
//!
//! Written is the Python text of the official code; read are, with any white space between their parts:
//!
//! | form | example |
//! |---|---|
//! | Python | `Genotype(normal=[('skip_connect', 0), …], normal_concat=range(2, 6), reduce=[…], reduce_concat=[2, 3, 4, 5])` |
//! | compact: for each cell eight pairs of what is read and the number of the operation | `(((0, 6), (1, 4), …), ((0, 1), …))` |
//! | ConfigSpace keys, in any order, as a Python or JSON dictionary | `{"NetworkSelectorDatasetInfo:darts:edge_normal_0": "skip_connect", …, "…:inputs_node_normal_3": "0_1", …}` |
//!
//! Parentheses and brackets are interchangeable, as are both kinds of quotes.
//! The two operations of a node may come in any order; they are written in the order of what they read.
//! ConfigSpace keys may have `_COLON_` for each colon, or lack the words before `edge` and `inputs`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::SpaceError;
use crate::text_reader::Reader;

use super::cell::{Cell, Genotype, NAME, Node, Op};

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

/// Writes the compact form.
pub(super) fn compact(genotype: &Genotype) -> String {
    let cells = genotype.0.each_ref().map(|cell| {
        let pairs: Vec<String> = pairs(cell)
            .map(|(op, source)| format!("({source}, {})", op.number()))
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
    let genotype = match reader.rest().chars().next() {
        Some('(' | '[') => compact_text(&mut reader)?,
        Some('{') => config_text(&mut reader)?,
        _ => python_text(&mut reader)?,
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

/// `Genotype(normal=[…], normal_concat=…, reduce=[…], reduce_concat=…)`
fn python_text(reader: &mut Reader<'_>) -> Result<Genotype, SpaceError> {
    let at = reader.offset();
    if reader.take_while(char::is_alphanumeric) != "Genotype" {
        return Err(reader.expected_at(
            at,
            "`Genotype(`, or a compact genotype in parentheses, or ConfigSpace keys in braces",
        ));
    }
    token(reader, '(')?;
    let mut cells = [Cell::from_code(0); 2];
    for (cell, name) in cells.iter_mut().zip(CELLS) {
        keyword(reader, name)?;
        *cell = cell_of_pairs(reader, &mut |reader| {
            let op = quoted_op(reader)?;
            token(reader, ',')?;
            let (at, source) = number(reader)?;
            Ok((op, source, at))
        })?;
        token(reader, ',')?;
        keyword(reader, &format!("{name}_concat"))?;
        concat(reader)?;
        if name == CELLS[0] {
            token(reader, ',')?;
        }
    }
    accept(reader, ',');
    token(reader, ')')?;
    Ok(Genotype(cells))
}

/// `(((0, 6), …), ((0, 1), …))`
fn compact_text(reader: &mut Reader<'_>) -> Result<Genotype, SpaceError> {
    let close = open(reader)?;
    let mut cells = [Cell::from_code(0); 2];
    for (c, cell) in cells.iter_mut().enumerate() {
        if c > 0 {
            token(reader, ',')?;
        }
        *cell = cell_of_pairs(reader, &mut |reader| {
            let (at, source) = number(reader)?;
            token(reader, ',')?;
            let (op_at, op) = number(reader)?;
            let op = Op::ALL
                .get(op)
                .ok_or_else(|| reader.expected_at(op_at, "the number of an operation, 0 to 6"))?;
            Ok((*op, source, at))
        })?;
    }
    accept(reader, ',');
    token(reader, close)?;
    Ok(Genotype(cells))
}

/// An operation, what it reads, and where that stands in the text.
type PairAt = (Op, usize, usize);

/// Eight pairs in a list; `pair` reads what is in the parentheses of one.
fn cell_of_pairs(
    reader: &mut Reader<'_>,
    pair: &mut dyn FnMut(&mut Reader<'_>) -> Result<PairAt, SpaceError>,
) -> Result<Cell, SpaceError> {
    let close = open(reader)?;
    let mut cell = Cell::from_code(0);
    for (n, node) in cell.0.iter_mut().enumerate() {
        let mut pairs = [(Op::Skip, 0); 2];
        let mut last = 0;
        for (slot, place) in pairs.iter_mut().enumerate() {
            if n + slot > 0 {
                token(reader, ',')?;
            }
            let close = open(reader)?;
            let (op, source, at) = pair(reader)?;
            if source > n + 1 {
                let expected = format!("an earlier result, 0 to {}", n + 1);
                return Err(reader.expected_at(at, &expected));
            }
            token(reader, close)?;
            *place = (op, source);
            last = at;
        }
        *node = Node::of_pairs(pairs).ok_or_else(|| {
            let expected = format!(
                "another result than {}, which the node reads already",
                pairs[0].1
            );
            reader.expected_at(last, &expected)
        })?;
    }
    accept(reader, ',');
    token(reader, close)?;
    Ok(cell)
}

/// The four nodes that are concatenated: `range(2, 6)` or `[2, 3, 4, 5]`.
fn concat(reader: &mut Reader<'_>) -> Result<(), SpaceError> {
    reader.skip_white_space();
    let at = reader.offset();
    let range = reader.rest().starts_with("range");
    if range {
        reader.take_while(char::is_alphabetic);
    }
    let close = open(reader)?;
    let mut numbers = vec![number(reader)?.1];
    while accept(reader, ',') {
        numbers.push(number(reader)?.1);
    }
    token(reader, close)?;
    let expected: &[usize] = if range { &[2, 6] } else { &[2, 3, 4, 5] };
    if numbers == expected {
        Ok(())
    } else {
        Err(reader.expected_at(at, "all four nodes: `range(2, 6)` or `[2, 3, 4, 5]`"))
    }
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

fn quoted_op(reader: &mut Reader<'_>) -> Result<Op, SpaceError> {
    let (_, name) = quoted(reader)?;
    op_of_name(reader, name)
}

fn op_of_name(reader: &Reader<'_>, name: &str) -> Result<Op, SpaceError> {
    let op = Op::ALL.into_iter().find(|op| op.name() == name);
    op.ok_or_else(|| reader.unknown_op(name, &Op::ALL.map(Op::name)))
}

/// A text in single or double quotes, and where it begins.
fn quoted<'a>(reader: &mut Reader<'a>) -> Result<(usize, &'a str), SpaceError> {
    reader.skip_white_space();
    let quote = if reader.rest().starts_with('"') {
        '"'
    } else {
        '\''
    };
    reader.expect(quote)?;
    let at = reader.offset();
    let text = reader.take_while(|c| c != quote);
    reader.expect(quote)?;
    Ok((at, text))
}

/// A small number, and where it stands.
fn number(reader: &mut Reader<'_>) -> Result<(usize, usize), SpaceError> {
    reader.skip_white_space();
    let at = reader.offset();
    let digits = reader.take_while(|c| c.is_ascii_digit());
    match digits.parse() {
        Ok(number) => Ok((at, number)),
        Err(_) => Err(reader.expected_at(at, "a number")),
    }
}

/// An opening parenthesis or bracket; returns what closes it.
fn open(reader: &mut Reader<'_>) -> Result<char, SpaceError> {
    reader.skip_white_space();
    if reader.accept('[') {
        return Ok(']');
    }
    if reader.accept('(') {
        return Ok(')');
    }
    Err(reader.expected("`(` or `[`"))
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

fn token(reader: &mut Reader<'_>, wanted: char) -> Result<(), SpaceError> {
    reader.skip_white_space();
    reader.expect(wanted)
}

fn accept(reader: &mut Reader<'_>, wanted: char) -> bool {
    reader.skip_white_space();
    reader.accept(wanted)
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
            "(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), \
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
        let compact = "(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), ";
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
            &compact.replacen("(1, 3)", "(1, 7)", 1),
            14,
            "the number of an operation",
        );
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

    proptest! {
        #[test]
        fn all_forms_are_read_back(codes in prop::array::uniform2(0..Cell::COUNT)) {
            let genotype = Genotype(codes.map(Cell::from_code));
            prop_assert_eq!(decode(&encode(&genotype)), Ok(genotype));
            prop_assert_eq!(decode(&compact(&genotype)), Ok(genotype));
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
        fn any_text_is_read_or_refused(
            code in 0..Cell::COUNT,
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0..3_u8), 1..4),
        ) {
            let genotype = Genotype([Cell::from_code(code); 2]);
            let mut chars: Vec<char> = encode(&genotype).chars().collect();
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
