//! Whether a file is what the catalogue says: its size, its sha256, and that it is no web page.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use anyhow::bail;
use indicatif::{DecimalBytes, ProgressBar, ProgressFinish, ProgressStyle};
use sha2::{Digest as _, Sha256};

use super::catalogue::{Size, Source};
use super::place::explain;

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// As much of a file's beginning as tells a web page.
const HEAD: usize = 64;

/// What was found in a file.
#[derive(Clone, Debug)]
pub(super) struct Inspection {
    pub(super) sha256: String,
    /// The difference to the catalogue that explains most.
    pub(super) problem: Option<String>,
}

impl Inspection {
    /// Reads a file from its beginning to its end.
    pub(super) fn of(path: &Path, source: &Source) -> anyhow::Result<Self> {
        let (bytes, sha256, head) =
            read(path, &source.name).map_err(|error| explain(error, "read", path))?;
        let problem = if is_web_page(&head) {
            Some("it is a web page (HTML), not the data".to_owned())
        } else if !source.size().fits(bytes) {
            let wanted = source.size().in_words();
            Some(format!("it should have {wanted}, but has {bytes} bytes"))
        } else {
            let published = source.sha256.as_ref().filter(|known| **known != sha256);
            published.map(|known| format!("its sha256 should be {known}, but is {sha256}"))
        };
        Ok(Self { sha256, problem })
    }

    /// The sha256 of a file that is what it should be.
    pub(super) fn accept(self) -> anyhow::Result<String> {
        match self.problem {
            Some(problem) => bail!(problem),
            None => Ok(self.sha256),
        }
    }
}

/// The number of bytes, the sha256 and the beginning of a file.
fn read(path: &Path, name: &str) -> io::Result<(u64, String, Vec<u8>)> {
    let file = File::open(path)?;
    let bar = bar(
        &format!("checking {name}"),
        0,
        file.metadata()?.len().into(),
    );
    let mut reader = BufReader::with_capacity(CHUNK, bar.wrap_read(file));
    let (mut length, mut hasher, mut head) = (0, Sha256::new(), Vec::new());
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        let missing = HEAD - head.len();
        head.extend(bytes.iter().take(missing));
        hasher.update(bytes);
        let count = bytes.len();
        length += count as u64;
        reader.consume(count);
    }
    let mut sha256 = String::new();
    for byte in hasher.finalize() {
        let _ = write!(sha256, "{byte:02x}");
    }
    Ok((length, sha256, head))
}

impl Size {
    /// Whether a number of bytes agrees with what is known.
    ///
    /// A rounded number may be off by a fifth: a published "MB" may have 2^20 bytes, and a "GB" 2^30.
    pub(super) fn fits(self, found: u64) -> bool {
        match self {
            Self::Exact(expected) => found == expected,
            Self::About(expected) => found.abs_diff(expected) <= expected / 5,
            Self::Unknown => true,
        }
    }

    fn in_words(self) -> String {
        match self {
            Self::Exact(bytes) => format!("{bytes} bytes"),
            Self::About(bytes) => format!("about {}", DecimalBytes(bytes)),
            Self::Unknown => "any size".to_owned(),
        }
    }

    /// Refuses what a server offers.
    pub(super) fn check_offer(self, source: &Source, offered: u64) -> anyhow::Result<()> {
        if self.fits(offered) {
            return Ok(());
        }
        bail!(
            "{} offers {offered} bytes, but {} should have {}: the file has changed, or this is another one",
            source.url,
            source.file,
            self.in_words()
        )
    }
}

/// Whether a file begins as web pages do.
fn is_web_page(head: &[u8]) -> bool {
    let text = head.trim_ascii_start().to_ascii_lowercase();
    text.starts_with(b"<!doctype html") || text.starts_with(b"<html")
}

/// A bar on the terminal, if there is one, for as long as it lives.
pub(super) fn bar(what: &str, position: u64, length: Option<u64>) -> ProgressBar {
    let template = if length.is_some() {
        "{prefix} [{bar:24}] {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}, {eta} left"
    } else {
        "{prefix} {spinner} {decimal_bytes}  {decimal_bytes_per_sec}"
    };
    let style = ProgressStyle::with_template(template)
        .expect("invariant: the templates of this file are valid");
    let bar = ProgressBar::no_length()
        .with_style(style.progress_chars("=> "))
        .with_prefix(what.to_owned())
        .with_position(position)
        .with_finish(ProgressFinish::AndClear);
    if let Some(length) = length {
        bar.set_length(length);
    }
    // The speed is that of this stretch.
    bar.reset_eta();
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (size, found, fits) in [
            (Size::Exact(10), 10, true),
            (Size::Exact(10), 11, false),
            // 499 MB of 2^20 bytes.
            (Size::About(499_000_000), 523_239_424, true),
            (Size::About(499_000_000), 12_000, false),
            (Size::About(499_000_000), 2_085_986_016, false),
            (Size::Unknown, 0, true),
        ] {
            assert_eq!(size.fits(found), fits, "{size:?} {found}");
        }
    }

    #[test]
    fn web_pages() {
        assert!(is_web_page(b"\n <!DOCTYPE html><html>"));
        assert!(is_web_page(b"<HTML lang=en>"));
        assert!(!is_web_page(b"PK\x03\x04"));
        assert!(!is_web_page(b""));
    }
}
