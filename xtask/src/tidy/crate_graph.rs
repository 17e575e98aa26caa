//! Crates of the workspace depend on each other along the edges that docs/ARCHITECTURE.md draws, and no others.
//!
//! The drawing is a fenced block with the info string `text crate-graph` and lines such as
//! `ganas-search -> ganas-eval, ganas-space`. It binds the crates in `crates/`:
//!
//! * normal and build dependencies are edges of the drawing;
//! * development dependencies may be any crate below, and those that are for tests: ganas-testkit and
//!   ganas-cuda-emulation;
//! * the crates for tests depend on no crate of the workspace.
//!
//! The packages outside `crates/` (tests, xtask) stand on top and are free; no crate may depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::tree::TextFile;
use super::{ARCHITECTURE, Finding};
use crate::{cargo, command_line};

/// What tests are written with.
pub(super) const FOR_TESTS: [&str; 2] = ["ganas-cuda-emulation", "ganas-testkit"];

/// The line that opens the drawing.
const FENCE: &str = "```text crate-graph";

/// A package of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    name: String,
    /// Its manifest.
    manifest: TextFile,
    /// The packages of the workspace that it depends on.
    dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Dependency {
    name: String,
    /// Whether only tests, examples and benches have it.
    is_dev: bool,
}

/// The packages of the workspace, as cargo sees them.
pub(super) fn members(root: &Path) -> anyhow::Result<Vec<Member>> {
    let mut command = cargo(root);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(
        output.status.success(),
        "{} ended with {}",
        command_line(&command),
        output.status
    );
    let metadata = serde_json::from_slice(&output.stdout)?;
    let mut members = parse_metadata(&metadata).context("cargo metadata has an unknown form")?;
    for member in &mut members {
        let path = Path::new(&member.manifest.path);
        member.manifest = TextFile {
            text: std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?,
            path: path
                .strip_prefix(root)
                .unwrap_or(path)
                .to_string_lossy()
                .replace('\\', "/"),
        };
    }
    Ok(members)
}

/// The members, with the absolute path of their manifest and without its text.
fn parse_metadata(metadata: &serde_json::Value) -> Option<Vec<Member>> {
    let packages = metadata["packages"].as_array()?;
    let names: BTreeSet<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"]
                .as_array()?
                .iter()
                .filter_map(|dependency| {
                    let name = dependency["name"].as_str()?;
                    let is_member = dependency["path"].is_string() && names.contains(name);
                    is_member.then(|| Dependency {
                        name: name.to_owned(),
                        is_dev: dependency["kind"] == "dev",
                    })
                })
                .collect();
            Some(Member {
                name: package["name"].as_str()?.to_owned(),
                manifest: TextFile {
                    path: package["manifest_path"].as_str()?.to_owned(),
                    text: String::new(),
                },
                dependencies,
            })
        })
        .collect()
}

/// All edges between the members are drawn.
pub(super) fn check(architecture: &TextFile, members: &[Member]) -> Vec<Finding> {
    let (graph, mut findings) = parse_drawing(architecture);
    for (name, line) in graph.names() {
        if !members.iter().any(|member| member.name == name) {
            let message = format!("the crate graph names `{name}`, which is not there yet");
            findings.push(Finding::warning(&architecture.path, line, message));
        }
    }
    for member in members {
        if !member.manifest.path.starts_with("crates/") {
            continue;
        }
        for dependency in &member.dependencies {
            if let Some(problem) = graph.problem(&member.name, dependency) {
                let line = manifest_line(&member.manifest.text, dependency);
                findings.push(Finding::error(&member.manifest.path, line, problem));
            }
        }
    }
    findings
}

/// The drawing.
#[derive(Debug, Default)]
struct Graph {
    /// The crates that a crate may depend on, with the line that says so.
    edges: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Graph {
    /// All crates in the drawing, with the first line that names them.
    fn names(&self) -> BTreeMap<&str, usize> {
        let mut names = BTreeMap::new();
        for (from, targets) in &self.edges {
            for (to, &line) in targets {
                for name in [from, to] {
                    let first = names.entry(name.as_str()).or_insert(line);
                    *first = line.min(*first);
                }
            }
        }
        names
    }

    /// The crates that can be reached from a crate.
    fn below(&self, from: &str) -> BTreeSet<&str> {
        let mut below = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(name) = waiting.pop() {
            for to in self.edges.get(name).into_iter().flat_map(BTreeMap::keys) {
                if below.insert(to.as_str()) {
                    waiting.push(to);
                }
            }
        }
        below
    }

    /// Why a dependency is not allowed.
    fn problem(&self, from: &str, dependency: &Dependency) -> Option<String> {
        let to = dependency.name.as_str();
        if FOR_TESTS.contains(&from) {
            return Some(format!(
                "{from} may depend on no crate of the workspace, but depends on {to}; every crate's tests may use it"
            ));
        }
        if dependency.is_dev {
            let allowed = FOR_TESTS.contains(&to) || self.below(from).contains(to);
            return (!allowed).then(|| {
                let for_tests = FOR_TESTS.join(", ");
                format!("the tests of {from} may use {for_tests} and the crates below {from}, but not {to}")
            });
        }
        if FOR_TESTS.contains(&to) {
            return Some(format!(
                "{to} is for tests: make it a development dependency"
            ));
        }
        let drawn = self
            .edges
            .get(from)
            .is_some_and(|targets| targets.contains_key(to));
        (!drawn).then(|| {
            format!(
                "the edge {from} -> {to} is not drawn in {ARCHITECTURE}; \
                 remove the dependency, or draw the edge and say why in the same change"
            )
        })
    }
}

/// Reads the drawing; a line that is no edge is a finding.
fn parse_drawing(architecture: &TextFile) -> (Graph, Vec<Finding>) {
    let mut graph = Graph::default();
    let mut findings = Vec::new();
    let mut lines = (1..).zip(architecture.text.lines());
    if !lines.any(|(_, line)| line.trim_end() == FENCE) {
        let message = format!("the crate graph is missing: a block that opens with {FENCE}");
        findings.push(Finding::error(&architecture.path, 1, message));
        return (graph, findings);
    }
    for (number, line) in lines.take_while(|(_, line)| !line.starts_with("```")) {
        if line.trim().is_empty() {
            continue;
        }
        let edge = line.split_once("->").map(|(from, targets)| {
            let targets: Vec<_> = targets.split(',').map(str::trim).collect();
            (from.trim(), targets)
        });
        match edge {
            Some((from, targets))
                if is_name(from)
                    && targets
                        .iter()
                        .all(|to| is_name(to) && !FOR_TESTS.contains(to)) =>
            {
                let edges = graph.edges.entry(from.to_owned()).or_default();
                edges.extend(targets.into_iter().map(|to| (to.to_owned(), number)));
            }
            _ => {
                let message = format!(
                    "not an edge of the crate graph: `{line}`; write `crate -> crate, crate`, and leave out {}",
                    FOR_TESTS.join(" and ")
                );
                findings.push(Finding::error(&architecture.path, number, message));
            }
        }
    }
    (graph, findings)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// The line of a manifest that names a dependency; 1 when it is written in another way.
fn manifest_line(manifest: &str, dependency: &Dependency) -> usize {
    let mut in_section = false;
    for (number, line) in (1..).zip(manifest.lines()) {
        let line = line.trim();
        if line.starts_with('[') {
            let section = line.trim_matches(['[', ']']);
            in_section = section.ends_with("dependencies")
                && section.ends_with("dev-dependencies") == dependency.is_dev;
        } else if in_section
            && line
                .strip_prefix(dependency.name.as_str())
                .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
        {
            return number;
        }
    }
    1
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

    fn architecture(text: &str) -> TextFile {
        TextFile {
            path: ARCHITECTURE.to_owned(),
            text: text.to_owned(),
        }
    }

    fn member(folder: &str, normal: &[&str], dev: &[&str]) -> Member {
        let name = folder.trim_start_matches("crates/");
        let mut text = "[package]\n[dependencies]\n".to_owned();
        for dependency in normal {
            text += &format!("{dependency}.workspace = true\n");
        }
        text += "[dev-dependencies]\n";
        for dependency in dev {
            text += &format!("{dependency} = {{ workspace = true }}\n");
        }
        let dependency = |is_dev| {
            move |name: &&str| Dependency {
                name: (*name).to_owned(),
                is_dev,
            }
        };
        Member {
            name: name.to_owned(),
            manifest: TextFile {
                path: format!("{folder}/Cargo.toml"),
                text,
            },
            dependencies: normal
                .iter()
                .map(dependency(false))
                .chain(dev.iter().map(dependency(true)))
                .collect(),
        }
    }

    fn errors(members: &[Member]) -> Vec<(String, usize)> {
        check(&architecture(DRAWING), members)
            .into_iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| (finding.path, finding.line))
            .collect()
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
        assert_eq!(check(&architecture(DRAWING), &members), []);
    }

    #[test]
    fn other_edges_are_not() {
        for (bad, line) in [
            (member("crates/ganas-space", &["ganas-eval"], &[]), 3),
            (
                member("crates/ganas-store", &["ganas-search", "ganas-space"], &[]),
                4,
            ),
            (
                member("crates/ganas-store", &["ganas-search", TESTKIT], &[]),
                4,
            ),
            (
                member("crates/ganas-space", &[], &[TESTKIT, "ganas-eval"]),
                5,
            ),
            (member("crates/ganas-eval", &[EMULATION], &[]), 3),
            (member("crates/ganas-testkit", &["ganas-space"], &[]), 3),
            (
                member("crates/ganas-cuda-emulation", &["ganas-gnn"], &[]),
                3,
            ),
            (member("crates/ganas-cuda-emulation", &[], &[TESTKIT]), 4),
            (member("crates/ganas-testkit", &[], &["ganas-space"]), 4),
            (
                member("crates/ganas-eval", &["ganas-space", "xtask"], &[]),
                4,
            ),
            (member("crates/ganas-new", &["ganas-space"], &[]), 3),
        ] {
            let expected = [(bad.manifest.path.clone(), line)];
            assert_eq!(errors(std::slice::from_ref(&bad)), expected, "{bad:?}");
        }
    }

    #[test]
    fn crates_that_are_not_there_are_a_warning() {
        let members = [
            member("crates/ganas-space", &[], &[]),
            member("crates/ganas-eval", &[], &[]),
            member("crates/ganas-search", &[], &[]),
        ];
        let found = check(&architecture(DRAWING), &members);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].severity, found[0].line), (Severity::Warning, 6));
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
            let (_, findings) = parse_drawing(&architecture(text));
            let lines: Vec<_> = findings.iter().map(|finding| finding.line).collect();
            assert_eq!(lines, [line], "{text}");
        }
    }

    #[test]
    fn metadata() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "a", "manifest_path": "/w/crates/a/Cargo.toml", "dependencies": [
                { "name": "b", "kind": null, "path": "/w/crates/b" },
                { "name": "c", "kind": "dev", "path": "/w/crates/c" },
                { "name": "serde", "kind": null },
            ] },
            { "name": "b", "manifest_path": "/w/crates/b/Cargo.toml", "dependencies": [] },
            { "name": "c", "manifest_path": "/w/crates/c/Cargo.toml", "dependencies": [
                { "name": "a", "kind": "build", "path": "/w/crates/a" },
            ] },
        ] });
        let edges: Vec<_> = parse_metadata(&metadata)
            .unwrap()
            .into_iter()
            .map(|member| {
                let dependencies: Vec<_> = member
                    .dependencies
                    .into_iter()
                    .map(|dependency| (dependency.name, dependency.is_dev))
                    .collect();
                (member.name, dependencies)
            })
            .collect();
        let owned = |name: &str| name.to_owned();
        assert_eq!(
            edges,
            [
                (owned("a"), vec![(owned("b"), false), (owned("c"), true)]),
                (owned("b"), vec![]),
                (owned("c"), vec![(owned("a"), false)]),
            ]
        );
        assert_eq!(parse_metadata(&serde_json::json!({})), None);
    }
}
