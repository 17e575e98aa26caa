//! `cargo xtask tidy`: the rules that no compiler knows.
//!
//! Each check is a pure function from text to findings, in a file of its own; this file reads the tree, runs them all
//! and lists every finding. The rules that come from the architecture stand in docs/ARCHITECTURE.md.

mod access;
mod crate_graph;
mod documented_paths;
mod lexer;
mod markdown;
mod rust_files;
mod tree;
mod unsafe_code;

use std::fmt;
use std::path::Path;

use anyhow::bail;

use tree::TextFile;

/// Where the architecture is written down.
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

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
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(
            f,
            "{severity}: {}:{}: {}",
            self.path, self.line, self.message
        )
    }
}

/// Runs all checks and lists what they find, warnings first.
///
/// # Errors
///
/// When there is an error among the findings, or the tree cannot be read.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let files = tree::read(root)?;
    let members = crate_graph::members(root)?;
    let mut findings = check(&files, &members);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count();
    if errors > 0 {
        bail!("tidy found {errors} error(s)");
    }
    println!("tidy: {} files and folders are in order", files.len());
    Ok(())
}

fn check(files: &[TextFile], members: &[crate_graph::Member]) -> Vec<Finding> {
    let mut findings = tree::check_names(files.iter().map(|file| file.path.as_str()));
    for file in files.iter().filter(|file| file.has_extension("rs")) {
        let tokens = lexer::tokens(&file.text);
        findings.extend(rust_files::check_header(file));
        findings.extend(rust_files::check_length(file));
        findings.extend(unsafe_code::check(&file.path, &tokens));
        findings.extend(access::check(&file.path, &tokens));
    }
    findings.extend(unsafe_code::check_list(files));
    for file in files.iter().filter(|file| file.has_extension("md")) {
        findings.extend(markdown::check_spaces(file));
        findings.extend(markdown::check_links(file, files));
    }
    match files.iter().find(|file| file.path == ARCHITECTURE) {
        Some(architecture) => {
            findings.extend(documented_paths::check(architecture, files));
            findings.extend(crate_graph::check(architecture, members));
        }
        None => findings.push(Finding::error(ARCHITECTURE, 1, "the file is missing")),
    }
    findings
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
