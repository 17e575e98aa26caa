//! Crates of the workspace depend on each other along the edges that docs/ARCHITECTURE.md draws, and no others.
//!
//! The drawing is a fenced block with the info string `text crate-graph` and lines such as
//! `ganas-search -> ganas-eval, ganas-space`. It binds the crates in `crates/`:
//!
//! * normal and build dependencies are edges of the drawing;
//! * development dependencies may be any crate below, and those that are for tests;
//! * the crates for tests depend on no crate of the workspace.
//!
//! The packages outside `crates/` stand on top and are free; no crate may depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Package};

use super::tree::TextFile;
use super::{ARCHITECTURE, Finding};

/// What tests are written with.
const FOR_TESTS: [&str; 2] = ["ganas-cuda-emulation", "ganas-testkit"];

/// The line that opens the drawing.
const FENCE: &str = "```text crate-graph";

/// A package of the workspace.
#[derive(Clone, Debug)]
pub(super) struct Member {
    name: String,
    /// Its manifest, relative to the workspace.
    manifest: String,
    /// The packages of the workspace that it depends on, and whether only its tests do.
    dependencies: Vec<(String, bool)>,
}

impl Member {
    pub(super) fn new(root: &Path, package: &Package) -> Self {
        let all = package.dependencies.iter();
        let of_workspace = all.filter(|dependency| dependency.path.is_some());
        let dependencies = of_workspace.map(|dependency| {
            let is_dev = dependency.kind == DependencyKind::Development;
            (dependency.name.clone(), is_dev)
        });
        Self {
            name: package.name.to_string(),
            manifest: crate::relative(root, &package.manifest_path),
            dependencies: dependencies.collect(),
        }
    }
}

/// All edges between the members are drawn.
pub(super) fn check(architecture: TextFile<'_>, members: &[Member]) -> Vec<Finding> {
    let (graph, mut findings) = Graph::parse(architecture);
    let is_member = |name: &str| members.iter().any(|member| member.name == name);
    for name in graph.names().into_iter().filter(|name| !is_member(name)) {
        let message = format!("the crate graph names `{name}`, which is not there yet");
        findings.push(Finding::warning(architecture.path, 1, message));
    }
    let is_in_crates = |member: &&Member| member.manifest.starts_with("crates/");
    for member in members.iter().filter(is_in_crates) {
        for (to, is_dev) in &member.dependencies {
            let problem = graph.problem(&member.name, to, *is_dev);
            findings.extend(problem.map(|problem| Finding::error(&member.manifest, 1, problem)));
        }
    }
    findings
}

/// The drawing: the crates that a crate may depend on.
#[derive(Debug, Default)]
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    /// Reads the drawing; a line that is no edge is a finding.
    fn parse(architecture: TextFile<'_>) -> (Self, Vec<Finding>) {
        let mut graph = Self::default();
        let mut findings = Vec::new();
        let mut lines = (1..).zip(architecture.text.lines());
        if !lines.any(|(_, line)| line.trim_end() == FENCE) {
            let message = format!("the crate graph is missing: a block that opens with {FENCE}");
            findings.push(Finding::error(architecture.path, 1, message));
        }
        for (number, line) in lines.take_while(|(_, line)| !line.starts_with("```")) {
            if line.trim().is_empty() {
                continue;
            }
            let words: Vec<_> = line
                .split([',', ' '])
                .filter(|word| !word.is_empty())
                .collect();
            let is_good = |name: &&str| is_name(name) && !FOR_TESTS.contains(name);
            if let [from, "->", to @ ..] = &words[..]
                && is_name(from)
                && !to.is_empty()
                && to.iter().all(is_good)
                && line.matches(',').count() + 1 == to.len()
            {
                let below = graph.0.entry((*from).to_owned()).or_default();
                below.extend(to.iter().map(|&name| name.to_owned()));
            } else {
                let message = format!(
                    "not an edge of the crate graph: `{line}`; write `crate -> crate, crate`, and leave out {}",
                    FOR_TESTS.join(" and ")
                );
                findings.push(Finding::error(architecture.path, number, message));
            }
        }
        (graph, findings)
    }

    /// All crates in the drawing.
    fn names(&self) -> BTreeSet<&String> {
        let edges = self.0.iter();
        edges
            .flat_map(|(from, to)| to.iter().chain([from]))
            .collect()
    }

    /// The crates that can be reached from a crate.
    fn below<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let mut below = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(name) = waiting.pop() {
            let targets = self.0.get(name).into_iter().flatten();
            waiting.extend(targets.map(String::as_str).filter(|to| below.insert(*to)));
        }
        below
    }

    /// Why a dependency, or one of tests, is not allowed.
    fn problem(&self, from: &str, to: &str, is_dev: bool) -> Option<String> {
        let is_for_tests = FOR_TESTS.contains(&to);
        let is_drawn = self.0.get(from).is_some_and(|targets| targets.contains(to));
        if FOR_TESTS.contains(&from) {
            Some(format!(
                "{from} is for the tests of every crate: it may not depend on {to}"
            ))
        } else if is_dev {
            let is_allowed = is_for_tests || self.below(from).contains(to);
            (!is_allowed).then(|| {
                let for_tests = FOR_TESTS.join(", ");
                format!("the tests of {from} may use {for_tests} and the crates below {from}, but not {to}")
            })
        } else if is_for_tests {
            Some(format!(
                "{to} is for tests: make it a development dependency"
            ))
        } else {
            (!is_drawn).then(|| {
                format!(
                    "the edge {from} -> {to} is not drawn in {ARCHITECTURE}; \
                     remove the dependency, or draw the edge and say why in the same change"
                )
            })
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    const TESTKIT: &str = "ganas-testkit";
    const EMULATION: &str = "ganas-cuda-emulation";

    const DRAWING: &str = "# Title\n\n```text crate-graph\n\
        ganas-eval -> ganas-space\n\
        ganas-search -> ganas-eval, ganas-space\n\
        ganas-store -> ganas-search\n```\n\nganas-gnn -> ganas-cli\n";

    fn architecture(text: &str) -> TextFile<'_> {
        TextFile {
            path: ARCHITECTURE,
            text,
        }
    }

    fn member(folder: &str, normal: &[&str], dev: &[&str]) -> Member {
        let normal = normal.iter().map(|name| ((*name).to_owned(), false));
        let dev = dev.iter().map(|name| ((*name).to_owned(), true));
        Member {
            name: folder.trim_start_matches("crates/").to_owned(),
            manifest: format!("{folder}/Cargo.toml"),
            dependencies: normal.chain(dev).collect(),
        }
    }

    #[test]
    fn drawn_edges_are_allowed() {
        let members = [
            member("crates/ganas-space", &[], &[TESTKIT]),
            member("crates/ganas-eval", &["ganas-space"], &[TESTKIT, EMULATION]),
            member("crates/ganas-search", &["ganas-space", "ganas-eval"], &[]),
            member(
                "crates/ganas-store",
                &["ganas-search"],
                &["ganas-space", TESTKIT],
            ),
            member("crates/ganas-testkit", &[], &[]),
            member("crates/ganas-cuda-emulation", &[], &[]),
            member("tests", &["ganas-store", "ganas-space", TESTKIT], &[]),
            member("xtask", &["ganas-search"], &[]),
        ];
        assert_eq!(check(architecture(DRAWING), &members), []);
        // What is drawn and not there yet is a warning.
        let found = check(architecture(DRAWING), &members[..3]);
        let severities: Vec<_> = found.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Warning]);
    }

    #[test]
    fn other_edges_are_not() {
        for bad in [
            member("crates/ganas-space", &["ganas-eval"], &[]),
            member("crates/ganas-store", &["ganas-search", "ganas-space"], &[]),
            member("crates/ganas-store", &["ganas-search", TESTKIT], &[]),
            member("crates/ganas-space", &[], &[TESTKIT, "ganas-eval"]),
            member("crates/ganas-eval", &[EMULATION], &[]),
            member("crates/ganas-testkit", &["ganas-space"], &[]),
            member("crates/ganas-cuda-emulation", &["ganas-gnn"], &[]),
            member("crates/ganas-cuda-emulation", &[], &[TESTKIT]),
            member("crates/ganas-testkit", &[], &["ganas-space"]),
            member("crates/ganas-eval", &["ganas-space", "xtask"], &[]),
            member("crates/ganas-new", &["ganas-space"], &[]),
        ] {
            let mut found = check(architecture(DRAWING), std::slice::from_ref(&bad));
            found.retain(|finding| finding.severity == Severity::Error);
            let paths: Vec<_> = found.iter().map(|finding| &finding.path).collect();
            assert_eq!(paths, [&bad.manifest], "{bad:?}");
        }
    }

    #[test]
    fn drawings_are_checked() {
        for (text, line) in [
            ("# No drawing\n```text\na -> b\n```\n", 1),
            ("```text crate-graph\na - b\n```\n", 2),
            ("```text crate-graph\na ->\n```\n", 2),
            ("```text crate-graph\n\na -> b c\n```\n", 3),
            ("```text crate-graph\na -> ganas-testkit\n```\n", 2),
        ] {
            let (_, findings) = Graph::parse(architecture(text));
            let lines: Vec<_> = findings.iter().map(|finding| finding.line).collect();
            assert_eq!(lines, [line], "{text}");
        }
    }
}
