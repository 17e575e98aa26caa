//! Parts of Python and JSON literals, as other tools print architectures.
//!
//! White space may stand before each part; parentheses and brackets are interchangeable, as are both kinds of quotes.

use crate::SpaceError;
use crate::text_reader::Reader;

/// A text in single or double quotes, and where it begins.
pub(crate) fn quoted<'a>(reader: &mut Reader<'a>) -> Result<(usize, &'a str), SpaceError> {
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

/// A number without sign, and where it stands.
pub(crate) fn number(reader: &mut Reader<'_>) -> Result<(usize, usize), SpaceError> {
    reader.skip_white_space();
    let at = reader.offset();
    let digits = reader.take_while(|c| c.is_ascii_digit());
    match digits.parse() {
        Ok(number) => Ok((at, number)),
        Err(_) => Err(reader.expected_at(at, "a number")),
    }
}

/// An opening parenthesis or bracket; returns what closes it.
pub(crate) fn open(reader: &mut Reader<'_>) -> Result<char, SpaceError> {
    accept_open(reader).ok_or_else(|| reader.expected("`(` or `[`"))
}

/// An opening parenthesis or bracket, if one comes next; returns what closes it.
pub(crate) fn accept_open(reader: &mut Reader<'_>) -> Option<char> {
    if accept(reader, '[') {
        Some(']')
    } else {
        accept(reader, '(').then_some(')')
    }
}

/// A character.
pub(crate) fn token(reader: &mut Reader<'_>, wanted: char) -> Result<(), SpaceError> {
    reader.skip_white_space();
    reader.expect(wanted)
}

/// A character, if it comes next.
pub(crate) fn accept(reader: &mut Reader<'_>, wanted: char) -> bool {
    reader.skip_white_space();
    reader.accept(wanted)
}

/// A word, if it comes next; words are made of letters, digits, `_` and `.`.
pub(crate) fn accept_word(reader: &mut Reader<'_>, wanted: &str) -> bool {
    reader.skip_white_space();
    let rest = reader.rest();
    let word = &rest[..rest.find(|c| !is_of_word(c)).unwrap_or(rest.len())];
    let found = word == wanted;
    if found {
        reader.take_while(is_of_word);
    }
    found
}

/// Whether words are made of this character.
pub(crate) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// So many numbers with commas or white space between them, in parentheses or brackets, each with its place.
///
/// `what` says what is in the list, for the error that there are more.
pub(crate) fn numbers(
    reader: &mut Reader<'_>,
    most: usize,
    what: &str,
) -> Result<Vec<(usize, usize)>, SpaceError> {
    let close = open(reader)?;
    let mut found = Vec::new();
    while !accept(reader, close) {
        if found.len() == most {
            return Err(reader.expected(&format!("`{close}` after {most} {what}")));
        }
        found.push(number(reader)?);
        let after = reader.offset();
        if !accept(reader, ',') && reader.offset() == after && !reader.rest().starts_with(close) {
            return Err(reader.expected(&format!("`,` or `{close}`")));
        }
    }
    Ok(found)
}
