//! A position in a text, with errors that name it.

use crate::SpaceError;

/// Reads a text from front to back; always at the border of two characters.
pub(crate) struct Reader<'a> {
    space: &'static str,
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(space: &'static str, text: &'a str) -> Self {
        Self { space, text, at: 0 }
    }

    /// The name of the space that the text is read for.
    pub(crate) fn space(&self) -> &'static str {
        self.space
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The number of bytes before the position.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What follows the position.
    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn skip_white_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Takes the longest run of characters that `belongs` accepts.
    pub(crate) fn take_while(&mut self, mut belongs: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// Takes the character if it comes next.
    pub(crate) fn accept(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    pub(crate) fn expect(&mut self, wanted: char) -> Result<(), SpaceError> {
        if self.accept(wanted) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{wanted}`")))
        }
    }

    pub(crate) fn expect_end(&self) -> Result<(), SpaceError> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.expected("the end of the text"))
        }
    }

    /// The error that something else was expected at the position.
    pub(crate) fn expected(&self, what: &str) -> SpaceError {
        self.expected_at(self.at, what)
    }

    /// The error that something else was expected at an earlier position.
    pub(crate) fn expected_at(&self, at: usize, what: &str) -> SpaceError {
        SpaceError::BadText {
            space: self.space,
            text: self.text.to_owned(),
            at,
            expected: what.to_owned(),
        }
    }
}
