//! A configuration as commented TOML. The comments are the documentation of the fields, which is written once, in the
//! library.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::configured::Configuration;
use crate::Error;
use crate::error::Context as _;

/// The width of comments.
const WIDTH: usize = 100;

/// The names of the fields of a configuration, or of a section of it, and their documentation.
pub(super) type Fields = (&'static [&'static str], &'static [&'static str]);

/// The configuration with every field and its documentation.
pub(super) fn commented<C: Configuration>(config: &C) -> Result<String, Error> {
    let (names, docs) = C::FIELDS;
    if names.is_empty() {
        return Ok(format!("# {} has nothing to configure.\n", C::NAME));
    }
    let table = Table::try_from(config)?;
    let mut text = String::new();
    let mut sections = Vec::new();
    for (name, doc) in names.iter().zip(docs) {
        match table.get(*name) {
            Some(Value::Table(fields)) => sections.push((*name, *doc, fields)),
            value => field(&mut text, name, doc, value),
        }
    }
    for (name, doc, fields) in sections {
        comment(&mut text, doc);
        let _ = writeln!(text, "[{name}]\n");
        let (_, (names, docs)) = C::SECTIONS
            .iter()
            .find(|(section, _)| *section == name)
            .with_context(|| format!("the section `{name}` has no documentation"))?;
        for (name, doc) in names.iter().zip(*docs) {
            field(&mut text, name, doc, fields.get(*name));
        }
    }
    // Fields end with an empty line; the text does not.
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(text)
}

fn field(text: &mut String, name: &str, doc: &str, value: Option<&Value>) {
    comment(text, doc);
    // Writing to a string does not fail.
    let _ = match value {
        Some(value) => writeln!(text, "{name} = {value}\n"),
        None => writeln!(text, "# {name} is not set\n"),
    };
}

/// A documentation as comment lines, wrapped.
fn comment(text: &mut String, doc: &str) {
    let mut line = String::from("#");
    for word in doc.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{line}");
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use ganas_search::{GaNasConfig, Preset, Topology};

    use super::*;

    #[test]
    fn the_text_parses_to_the_configuration() {
        for preset in [Preset::Faithful, Preset::Improved] {
            let config = GaNasConfig::preset(preset, Topology::Fixed);
            let text = commented(&config).unwrap();
            // Every field must be there: the configuration has no serde defaults.
            assert_eq!(toml::from_str::<GaNasConfig>(&text).unwrap(), config);
        }
    }

    #[test]
    fn every_field_has_a_comment_above_it() {
        let text = commented(&GaNasConfig::preset(Preset::Improved, Topology::Fixed)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            if pair[1].contains(" = ") && !pair[1].starts_with('#') || pair[1].starts_with('[') {
                assert!(pair[0].starts_with("# ") && pair[0].len() > 4, "{pair:?}");
            }
            assert!(pair[0].chars().count() <= WIDTH, "{pair:?}");
        }
        assert!(text.starts_with("# Architectures drawn uniformly"));
    }
}
