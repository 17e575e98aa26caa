//! Cells as Python lists, tuples and numpy arrays.

use crate::limits::MAX_MATRIX_ENTRIES;
use crate::literal::{accept, accept_open, accept_word, is_of_word, open, token};
use crate::text_reader::Reader;
use crate::{Arch, SpaceError};

use super::{Matrix, bit, labels, matrix};

/// Whether lists or arrays come next.
pub(super) fn is_list(reader: &Reader<'_>) -> bool {
    let rest = reader.rest();
    rest.starts_with(['[', '(']) || ARRAYS.iter().any(|name| rest.starts_with(name))
}

/// What numpy writes before the list of an array.
const ARRAYS: [&str; 4] = ["array", "np.array", "numpy.array", "matrix"];

/// `[[0, 1], [0, 0]] ['input', 'output']`, with numpy's words, or as a pair.
pub(super) fn lists(reader: &mut Reader<'_>) -> Result<Arch, SpaceError> {
    // Of a pair three brackets open before the first entry.
    let mut ahead = reader.clone();
    let array = accept_array(&mut ahead);
    let n_open = (0..3)
        .take_while(|_| accept_open(&mut ahead).is_some())
        .count();
    let is_pair = !array && (n_open == 3 || n_open == 1 && accept_array(&mut ahead));
    let close_pair = if is_pair { Some(open(reader)?) } else { None };
    let (n, predecessors) = list_matrix(reader)?;
    reader.skip_white_space();
    if !reader.accept('|') {
        reader.accept(',');
    }
    let labels = labels(reader, n, close_pair)?;
    Arch::new(labels, predecessors)
}

/// `array`, if it comes next, without its parenthesis.
pub(super) fn accept_array(reader: &mut Reader<'_>) -> bool {
    ARRAYS.iter().any(|name| accept_word(reader, name))
}

/// The end of an array: `, dtype=int8)`.
pub(super) fn end_of_array(reader: &mut Reader<'_>) -> Result<(), SpaceError> {
    if accept(reader, ',') && !reader.rest().starts_with(')') {
        reader.skip_white_space();
        let at = reader.offset();
        if !accept_word(reader, "dtype") {
            return Err(reader.expected_at(at, "`dtype=` or `)`"));
        }
        token(reader, '=')?;
        reader.skip_white_space();
        reader.take_while(|c| is_of_word(c) || "'\"<>|=".contains(c));
    }
    token(reader, ')')
}

/// `[[0, 1], [0, 0]]`
fn list_matrix(reader: &mut Reader<'_>) -> Result<Matrix, SpaceError> {
    let mut cells = Vec::new();
    let mut n_rows = 0;
    let array = accept_array(reader);
    if array {
        token(reader, '(')?;
    }
    let close = open(reader)?;
    loop {
        let before = cells.len();
        let close_row = open(reader)?;
        while !accept(reader, close_row) {
            if cells.len() == MAX_MATRIX_ENTRIES {
                let what = format!("at most {MAX_MATRIX_ENTRIES} entries of a matrix");
                return Err(reader.expected(&what));
            }
            cells.push(entry(reader)?);
            let after = reader.offset();
            let separated = accept(reader, ',') || reader.offset() > after;
            if !separated && !reader.rest().starts_with(close_row) {
                return Err(reader.expected(&format!("`,` or `{close_row}`")));
            }
        }
        if cells.len() == before {
            return Err(reader.expected("a row with entries before it"));
        }
        n_rows += 1;
        let comma = accept(reader, ',');
        if accept(reader, close) {
            break;
        }
        if !comma && !reader.rest().starts_with(['[', '(']) {
            return Err(reader.expected(&format!("`{close}`")));
        }
    }
    if array {
        end_of_array(reader)?;
    }
    matrix(reader, n_rows, &cells)
}

/// An entry of a list: a number, a float, or a truth value.
fn entry(reader: &mut Reader<'_>) -> Result<(usize, bool), SpaceError> {
    reader.skip_white_space();
    let at = reader.offset();
    for (word, present) in [("True", true), ("False", false)] {
        if accept_word(reader, word) {
            return Ok((at, present));
        }
    }
    let entry = bit(reader)?;
    if reader.accept('.') {
        reader.take_while(|c| c == '0');
    }
    if reader.rest().starts_with(|c: char| c.is_ascii_digit()) {
        return Err(reader.expected_at(at, "`0` or `1`"));
    }
    Ok(entry)
}
