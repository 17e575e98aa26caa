//! Markdown: no trailing spaces, and relative links that lead somewhere.

use super::Finding;
use super::tree::TextFile;

/// No line ends with a space or a tab.
pub(super) fn check_spaces(file: &TextFile) -> Vec<Finding> {
    file.text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.ends_with([' ', '\t']))
        .map(|(i, _)| Finding::error(&file.path, i + 1, "the line ends with spaces; remove them"))
        .collect()
}

/// Every relative link leads to a file or folder of the repository, and to a heading that it has.
pub(super) fn check_links(file: &TextFile, files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in prose(&file.text) {
        for target in link_targets(&without_code(text)) {
            if is_external(target) {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let wanted = if path.is_empty() {
                Some(file.path.clone())
            } else {
                join(&file.path, path)
            };
            let found = wanted.and_then(|wanted| files.iter().find(|other| other.path == wanted));
            let message = match found {
                None => format!("the link to `{target}` leads nowhere: there is no such file"),
                Some(other) if !heading.is_empty() && !has_heading(&other.text, heading) => {
                    format!("the link to `{target}` leads nowhere: there is no such heading")
                }
                Some(_) => continue,
            };
            findings.push(Finding::error(&file.path, line, message));
        }
    }
    findings
}

/// The lines outside fenced code blocks, with their numbers from 1.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(i, line)| {
        let mark = line.trim_start();
        let ticks = mark.len() - mark.trim_start_matches('`').len();
        match fence {
            Some(open) => {
                if mark.starts_with(open) && mark[ticks..].trim().is_empty() {
                    fence = None;
                }
                None
            }
            None if ticks >= 3 => {
                fence = Some(&mark[..ticks]);
                None
            }
            None => Some((i + 1, line)),
        }
    })
}

/// The text between pairs of backticks.
pub(super) fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// The targets of `[text](target)`, `![text](target)` and `[name]: target`.
fn link_targets(line: &str) -> Vec<&str> {
    let mut targets: Vec<_> = line
        .match_indices("](")
        .filter_map(|(at, mark)| {
            let rest = &line[at + mark.len()..];
            rest.split_once(')').map(|(target, _)| target)
        })
        .collect();
    if line.starts_with('[')
        && let Some((_, target)) = line.split_once("]: ")
    {
        targets.push(target);
    }
    targets
        .into_iter()
        // What follows a space is the link's title.
        .filter_map(|target| target.split_whitespace().next())
        .map(|target| target.trim_start_matches('<').trim_end_matches('>'))
        .collect()
}

fn is_external(target: &str) -> bool {
    ["http:", "https:", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme))
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

/// Whether a text has a heading with this anchor.
fn has_heading(text: &str, wanted: &str) -> bool {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() < line.len() && title.starts_with(' ') {
            let anchor = anchor(title.trim());
            let earlier = anchors.iter().filter(|other| **other == anchor).count();
            let full = if earlier == 0 {
                anchor.clone()
            } else {
                format!("{anchor}-{earlier}")
            };
            if full == wanted {
                return true;
            }
            anchors.push(anchor);
        }
    }
    false
}

/// The anchor that a heading gets on common hosts: lower case, spaces as hyphens, other punctuation dropped.
fn anchor(title: &str) -> String {
    title
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn trailing_spaces() {
        let found = check_spaces(&file("a.md", "a\nb \n\nc\t\n```\nd \n```\n"));
        let lines: Vec<_> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 4, 6]);
    }

    #[test]
    fn links() {
        let files = [
            file("docs/A.md", "# Why `gemm`, and how?\n## Twice\n## Twice\n"),
            file("docs/math", ""),
            file("README.md", "# Top\n"),
        ];
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
            let page = file("docs/PAGE.md", &format!("# Here\n{line}\n"));
            let mut all = files.to_vec();
            all.push(page.clone());
            let found = check_links(&page, &all);
            assert_eq!(found.is_empty(), good, "{line}: {found:?}");
        }
    }

    #[test]
    fn prose_leaves_out_fences() {
        let text = "a\n```text\nb\n```\nc\n````md\n```\nd\n````\ne";
        let lines: Vec<_> = prose(text).collect();
        assert_eq!(lines, [(1, "a"), (5, "c"), (10, "e")]);
    }
}
