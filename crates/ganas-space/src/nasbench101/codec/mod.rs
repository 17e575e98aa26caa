//! The text forms of an architecture.
//!
//! Written is the adjacency matrix row by row, `|`, and the official names of the labels:
//! `0110 0001 0001 0000|input,conv3x3-bn-relu,maxpool3x3,output`.
//!
//! Read are, with any white space between their parts:
//!
//! | form | example |
//! |---|---|
//! | rows separated by spaces, commas or line breaks, then `|` | `010 001 000|input,maxpool3x3,output` |
//! | the matrix in one piece, as in the official records and in nasbench-rs | `010001000|input,maxpool3x3,output` |
//! | Python lists or tuples | `[[0, 1, 0], [0, 0, 1], [0, 0, 0]] ['input', 'maxpool3x3', 'output']` |
//! | numpy arrays, as they are printed or represented, of numbers or of truth values | `array([[0., 1., 0.], …], dtype=float32), ['input', …]`, `[[0 1 0] [0 0 1] [0 0 0]] ['input' 'maxpool3x3' 'output']` |
//! | the official label numbers of the inner vertices for the labels | `010001000|2` |
//! | vertices, upper triangle in hexadecimal, label numbers | `3:5:2` |
//!
//! In lists an entry may be written as a float, `1.` or `1.0`, or as `True` or `False`; commas are optional, and parentheses
//! are as good as brackets, also around the two lists.
//! Labels are separated by commas or spaces, and may have quotes; `3x3`, `conv3x3`, `1x1`, `conv1x1` and `maxpool`
//! are read too.
//! In the last form the triangle is read row by row, its first entry being the highest of the n(n-1)/2 bits.
//!
//! The official limits hold for the pruned cell.
//! A text with more vertices or edges is read as what is left after pruning; any other is kept as it is written.

mod lists;
#[cfg(test)]
mod tests;

use crate::limits::MAX_MATRIX_ENTRIES;
use crate::literal::{accept, accept_open, token};
use crate::text_reader::Reader;
use crate::{Arch, KnownNetwork, OpId, SpaceError};

use super::cell::{INPUT, LABELS, N_OPS, OUTPUT};
use super::vertices::Vertices;

use self::lists::{accept_array, end_of_array, is_list, lists};

/// Other names of the operations, in the order of their numbers.
const SHORT_NAMES: [&[&str]; 3] = [&["conv3x3", "3x3"], &["conv1x1", "1x1"], &["maxpool"]];

/// Writes the text form.
pub(super) fn encode(arch: &Arch) -> String {
    let n = arch.n_vertices();
    let mut text = String::with_capacity((n + 1) * n + n * 16);
    for u in 0..n {
        if u > 0 {
            text.push(' ');
        }
        for sources in arch.predecessors() {
            text.push(if sources >> u & 1 == 1 { '1' } else { '0' });
        }
    }
    for (v, label) in arch.labels().iter().enumerate() {
        text.push(if v == 0 { '|' } else { ',' });
        text.push_str(LABELS[label.index()]);
    }
    text
}

/// Cells with a name: the bottleneck block of ResNet-50, and the cell of the paper that resembles an Inception module.
const KNOWN: [KnownNetwork<'static>; 2] = [
    KnownNetwork {
        name: "resnet-like",
        text: "01001 00100 00010 00001 00000|input,conv1x1,conv3x3,conv1x1,output",
        differs: None,
    },
    KnownNetwork {
        name: "inception-like",
        text: "0111010 0000001 0000001 0000100 0000001 0000001 0000000|\
               input,conv1x1,conv3x3,conv3x3,conv3x3,maxpool3x3,output",
        differs: None,
    },
];

/// The cells with a name that have at most so many vertices.
pub(super) fn known_networks(vertices: Vertices) -> &'static [KnownNetwork<'static>] {
    // The Inception-like cell has all seven vertices.
    match vertices {
        Vertices::Seven => &KNOWN,
        Vertices::Five | Vertices::Six => &KNOWN[..1],
        Vertices::Four => &[],
    }
}

/// Reads any of the forms, or the name of a known network; what is read is a graph, but may be none of the space.
pub(super) fn decode(vertices: Vertices, text: &str) -> Result<Arch, SpaceError> {
    let known = KNOWN.iter().find(|known| known.name == text.trim());
    let text = known.map_or(text, |known| known.text);
    let mut reader = Reader::new(vertices.name(), text);
    reader.skip_white_space();
    if text.contains(':') {
        let (n, predecessors) = compact_matrix(&mut reader)?;
        return Arch::new(labels(&mut reader, n, None)?, predecessors);
    }
    if is_list(&reader) {
        return lists(&mut reader);
    }
    let (n, predecessors) = plain_matrix(&mut reader)?;
    Arch::new(labels(&mut reader, n, None)?, predecessors)
}

/// Predecessor sets, and how many there are.
type Matrix = (usize, Vec<u64>);

/// `3:5:`
fn compact_matrix(reader: &mut Reader<'_>) -> Result<Matrix, SpaceError> {
    let at = reader.offset();
    let n = reader.take_while(|c| c.is_ascii_digit());
    let n: usize = match n.parse() {
        Ok(n) if (2..=Arch::MAX_VERTICES).contains(&n) => n,
        _ => return Err(reader.expected_at(at, "the number of vertices, 2 or more")),
    };
    reader.expect(':')?;
    let at = reader.offset();
    let n_bits = n * (n - 1) / 2;
    let hex = reader.take_while(|c| c.is_ascii_hexdigit());
    let bits = u128::from_str_radix(hex, 16);
    let bits = match bits {
        Ok(bits) if n_bits < 128 && bits >> n_bits == 0 => bits,
        _ => {
            return Err(reader.expected_at(at, &format!("{n_bits} bits in hexadecimal")));
        }
    };
    reader.expect(':')?;
    let mut predecessors = vec![0; n];
    let mut left = n_bits;
    for u in 0..n {
        for sources in &mut predecessors[u + 1..] {
            left -= 1;
            *sources |= u64::from(bits >> left & 1 == 1) << u;
        }
    }
    Ok((n, predecessors))
}

/// `01 00|` or `0100|`
fn plain_matrix(reader: &mut Reader<'_>) -> Result<Matrix, SpaceError> {
    let mut cells = Vec::new();
    let mut row_ends = Vec::new();
    loop {
        if !reader.rest().starts_with(['0', '1']) {
            return Err(reader.expected(if cells.is_empty() {
                "`0` or `1`"
            } else {
                "`0`, `1` or `|`"
            }));
        }
        while reader.rest().starts_with(['0', '1']) {
            if cells.len() == MAX_MATRIX_ENTRIES {
                let what = format!("`|` after at most {MAX_MATRIX_ENTRIES} entries");
                return Err(reader.expected(&what));
            }
            cells.push(bit(reader)?);
        }
        row_ends.push(cells.len());
        reader.skip_white_space();
        if reader.accept(',') {
            reader.skip_white_space();
        }
        if reader.accept('|') {
            break;
        }
    }
    let n = match row_ends.len() {
        1 => cells.len().isqrt(),
        n_rows if n_rows == cells.len() => cells.len().isqrt(),
        n_rows if (1..).zip(&row_ends).all(|(nth, end)| *end == nth * n_rows) => n_rows,
        _ => return Err(reader.expected("a matrix with as many rows as columns before it")),
    };
    matrix(reader, n, &cells)
}

fn bit(reader: &mut Reader<'_>) -> Result<(usize, bool), SpaceError> {
    let at = reader.offset();
    if reader.accept('1') {
        Ok((at, true))
    } else if reader.accept('0') {
        Ok((at, false))
    } else {
        Err(reader.expected("`0` or `1`"))
    }
}

/// The predecessor sets of entries, row by row, each with its place in the text.
fn matrix(reader: &Reader<'_>, n: usize, entries: &[(usize, bool)]) -> Result<Matrix, SpaceError> {
    if n * n != entries.len() || !(2..=Arch::MAX_VERTICES).contains(&n) {
        return Err(reader.expected(&format!(
            "a square matrix of at least 2 rows before it, not {} entries",
            entries.len()
        )));
    }
    let mut predecessors = vec![0; n];
    for (i, (at, present)) in entries.iter().enumerate() {
        let (from, to) = (i / n, i % n);
        if *present && from >= to {
            return Err(reader.expected_at(*at, "`0`: edges go from lower to higher vertices"));
        }
        predecessors[to] |= u64::from(*present) << from;
    }
    Ok((n, predecessors))
}

/// The labels of `n` vertices, up to the end of the text, with what closes a pair before it.
fn labels(
    reader: &mut Reader<'_>,
    n: usize,
    close_pair: Option<char>,
) -> Result<Vec<OpId>, SpaceError> {
    reader.skip_white_space();
    let digits = reader.rest().trim_end();
    if digits.len() == n - 2 && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return numbered_labels(reader);
    }
    let array = accept_array(reader);
    if array {
        token(reader, '(')?;
    }
    let close = accept_open(reader);
    let mut labels = Vec::new();
    for v in 0..n {
        reader.skip_white_space();
        if v > 0 && reader.accept(',') {
            reader.skip_white_space();
        }
        let at = reader.offset();
        let label = label(reader)?;
        let fits = match v {
            0 => label == INPUT,
            _ if v == n - 1 => label == OUTPUT,
            _ => label.0 < N_OPS,
        };
        if !fits {
            return Err(reader.expected_at(
                at,
                match v {
                    0 => "`input` as the first label",
                    _ if v == n - 1 => "`output` as the last label",
                    _ => "the name of an operation",
                },
            ));
        }
        labels.push(label);
    }
    if let Some(close) = close {
        accept(reader, ',');
        token(reader, close)?;
    }
    if array {
        end_of_array(reader)?;
    }
    if let Some(close) = close_pair {
        accept(reader, ',');
        token(reader, close)?;
    }
    reader.skip_white_space();
    reader.expect_end()?;
    Ok(labels)
}

/// Label numbers of the inner vertices.
fn numbered_labels(reader: &mut Reader<'_>) -> Result<Vec<OpId>, SpaceError> {
    let mut labels = vec![INPUT];
    while let Some(digit) = reader.rest().chars().next().filter(char::is_ascii_digit) {
        let number = (0..N_OPS).find(|op| digit == char::from(b'0' + op));
        let number = number.ok_or_else(|| reader.expected("the number of an operation, 0 to 2"))?;
        reader.accept(digit);
        labels.push(OpId(number));
    }
    labels.push(OUTPUT);
    reader.skip_white_space();
    reader.expect_end()?;
    Ok(labels)
}

/// A label with or without quotes.
fn label(reader: &mut Reader<'_>) -> Result<OpId, SpaceError> {
    let quote = ['\'', '"'].into_iter().find(|quote| reader.accept(*quote));
    let name = reader.take_while(|c| !c.is_whitespace() && !",[]()|'\"".contains(c));
    if name.is_empty() {
        return Err(reader.expected("the name of a label"));
    }
    let number = (0..).zip(LABELS).find_map(|(number, official)| {
        let short = SHORT_NAMES.get(usize::from(number));
        let found = official == name || short.is_some_and(|names| names.contains(&name));
        found.then_some(OpId(number))
    });
    let label = number.ok_or_else(|| reader.unknown_op(name, &LABELS))?;
    if let Some(quote) = quote {
        reader.expect(quote)?;
    }
    Ok(label)
}
