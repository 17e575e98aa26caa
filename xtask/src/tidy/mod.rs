//! `cargo xtask tidy`: the rules that no compiler knows.
//!
//! Each check is a pure function from text to findings; this file reads the tree, runs them all and lists every finding.
//! The rules that come from the architecture are in docs/ARCHITECTURE.md.

mod crate_graph;
mod manifests;
mod markdown;
mod permissions;
mod rust_files;
mod tree;

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};

pub(crate) use manifests::is_published;
use tree::Tree;

/// Where the architecture is written down.
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// Options of `cargo xtask tidy`.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Writes the clippy.toml of each crate anew.
    #[arg(long)]
    fix: bool,
}

/// Whether a finding fails the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Warning,
    Error,
}

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    severity: Severity,
    /// Relative to the workspace, with forward slashes.
    path: String,
    /// From 1.
    line: usize,
    /// What is wrong, and what to do.
    message: String,
}

impl Finding {
    fn error(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }

    fn warning(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(path, line, message)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            message,
            severity,
        } = self;
        let severity = format!("{severity:?}").to_lowercase();
        write!(f, "{severity}: {path}:{line}: {message}")
    }
}

/// Runs all checks and lists what they find, warnings first.
pub(crate) fn run(root: &Path, options: Options) -> anyhow::Result<()> {
    if options.fix {
        permissions::write(root)?;
    }
    let tree = Tree::read(root)?;
    let packages = crate::packages(root)?;
    let members: Vec<_> = packages
        .iter()
        .map(|package| crate_graph::Member::new(root, package))
        .collect();
    let architecture = tree
        .file(ARCHITECTURE)
        .with_context(|| format!("{ARCHITECTURE} is missing"))?;
    let mut findings = rust_files::check(&tree);
    findings.extend(markdown::check(&tree));
    findings.extend(markdown::check_paths(architecture, &tree));
    findings.extend(crate_graph::check(architecture, &members));
    findings.extend(manifests::check(root, &tree, &packages));
    findings.extend(permissions::check(&tree)?);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let errors = findings.iter().filter(is_error).count();
    if errors > 0 {
        bail!("tidy found {errors} error(s)");
    }
    println!("tidy: {} files and folders are in order", tree.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_its_place() {
        let finding = Finding::error("docs/a.md", 7, "no");
        assert_eq!(finding.to_string(), "error: docs/a.md:7: no");
        assert!(Finding::warning("z", 1, "") < finding);
    }
}
