//! Markdown: no trailing spaces, relative links that lead somewhere, and paths in the architecture that exist.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Finding;
use super::tree::{TextFile, Tree};

/// Trailing spaces and links of all pages.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let pages = tree
        .ending(".md")
        .map(|file| (file.path, Page::parse(file.text)));
    let pages: BTreeMap<_, _> = pages.collect();
    let mut findings = Vec::new();
    for file in tree.ending(".md") {
        let trailing = (1..)
            .zip(file.text.lines())
            .filter(|(_, line)| line.ends_with([' ', '\t']));
        findings.extend(trailing.map(|(line, _)| {
            Finding::error(file.path, line, "the line ends with spaces; remove them")
        }));
        for (line, target) in &pages[file.path].links {
            if let Some(missing) = missing(file.path, target, tree, &pages) {
                let message =
                    format!("the link to `{target}` leads nowhere: there is no such {missing}");
                findings.push(Finding::error(file.path, *line, message));
            }
        }
    }
    findings
}

/// Every path in backticks that begins with a folder of ours leads to a file or folder.
pub(super) fn check_paths(document: TextFile<'_>, tree: &Tree) -> Vec<Finding> {
    let is_path = |span: &str| {
        let is_ours = span
            .split_once('/')
            .is_some_and(|(folder, _)| tree.contains(folder));
        is_ours && !span.contains(['*', '<', ' '])
    };
    let page = Page::parse(document.text);
    let spans = page.code.iter();
    spans
        .filter(|(_, span)| is_path(span) && !tree.contains(span.trim_end_matches('/')))
        .map(|(line, span)| {
            let message =
                format!("`{span}` does not exist; name the file that took its place, or create it");
            Finding::error(document.path, *line, message)
        })
        .collect()
}

/// What a page links to, by line, and what can be linked to.
#[derive(Debug, Default)]
struct Page {
    links: Vec<(usize, String)>,
    code: Vec<(usize, String)>,
    anchors: Vec<String>,
}

impl Page {
    fn parse(text: &str) -> Self {
        let line = |at: usize| 1 + text[..at].matches('\n').count();
        let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
        let mut page = Self::default();
        for (_, definition) in parser.reference_definitions().iter() {
            page.links
                .push((line(definition.span.start), definition.dest.to_string()));
        }
        let mut heading = None;
        for (event, range) in parser.into_offset_iter() {
            if let (Some(title), Event::Text(text) | Event::Code(text)) = (&mut heading, &event) {
                *title = format!("{title}{text}");
            }
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push((line(range.start), dest_url.to_string()));
                }
                Event::Code(text) => page.code.push((line(range.start), text.to_string())),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.add_anchor(&heading.take().unwrap_or_default())
                }
                _ => {}
            }
        }
        page
    }

    /// As common hosts do: lower case, spaces as hyphens, other punctuation dropped, and a number where titles repeat.
    fn add_anchor(&mut self, title: &str) {
        let is_kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
        let kept: String = title.to_lowercase().chars().filter(is_kept).collect();
        let anchor = kept.replace(' ', "-");
        let repeated = (1..).map(|number| format!("{anchor}-{number}"));
        let mut names = std::iter::once(anchor.clone()).chain(repeated);
        let free = names.find(|name| !self.anchors.contains(name));
        self.anchors.extend(free);
    }
}

/// What is missing of the target of a link.
fn missing(
    file: &str,
    target: &str,
    tree: &Tree,
    pages: &BTreeMap<&str, Page>,
) -> Option<&'static str> {
    let schemes = ["http:", "https:", "mailto:"];
    if schemes.iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    // A link without a path is to the page itself.
    let path = match path {
        "" => Some(file.to_owned()),
        path => join(file, path),
    };
    let Some(path) = path.filter(|path| tree.contains(path)) else {
        return Some("file");
    };
    let page = pages.get(path.as_str());
    let has_heading = || page.is_some_and(|page| page.anchors.iter().any(|it| it == heading));
    (!heading.is_empty() && !has_heading()).then_some("heading")
}

/// The path of a link's target, relative to the workspace; `None` when it leads out of it.
fn join(file: &str, target: &str) -> Option<String> {
    let mut folders: Vec<&str> = file.split('/').collect();
    folders.pop();
    for word in target.split('/') {
        match word {
            "" | "." => {}
            ".." => {
                folders.pop()?;
            }
            _ => folders.push(word),
        }
    }
    Some(folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_spaces() {
        let found = check(&Tree::of(&[("a.md", "a\nb \n\nc\t\n```\nd \n```\n")]));
        let lines: Vec<_> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 4, 6]);
    }

    #[test]
    fn links() {
        for (line, good) in [
            ("[a](A.md)", true),
            ("[a](./A.md \"title\") and ![b](../README.md)", true),
            ("[a](math/)", true),
            ("[a](A.md#why-gemm-and-how)", true),
            ("[a](A.md#twice-1)", true),
            ("[a](#here)", true),
            ("[a]: A.md", true),
            ("[a](https://example.org/x)", true),
            ("`[a](B.md)` and `b`", true),
            ("```text\n[a](B.md)\n```", true),
            ("[a](B.md)", false),
            ("[a](A.md) [b](B.md)", false),
            ("[a](A.md#twice-2)", false),
            ("[a](#there)", false),
            ("[a](../../A.md)", false),
            ("[a]: B.md", false),
        ] {
            let page = format!("# Here\n{line}\n");
            let found = check(&Tree::of(&[
                ("docs/A.md", "# Why `gemm`, and how?\n## Twice\n## Twice\n"),
                ("docs/math/x", ""),
                ("README.md", "# Top\n"),
                ("docs/PAGE.md", &page),
            ]));
            assert_eq!(found.is_empty(), good, "{line}: {found:?}");
            assert!(found.iter().all(|finding| finding.line == 2));
        }
    }

    #[test]
    fn paths_must_exist() {
        let text = "`crates/a/` and `crates/a/src/lib.rs` exist.\n\
             `crates/a/src/gone.rs` and `crates/b` do not.\n\
             `and/or`, `crates/*`, `crates/<name>` and `crates` are no paths, crates/none is no code.\n\
             ```text\n`crates/none`\n```\n";
        let tree = Tree::of(&[("crates/a/src/lib.rs", "")]);
        let path = "docs/ARCHITECTURE.md";
        let found = check_paths(TextFile { path, text }, &tree);
        let lines: Vec<_> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 2]);
    }
}
