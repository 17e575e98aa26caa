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

impl Figure {
    /// The same figure under another name.
    #[must_use]
    pub fn renamed(mut self, id: &str) -> Self {
        for part in ["title", "desc", "arrow"] {
            let (old, new) = (format!("{}-{part}", self.id), format!("{id}-{part}"));
            for (before, after) in [("\"", "\""), ("#", ")"), (" ", "\""), ("\"", " ")] {
                let (old, new) = (
                    format!("{before}{old}{after}"),
                    format!("{before}{new}{after}"),
                );
                self.svg = self.svg.replace(&old, &new);
            }
        }
        id.clone_into(&mut self.id);
        self
    }
}

/// So many letters a name has at most, so that every file system takes it.
const LONGEST: usize = 100;

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
    id.truncate(LONGEST);
    id.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_gets_another_name() {
        let figure = Figure {
            id: "a".to_owned(),
            title: "A".to_owned(),
            description: String::new(),
            svg: r#"<svg aria-labelledby="a-title a-desc"><title id="a-title"/><desc id="a-desc"/><path marker-end="url(#a-arrow)"/>"#
                .to_owned(),
            csv: String::new(),
        };
        let renamed = figure.renamed("b");
        let expected = r#"<svg aria-labelledby="b-title b-desc"><title id="b-title"/><desc id="b-desc"/><path marker-end="url(#b-arrow)"/>"#;
        assert_eq!((&*renamed.id, &*renamed.svg), ("b", expected));
    }

    #[test]
    fn names_of_files() {
        assert_eq!(
            id_of("Regret: digits-5 (test, ≤ 1)"),
            "regret-digits-5-test-1"
        );
    }
}
