//! A figure in all its forms.

use crate::png::{self, PngError};

/// A figure in all its forms.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Its name among the figures of a report: lower-case letters, digits and dashes.
    pub id: String,
    /// What it shows, in a line.
    pub title: String,
    /// What is to be seen, for who does not see it.
    pub description: String,
    /// The drawing, with title and description in it.
    pub svg: String,
    /// The data, with a header.
    pub csv: String,
}

impl Figure {
    /// A picture of the drawing, twice as large.
    ///
    /// # Errors
    ///
    /// The drawing is no SVG, or has no size.
    pub fn png(&self) -> Result<Vec<u8>, PngError> {
        png::render(&self.svg)
    }
}

/// A text as a name of a file: lower-case letters, digits and dashes.
pub(crate) fn id_of(text: &str) -> String {
    let mut id = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.ends_with('-') {
            id.push('-');
        }
    }
    id.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        assert_eq!(
            id_of("Regret: digits-5 (test, ≤ 1)"),
            "regret-digits-5-test-1"
        );
    }
}
