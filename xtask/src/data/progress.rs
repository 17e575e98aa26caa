//! Progress on stderr, and remarks about it.

use indicatif::{ProgressBar, ProgressStyle};

/// Who is told how a fetch goes.
pub(super) trait Progress {
    /// A new stretch begins: what it is, where it stands, and how long it is.
    fn begin(&self, what: &str, position: u64, length: Option<u64>);
    /// So many more bytes.
    fn advance(&self, bytes: u64);
    /// Something that the user should know.
    fn note(&self, text: &str);
}

/// A bar; without a terminal, only the remarks.
#[derive(Debug)]
pub(super) struct Terminal {
    bar: ProgressBar,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self {
            bar: ProgressBar::no_length(),
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Terminal {
    fn begin(&self, what: &str, position: u64, length: Option<u64>) {
        let template = if length.is_some() {
            "{prefix} [{bar:24}] {bytes}/{total_bytes}  {bytes_per_sec}, {eta} left"
        } else {
            "{prefix} {spinner} {bytes}  {bytes_per_sec}"
        };
        let style = ProgressStyle::with_template(template)
            .expect("invariant: the templates of this file are valid")
            .progress_chars("=> ");
        self.bar.set_style(style);
        self.bar.set_prefix(what.to_owned());
        match length {
            Some(length) => self.bar.set_length(length),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(position);
        // The speed is that of this stretch.
        self.bar.reset_eta();
    }

    fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn note(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid() {
        let progress = Terminal::new();
        progress.begin("a", 5, Some(10));
        progress.advance(2);
        assert_eq!(progress.bar.position(), 7);
        assert_eq!(progress.bar.length(), Some(10));
        progress.begin("b", 0, None);
        assert_eq!(progress.bar.position(), 0);
        assert_eq!(progress.bar.length(), None);
        progress.end();
    }
}
