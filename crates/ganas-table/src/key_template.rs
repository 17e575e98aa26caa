//! Where the text of an architecture stands in a row: in one column, or spread over several.

use crate::TableError;

/// What the text of an architecture is made of.
///
/// Written is the name of a column, or a template with the names of columns in braces: `{vertices}:{hex}:{ops}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyTemplate {
    /// As it was written.
    text: String,
    pieces: Vec<Piece<String>>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<C> {
    /// Text that every architecture has here.
    Text(String),
    /// The cell of a column.
    Cell(C),
}

impl KeyTemplate {
    /// Reads the name of a column or a template.
    pub(crate) fn parse(text: &str) -> Result<Self, TableError> {
        let bad = |reason| TableError::BadKeyTemplate {
            template: text.to_owned(),
            reason,
        };
        let mut pieces = Vec::new();
        if !text.contains(['{', '}']) {
            pieces.push(Piece::Cell(text.to_owned()));
        }
        let mut rest = if pieces.is_empty() { text } else { "" };
        while !rest.is_empty() {
            let open = rest.find('{').unwrap_or(rest.len());
            let (before, from_brace) = rest.split_at(open);
            if before.contains('}') {
                return Err(bad("a `}` without a `{` before it"));
            }
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let Some(name) = from_brace.strip_prefix('{') else {
                break;
            };
            let (name, after) = name
                .split_once('}')
                .ok_or(bad("a `{` that no `}` closes"))?;
            if name.is_empty() || name.contains('{') {
                return Err(bad("a name of a column is missing between braces"));
            }
            pieces.push(Piece::Cell(name.to_owned()));
            rest = after;
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
        })
    }

    /// The template as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text is a single cell as it is.
    pub(crate) fn is_one_column(&self) -> bool {
        matches!(self.pieces[..], [Piece::Cell(_)])
    }

    /// Whether a column is a part of the text.
    pub(crate) fn uses(&self, column: &str) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Cell(name) if name == column))
    }

    /// The columns that the text is made of.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Cell(name) => Some(&**name),
        })
    }

    /// The pieces, with what the file has for each column.
    pub(crate) fn resolve<C, E>(
        &self,
        mut column: impl FnMut(&str) -> Result<C, E>,
    ) -> Result<Vec<Piece<C>>, E> {
        self.pieces
            .iter()
            .map(|piece| {
                Ok(match piece {
                    Piece::Text(text) => Piece::Text(text.clone()),
                    Piece::Cell(name) => Piece::Cell(column(name)?),
                })
            })
            .collect()
    }
}

/// The text of the pieces of one row.
pub(crate) fn joined<C>(pieces: &[Piece<C>], cell: impl FnMut(&C, &mut String)) -> String {
    let mut text = String::new();
    join(pieces, &mut text, cell);
    text
}

/// Appends the text of the pieces of one row.
pub(crate) fn join<C>(
    pieces: &[Piece<C>],
    text: &mut String,
    mut cell: impl FnMut(&C, &mut String),
) {
    for piece in pieces {
        match piece {
            Piece::Text(fixed) => text.push_str(fixed),
            Piece::Cell(column) => cell(column, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read() {
        let cell = |name: &str| Piece::Cell(name.to_owned());
        let text = |text: &str| Piece::Text(text.to_owned());
        for (template, pieces) in [
            ("arch", vec![cell("arch")]),
            ("two words", vec![cell("two words")]),
            ("", vec![cell("")]),
            ("{arch}", vec![cell("arch")]),
            (
                "{n}:{hex}:",
                vec![cell("n"), text(":"), cell("hex"), text(":")],
            ),
            ("<{a}{b}", vec![text("<"), cell("a"), cell("b")]),
        ] {
            let read = KeyTemplate::parse(template).unwrap();
            assert_eq!(read.pieces, pieces, "{template}");
            assert_eq!(read.as_str(), template);
            assert_eq!(read.is_one_column(), pieces.len() == 1);
        }
        for (template, reason) in [
            ("{a", "no `}` closes"),
            ("a}", "without a `{`"),
            ("{a}}", "without a `{`"),
            ("{}", "is missing"),
            ("{a{b}", "is missing"),
        ] {
            let error = KeyTemplate::parse(template).unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains(template),
                "{error}"
            );
        }
    }
}
