//! The catalogue, `xtask/data.toml`: what can be fetched, from where, and what it must be.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};
use ganas_space::suggestion::closest;
use indicatif::DecimalBytes;
use serde::{Deserialize, Serialize};

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
    /// The format that `ganas table import` finds in the file, for people; `None` where there is nothing to convert.
    pub(super) convert: Option<String>,
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
    /// The catalogue that this program was built with.
    pub(super) fn embedded() -> anyhow::Result<Self> {
        Self::parse(include_str!("../../data.toml")).context("xtask/data.toml")
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let catalogue: Self = toml::from_str(text)?;
        catalogue.check()?;
        Ok(catalogue)
    }

    /// Names and files are unique, and every source is complete.
    fn check(&self) -> anyhow::Result<()> {
        let (mut names, mut files) = (BTreeSet::new(), BTreeSet::new());
        for source in &self.sources {
            let Source { name, file, .. } = source;
            ensure!(names.insert(name), "the name `{name}` is there twice");
            ensure!(files.insert(file), "the file `{file}` is there twice");
            let check = source.check();
            check.with_context(|| format!("the source `{name}`"))?;
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
        let Self { file, url, .. } = self;
        // A file in a folder, and nothing elsewhere or hidden.
        let is_plain = !file.is_empty() && !file.starts_with('.');
        ensure!(
            is_plain && !file.contains(['/', '\\', ':', '\0']),
            "`file` must be a plain name, but is `{file}`"
        );
        ensure!(
            url.starts_with("https://") || url.starts_with("http://"),
            "`url` must begin with https:// or http://, but is `{url}`"
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
        let texts = [&self.name, &self.space, &self.licence, &self.citation];
        for (field, text) in ["name", "space", "licence", "citation"].iter().zip(texts) {
            ensure!(!text.trim().is_empty(), "`{field}` is empty");
        }
        Ok(())
    }
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
        let catalogue = Catalogue::embedded().unwrap();
        assert_eq!(catalogue.sources.len(), 10);
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
        let catalogue = Catalogue::embedded().unwrap();
        let error = |name| catalogue.source(name).unwrap_err().to_string();
        assert!(error("nasbench101_full").contains("did you mean `nasbench101-full`?"));
        assert!(error("zzz").contains("known: nasbench101-full, "));
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
        ] {
            let error = format!("{:#}", Catalogue::parse(text).unwrap_err());
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
