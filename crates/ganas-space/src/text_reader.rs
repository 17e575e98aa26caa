//! A position in a text, with errors that name it.

use crate::SpaceError;
use crate::suggestion::closest;
use crate::text_form::TextForm;

/// Reads a text from front to back; always at the border of two characters.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    space: &'a str,
    text: &'a str,
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of the text of an architecture of the space with this name.
    #[must_use]
    pub fn new(space: &'a str, text: &'a str) -> Self {
        Self {
            space,
            text,
            offset: 0,
        }
    }

    /// The name of the space that the text is read for.
    #[must_use]
    pub fn space(&self) -> &'a str {
        self.space
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The number of bytes before the position.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What follows the position.
    #[must_use]
    pub fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    /// Takes all white space that comes next.
    pub fn skip_white_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Takes the longest run of characters that `belongs` accepts.
    pub fn take_while(&mut self, mut belongs: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())];
        self.offset += taken.len();
        taken
    }

    /// Takes the character if it comes next.
    pub fn accept(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.offset += wanted.len_utf8();
        }
        found
    }

    /// Takes the character.
    ///
    /// # Errors
    ///
    /// [`SpaceError::BadText`] when something else comes next.
    pub fn expect(&mut self, wanted: char) -> Result<(), SpaceError> {
        if self.accept(wanted) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{wanted}`")))
        }
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    ///
    /// [`SpaceError::BadText`] when something is.
    pub fn expect_end(&self) -> Result<(), SpaceError> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.expected("the end of the text"))
        }
    }

    /// Takes the name of a form and the colon after it, when they come next.
    pub fn accept_form(&mut self, forms: &'static [TextForm]) -> Option<&'static TextForm> {
        let rest = self.rest();
        let named = |form: &&TextForm| {
            let after = rest.strip_prefix(form.name);
            after.is_some_and(|after| after.starts_with(':'))
        };
        let form = forms.iter().find(named)?;
        self.offset += form.name.len() + 1;
        Some(form)
    }

    /// The error that something else was expected at the position.
    #[must_use]
    pub fn expected(&self, what: &str) -> SpaceError {
        self.expected_at(self.offset, what)
    }

    /// The error that something else was expected at an earlier position.
    #[must_use]
    pub fn expected_at(&self, offset: usize, what: &str) -> SpaceError {
        SpaceError::BadText {
            space: self.space.into(),
            text: self.text.to_owned(),
            at: offset,
            expected: what.to_owned(),
        }
    }

    /// The error that the text means something else in each of these forms; `why` says what is not decided.
    #[must_use]
    pub fn undecided(&self, why: &str, forms: &'static [TextForm]) -> SpaceError {
        SpaceError::UndecidedText {
            space: self.space.into(),
            text: self.text.to_owned(),
            why: why.to_owned(),
            forms,
        }
    }

    /// The error that the text names an operation that there is not.
    #[must_use]
    pub fn unknown_op(&self, name: &str, known: &[impl AsRef<str>]) -> SpaceError {
        let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        SpaceError::UnknownOp {
            space: self.space.into(),
            name: name.to_owned(),
            text: self.text.to_owned(),
            suggestion: closest(name, &known),
            known: known.join(", "),
        }
    }
}
