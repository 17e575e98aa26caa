//! The catalogue, `xtask/data.toml`: what can be fetched, from where, and what it must be.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use ganas_space::suggestion::closest;
use indicatif::DecimalBytes;
use serde::{Deserialize, Serialize};

/// The catalogue that this program was built with.
const EMBEDDED: &str = include_str!("../../data.toml");

/// All sources, in the order of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Catalogue {
    #[serde(rename = "source")]
    pub(super) sources: Vec<Source>,
}

/// One file that somebody publishes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) name: String,
    /// The name under which the file is kept.
    pub(super) file: String,
    pub(super) how: How,
    /// Of the file; of a page when a browser is needed.
    pub(super) url: String,
    /// What to click on the page.
    pub(super) hint: Option<String>,
    size: Option<u64>,
    size_about: Option<u64>,
    /// `None` where none was published.
    pub(super) sha256: Option<String>,
    pub(super) space: String,
    pub(super) licence: String,
    pub(super) citation: String,
    /// The importer that makes a table of the file; `None` where there is nothing to convert.
    pub(super) convert: Option<Importer>,
}

/// What `ganas table import` finds in a file by its content; the name is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Importer {
    Csv,
    #[serde(rename = "nasbench101-tfrecord")]
    Nasbench101TfRecord,
    NatsTar,
    NatsPickle,
    #[serde(rename = "nasbench201-pth")]
    Nasbench201Pth,
}

/// How a file is had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum How {
    /// By this program.
    Http,
    /// By the user.
    Browser,
}

/// What is known of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Exact(u64),
    /// A rounded number was published, and whether its megabytes have 10^6 or 2^20 bytes was not.
    About(u64),
    Unknown,
}

impl Catalogue {
    /// Reads a file, or the embedded catalogue.
    pub(super) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        match path {
            None => Self::parse(EMBEDDED).context("the embedded catalogue, xtask/data.toml"),
            Some(path) => {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("cannot read the catalogue {}", path.display()))?;
                Self::parse(&text).with_context(|| format!("the catalogue {}", path.display()))
            }
        }
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let catalogue: Self = toml::from_str(text)?;
        catalogue.check()?;
        Ok(catalogue)
    }

    /// Names and files are unique, and every source is complete.
    fn check(&self) -> anyhow::Result<()> {
        let mut names = BTreeSet::new();
        let mut files = BTreeSet::new();
        for source in &self.sources {
            let name = &source.name;
            ensure!(names.insert(name), "the name `{name}` is there twice");
            ensure!(
                files.insert(&source.file),
                "the file `{}` is there twice",
                source.file
            );
            source
                .check()
                .with_context(|| format!("the source `{name}`"))?;
        }
        Ok(())
    }

    /// The source with this name.
    pub(super) fn source(&self, name: &str) -> anyhow::Result<&Source> {
        if let Some(source) = self.sources.iter().find(|source| source.name == name) {
            return Ok(source);
        }
        let names = || self.sources.iter().map(|source| source.name.as_str());
        let closest = closest(name, names())
            .map(|known| format!("; did you mean `{known}`?"))
            .unwrap_or_default();
        bail!(
            "there is no source `{name}`{closest} (known: {})",
            names().collect::<Vec<_>>().join(", ")
        )
    }

    /// The sources with these names, or all of them when no name is given.
    pub(super) fn named(&self, names: &[String]) -> anyhow::Result<Vec<&Source>> {
        if names.is_empty() {
            Ok(self.sources.iter().collect())
        } else {
            names.iter().map(|name| self.source(name)).collect()
        }
    }
}

impl Source {
    pub(super) fn size(&self) -> Size {
        match (self.size, self.size_about) {
            (Some(exact), _) => Size::Exact(exact),
            (None, Some(about)) => Size::About(about),
            (None, None) => Size::Unknown,
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            is_file_name(&self.file),
            "`file` must be a plain name, but is `{}`",
            self.file
        );
        ensure!(
            self.url.starts_with("https://") || self.url.starts_with("http://"),
            "`url` must begin with https:// or http://, but is `{}`",
            self.url
        );
        ensure!(
            self.size.is_none() || self.size_about.is_none(),
            "`size` and `size_about` exclude each other"
        );
        ensure!(
            (self.how == How::Browser) == self.hint.is_some(),
            "`hint` goes with how = \"browser\", and only with it"
        );
        if let Some(sha256) = &self.sha256 {
            let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            ensure!(
                sha256.len() == 64 && sha256.chars().all(is_digit),
                "`sha256` must have 64 hexadecimal digits in lower case, but is `{sha256}`"
            );
        }
        for (field, text) in [
            ("name", &self.name),
            ("space", &self.space),
            ("licence", &self.licence),
            ("citation", &self.citation),
        ] {
            ensure!(!text.trim().is_empty(), "`{field}` is empty");
        }
        Ok(())
    }
}

/// Whether a text names a file in a folder, and nothing elsewhere or hidden.
fn is_file_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\\', ':', '\0'])
}

impl Size {
    /// For people, with a `~` before rounded numbers.
    pub(super) fn text(self) -> String {
        match self {
            Self::Exact(bytes) => DecimalBytes(bytes).to_string(),
            Self::About(bytes) => format!("~{}", DecimalBytes(bytes)),
            Self::Unknown => "unknown".to_owned(),
        }
    }

    /// The best known number.
    pub(super) fn bytes(self) -> Option<u64> {
        match self {
            Self::Exact(bytes) | Self::About(bytes) => Some(bytes),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_catalogue() {
        let catalogue = Catalogue::read(None).unwrap();
        let names: Vec<_> = catalogue
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "nasbench101-full",
                "nasbench101-only108",
                "nats-tss-simple",
                "nats-tss",
                "nats-sss-simple",
                "nats-sss",
                "nasbench201-v1.0",
                "nasbench201-v1.1",
                "nasbench301-v1.0",
                "nasbench301-v0.9",
            ]
        );
        let full = catalogue.source("nasbench101-full").unwrap();
        assert_eq!(full.size(), Size::Exact(2_085_986_016));
        assert_eq!(full.size().text(), "2.09 GB");
        for source in &catalogue.sources {
            // Without a checksum, the transport is all that vouches for a file.
            assert!(source.url.starts_with("https://"), "{}", source.name);
        }
    }

    #[test]
    fn unknown_names_get_a_suggestion() {
        let catalogue = Catalogue::read(None).unwrap();
        let error = catalogue
            .source("nasbench101_full")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("did you mean `nasbench101-full`?"),
            "{error}"
        );
        let error = catalogue.source("zzz").unwrap_err().to_string();
        assert!(error.contains("known: nasbench101-full, "), "{error}");
    }

    #[test]
    fn broken_catalogues() {
        let good = "[[source]]\nname = \"a\"\nfile = \"a.bin\"\nhow = \"http\"\nurl = \"http://x/a\"\n\
                    space = \"s\"\nlicence = \"l\"\ncitation = \"c\"\n";
        assert_eq!(Catalogue::parse(good).unwrap().sources.len(), 1);
        let twice = format!("{good}{good}");
        let other = good.replace("\"a\"", "\"b\"");
        let same_file = format!("{good}{other}");
        for (text, expected) in [
            (twice.as_str(), "the name `a` is there twice"),
            (&same_file, "the file `a.bin` is there twice"),
            (&good.replace("a.bin", "../a"), "plain name"),
            (&good.replace("a.bin", ".a"), "plain name"),
            (&good.replace("http://x", "ftp://x"), "https://"),
            (
                &format!("{good}size = 1\nsize_about = 1\n"),
                "exclude each other",
            ),
            (&good.replace("\"http\"", "\"browser\""), "`hint` goes with"),
            (&format!("{good}hint = \"h\"\n"), "`hint` goes with"),
            (&good.replace("\"l\"", "\" \""), "`licence` is empty"),
            (&format!("{good}sha256 = \"12\"\n"), "64 hexadecimal digits"),
            (&format!("{good}colour = \"red\"\n"), "unknown field"),
            (&good.replace("\"http\"", "\"post\""), "unknown variant"),
            (&format!("{good}convert = \"x\"\n"), "unknown variant"),
        ] {
            let error = format!("{:#}", Catalogue::parse(text).unwrap_err());
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
