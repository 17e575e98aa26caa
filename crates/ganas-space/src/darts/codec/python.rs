//! Genotypes as Python code, and as dictionaries of the same fields.

use crate::SpaceError;
use crate::literal::{accept, accept_word, is_of_word, number, open, quoted, token};
use crate::text_reader::Reader;

use super::nodes::nodes;
use super::{CELLS, Cell, Genotype, Node, op_of_name};

/// `Genotype(normal=[…], normal_concat=…, reduce=[…], reduce_concat=…)`, or an assignment of it.
pub(super) fn python_text(reader: &mut Reader<'_>) -> Result<Genotype, SpaceError> {
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
pub(super) enum Fields {
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
pub(super) fn genotype_of_fields(
    reader: &mut Reader<'_>,
    fields: Fields,
) -> Result<Genotype, SpaceError> {
    let mut cells = [Cell::from_code(0); 2];
    for (cell, name) in cells.iter_mut().zip(CELLS) {
        fields.expect(reader, name)?;
        *cell = Cell(
            nodes(reader, &mut |reader| {
                let (_, op) = quoted(reader)?;
                let op = op_of_name(reader, op)?;
                token(reader, ',')?;
                let (at, source) = number(reader)?;
                Ok((op, source, at))
            })?
            .map(|pairs| Node::of_pairs(pairs).expect("invariant: the two sources differ")),
        );
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

/// `name=`
fn keyword(reader: &mut Reader<'_>, name: &str) -> Result<(), SpaceError> {
    reader.skip_white_space();
    let at = reader.offset();
    if reader.take_while(|c| c.is_alphanumeric() || c == '_') != name {
        return Err(reader.expected_at(at, &format!("`{name}=`")));
    }
    token(reader, '=')
}
