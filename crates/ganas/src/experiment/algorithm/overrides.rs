//! Overriding the fields of a configuration, from a TOML file and from the command line.
//!
//! Fields are set one by one, so that an error names the field and where its value stands.

use std::collections::BTreeMap;
use std::ops::Range;

use ganas_search::SearchError;
use ganas_space::suggestion::{closest, did_you_mean};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::configured::Configuration;
use crate::Error;
use crate::error::Context as _;

/// A configuration that is being put together.
#[derive(Debug)]
pub(super) struct Draft<C> {
    base: C,
    table: Table,
    /// Where the value of a field was set: by its path.
    origins: BTreeMap<String, String>,
}

impl<C: Configuration> Draft<C> {
    /// Starts from a preset.
    pub(super) fn new(base: C) -> Result<Self, Error> {
        let table = Table::try_from(&base)?;
        Ok(Self {
            base,
            table,
            origins: BTreeMap::new(),
        })
    }

    /// Overrides the fields of a TOML text.
    pub(super) fn read(&mut self, file: &str, text: &str) -> Result<(), Error> {
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let root = DeTable::parse(text).map_err(|error| {
            let place = error.span().map_or(1, |span| line(span.start));
            Error::Usage(format!("{file}:{place}: {}", one_line(error.message())))
        })?;
        let mut leaves = Vec::new();
        collect(root.get_ref(), "", &mut leaves);
        for Leaf { path, key, value } in leaves {
            let origin = format!("{file}:{}", line(key));
            let Some(span) = value else {
                if !self.is_section(&path) {
                    return Err(self.unknown(&path, &origin));
                }
                continue;
            };
            self.check_known(&path, &origin)?;
            let value = toml_value(&text[span])
                .map_err(|reason| Error::Usage(format!("{origin}: `{path}`: {reason}")))?;
            self.put(&path, value, origin)?;
        }
        Ok(())
    }

    /// Overrides one field by a text such as `generator.learning_rate=1e-3`. Quotes around words can be left out.
    pub(super) fn set(&mut self, text: &str) -> Result<(), Error> {
        let origin = format!("--set {text}");
        let Some((path, right)) = text.split_once('=') else {
            return Err(Error::Usage(format!(
                "{origin}: expected FIELD=VALUE, for example generator.learning_rate=1e-3"
            )));
        };
        let right = right.trim();
        let path = path.trim();
        self.check_known(path, &origin)?;
        let value = toml_value(right).unwrap_or_else(|_| Value::String(right.to_owned()));
        self.put(path, value, origin)
    }

    /// The configuration, checked, and the paths of the fields that differ from the preset.
    pub(super) fn finish(self) -> Result<(C, Vec<String>), Error> {
        let config: C = self.table.clone().try_into()?;
        config.check().or_else(|error| {
            let origin = match &error {
                SearchError::BadConfig { field, .. } => self.origins.get(field),
                _ => None,
            };
            let origin = origin.cloned();
            match origin {
                Some(origin) => Err::<(), _>(error).context(origin),
                None => Err(error.into()),
            }
        })?;
        let base = leaves(&Table::try_from(&self.base)?);
        let changed = leaves(&self.table)
            .into_iter()
            .filter(|(path, value)| base.get(path) != Some(value))
            .map(|(path, _)| path)
            .collect();
        Ok((config, changed))
    }

    /// Fails unless there is a field with this path.
    fn check_known(&self, path: &str, origin: &str) -> Result<(), Error> {
        if leaves(&self.table).contains_key(path) {
            Ok(())
        } else {
            Err(self.unknown(path, origin))
        }
    }

    fn is_section(&self, path: &str) -> bool {
        matches!(self.table.get(path), Some(Value::Table(_)))
    }

    /// The error for a path that is no field.
    fn unknown(&self, path: &str, origin: &str) -> Error {
        let known = leaves(&self.table);
        Error::Usage(match self.table.get(path) {
            Some(Value::Table(section)) => {
                let fields: Vec<&str> = section.keys().map(String::as_str).collect();
                format!(
                    "{origin}: `{path}` is a section: set one of its fields, {}",
                    fields.join(", ")
                )
            }
            _ => format!(
                "{origin}: unknown field `{path}`{}; `ganas config --algorithm {}` prints all fields",
                suggestion(path, known.keys()),
                C::NAME
            ),
        })
    }

    /// Sets a field that is known.
    fn put(&mut self, path: &str, value: Value, origin: String) -> Result<(), Error> {
        let mut changed = self.table.clone();
        let mut place = &mut changed;
        let (sections, field) = path.rsplit_once('.').unwrap_or(("", path));
        for section in sections.split('.').filter(|section| !section.is_empty()) {
            let Some(Value::Table(inner)) = place.get_mut(section) else {
                unreachable!("invariant: the path of a leaf leads through tables");
            };
            place = inner;
        }
        place.insert(field.to_owned(), value);
        if let Err(error) = changed.clone().try_into::<C>() {
            return Err(Error::Usage(format!(
                "{origin}: `{path}`: {}",
                one_line(error.message())
            )));
        }
        self.table = changed;
        self.origins.insert(path.to_owned(), origin);
        Ok(())
    }
}

/// A field of a parsed file.
struct Leaf {
    path: String,
    /// Where its key stands.
    key: usize,
    /// Where its value stands; none for a section without fields.
    value: Option<Range<usize>>,
}

/// The leaves of a parsed file, in its order, so that the first error is the first in the file.
fn collect(table: &DeTable<'_>, prefix: &str, leaves: &mut Vec<Leaf>) {
    let mut entries: Vec<(&Spanned<_>, &Spanned<DeValue<'_>>)> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let path = format!("{prefix}{}", key.get_ref());
        let leaf = |value| Leaf {
            path: path.clone(),
            key: key.span().start,
            value,
        };
        match value.get_ref() {
            DeValue::Table(inner) if inner.is_empty() => leaves.push(leaf(None)),
            DeValue::Table(inner) => collect(inner, &format!("{path}."), leaves),
            _ => leaves.push(leaf(Some(value.span()))),
        }
    }
}

/// All leaves of a table by path.
fn leaves(table: &Table) -> BTreeMap<String, Value> {
    fn walk(table: &Table, prefix: &str, into: &mut BTreeMap<String, Value>) {
        for (name, value) in table {
            let path = format!("{prefix}{name}");
            match value {
                Value::Table(inner) => walk(inner, &format!("{path}."), into),
                _ => {
                    into.insert(path, value.clone());
                }
            }
        }
    }
    let mut into = BTreeMap::new();
    walk(table, "", &mut into);
    into
}

/// Reads one TOML value.
fn toml_value(text: &str) -> Result<Value, String> {
    let line = format!("value = {text}");
    let mut table: Table = line
        .parse()
        .map_err(|error: toml::de::Error| one_line(error.message()))?;
    match (table.remove("value"), table.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err("expected one value".to_owned()),
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What may be meant by an unknown path: a field of that name in a section, or the path that is most like it.
fn suggestion<'a>(path: &str, known: impl Iterator<Item = &'a String> + Clone) -> String {
    let name = path.rsplit('.').next().unwrap_or(path);
    let same_name: Vec<String> = known
        .clone()
        .filter(|known| known.rsplit('.').next() == Some(name))
        .map(|known| format!("`{known}`"))
        .collect();
    if !same_name.is_empty() {
        return format!(" (did you mean {}?)", same_name.join(" or "));
    }
    did_you_mean(closest(path, known).as_deref())
}

#[cfg(test)]
mod tests {
    use ganas_search::{GaNasConfig, Preset, Topology};

    use super::*;

    /// The error and its causes.
    fn message(error: &Error) -> String {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
        let texts: Vec<String> = causes.map(ToString::to_string).collect();
        texts.join(": ")
    }

    fn read(text: &str) -> Result<(GaNasConfig, Vec<String>), Error> {
        let mut draft = Draft::new(GaNasConfig::preset(Preset::Improved, Topology::Fixed))?;
        draft.read("c.toml", text)?;
        draft.finish()
    }

    fn set(texts: &[&str]) -> Result<(GaNasConfig, Vec<String>), Error> {
        let mut draft = Draft::new(GaNasConfig::preset(Preset::Improved, Topology::Fixed))?;
        for text in texts {
            draft.set(text)?;
        }
        draft.finish()
    }

    #[test]
    fn fields_of_a_file_override_the_preset() {
        let (config, changed) =
            read("batch = 7\n[generator]\nupdate = \"ppo\"\nlearning_rate = 1\n[proposal]\n")
                .unwrap();
        let mut expected = GaNasConfig::preset(Preset::Improved, Topology::Fixed);
        expected.batch = 7;
        expected.generator.update = ganas_search::ga_nas::PolicyUpdate::Ppo;
        expected.generator.learning_rate = 1.0;
        assert_eq!(config, expected);
        assert_eq!(
            changed,
            ["batch", "generator.learning_rate", "generator.update"]
        );
    }

    #[test]
    fn fields_are_set_one_by_one() {
        let (config, changed) = set(&[
            "generator.update=ppo",
            "proposal.pick=\"mean\"",
            "generator.max_gradient_norm = inf",
            "batch=3",
            "batch=4",
        ])
        .unwrap();
        assert_eq!(config.batch, 4);
        assert_eq!(config.proposal.pick, ganas_search::ga_nas::Pick::Mean);
        assert_eq!(changed, ["batch", "generator.update", "proposal.pick"]);
    }

    #[test]
    fn errors_name_the_place_and_the_field() {
        for (text, expected) in [
            (
                "batch = 7\n[generator]\nlearning_rat = 1\n",
                "c.toml:3: unknown field `generator.learning_rat` (did you mean `generator.learning_rate`?)",
            ),
            (
                "learning_rate = 1\n",
                "c.toml:1: unknown field `learning_rate` (did you mean `discriminator.learning_rate` or `generator.learning_rate`?)",
            ),
            ("\nbatch = -1\n", "c.toml:2: `batch`: invalid value"),
            (
                "[generator]\nupdate = \"sarsa\"\n",
                "c.toml:2: `generator.update`: unknown variant `sarsa`, expected",
            ),
            (
                "\n\nbatch = 0\n",
                "c.toml:3: configuration field `batch`: found 0, expected from 1 to 100000",
            ),
            (
                "generator = 1\n",
                "c.toml:1: `generator` is a section: set one of its fields, ",
            ),
            ("[generater]\n", "c.toml:1: unknown field `generater`"),
            ("\n[[a]]\nb = 1\n", "c.toml:2: unknown field `a`"),
            ("batch = = 1\n", "c.toml:1: "),
            ("a = 1\na = 2\n", "c.toml:2: duplicate key"),
        ] {
            let error = message(&read(text).unwrap_err());
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn errors_of_set_quote_the_argument() {
        for (text, expected) in [
            ("batch", "--set batch: expected FIELD=VALUE"),
            (
                "bacth=1",
                "--set bacth=1: unknown field `bacth` (did you mean `batch`?)",
            ),
            (
                "batch=x",
                "--set batch=x: `batch`: invalid type: string \"x\"",
            ),
            (
                "batch=1\na=2",
                "--set batch=1\na=2: `batch`: invalid type: string",
            ),
            (
                "batch=0",
                "--set batch=0: configuration field `batch`: found 0",
            ),
        ] {
            let error = message(&set(&[text]).unwrap_err());
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }
}
