//! Reading a JSON text value by value, with the line of each.

use serde::de::DeserializeOwned;

/// A place in a text.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// The line of `counted`, which is not behind `at`.
    line: u64,
    counted: usize,
}

/// What is wrong, and in which line.
pub(super) struct Problem {
    pub(super) line: u64,
    pub(super) reason: String,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            counted: 0,
        }
    }

    /// The next byte that is no space; none at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = &self.text[self.at..];
        let spaces = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        self.at += spaces.count();
        self.text.get(self.at).copied()
    }

    /// Passes over the byte that [`peek`](Self::peek) has shown.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// The line of the next byte that is no space.
    pub(super) fn line(&mut self) -> u64 {
        self.peek();
        let new = &self.text[self.counted..self.at];
        self.line += new
            .iter()
            .map(|&byte| u64::from(byte == b'\n'))
            .sum::<u64>();
        self.counted = self.at;
        self.line
    }

    /// Reads the value that begins here.
    pub(super) fn value<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        let first_line = self.line();
        let mut values =
            serde_json::Deserializer::from_slice(&self.text[self.at..]).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(error)) => {
                let after = u64::try_from(error.line().saturating_sub(1)).unwrap_or_default();
                // serde_json counts lines from the first one of the value.
                let place = format!(" at line {} column {}", error.line(), error.column());
                Err(Problem {
                    line: first_line + after,
                    reason: error.to_string().replace(&place, ""),
                })
            }
            None => Err(self.problem("the text ends where a value should begin")),
        }
    }

    /// Passes over a byte, which must be this one.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Problem> {
        match self.peek() {
            Some(found) if found == byte => {
                self.skip();
                Ok(())
            }
            found => {
                let found = found.map_or("the end of the text".to_owned(), |found| {
                    format!("`{}`", found.escape_ascii())
                });
                let reason = format!("found {found}, expected `{}`", byte.escape_ascii());
                Err(self.problem(&reason))
            }
        }
    }

    /// Something that is wrong here.
    pub(super) fn problem(&mut self, reason: &str) -> Problem {
        Problem {
            line: self.line(),
            reason: reason.to_owned(),
        }
    }
}
