//! Every crate can be published, and forbids `unsafe` unless it is listed.

use std::path::Path;

use cargo_metadata::Package;

use super::Finding;
use super::rust_files::may_be_unsafe;
use super::tree::Tree;

/// The crate below `crates/` that nobody but tests can see.
const PRIVATE: &str = "ganas-cuda-emulation";

/// What is wrong with the packages.
pub(super) fn check(root: &Path, tree: &Tree, packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let manifest = crate::relative(root, &package.manifest_path);
        let problems = publication(package, &manifest);
        findings.extend(
            problems
                .into_iter()
                .map(|problem| Finding::error(&manifest, 1, problem)),
        );
        for target in package
            .targets
            .iter()
            .filter(|target| target.is_lib() || target.is_bin())
        {
            let path = crate::relative(root, &target.src_path);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let text = tree.file(&path).map_or("", |file| file.text);
            if !may_be_unsafe(folder) && !text.contains("#![forbid(unsafe_code)]") {
                findings.push(Finding::error(&path, 1, "add `#![forbid(unsafe_code)]`"));
            }
        }
    }
    findings
}

/// Crates below `crates/` are published and say what they are; everything else is not published.
fn publication(package: &Package, manifest: &str) -> Vec<String> {
    let may_be_published = package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty());
    if !manifest.starts_with("crates/") || package.name == PRIVATE {
        let problem = "the package is for the workspace only: say `publish = false`";
        return may_be_published
            .then(|| problem.to_owned())
            .into_iter()
            .collect();
    }
    let missing = [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("repository", package.repository.is_some()),
        (
            "readme (a README.md beside the manifest)",
            package.readme.is_some(),
        ),
        ("keywords", !package.keywords.is_empty()),
    ];
    let missing = missing.into_iter().filter(|(_, is_there)| !is_there);
    let mut problems: Vec<_> = missing
        .map(|(field, _)| format!("a published crate needs {field}"))
        .collect();
    if !may_be_published {
        problems.push("the crate is part of the library: take `publish = false` away".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(fields: &str) -> Package {
        let text = format!(
            r#"{{"name": "a", "version": "0.1.0", "id": "a", "dependencies": [], "targets": [], "features": {{}},
                "manifest_path": "/w/crates/a/Cargo.toml"{fields}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn published_crates_say_what_they_are() {
        let whole =
            r#", "description": "d", "license": "l", "repository": "r", "readme": "README.md""#;
        for (fields, manifest, expected) in [
            (
                format!(r#"{whole}, "keywords": ["k"]"#),
                "crates/a/Cargo.toml",
                0,
            ),
            (
                format!(r#"{whole}, "keywords": ["k"], "publish": []"#),
                "crates/a/Cargo.toml",
                1,
            ),
            (whole.to_owned(), "crates/a/Cargo.toml", 1),
            (String::new(), "crates/a/Cargo.toml", 5),
            (String::new(), "tests/Cargo.toml", 1),
            (r#", "publish": []"#.to_owned(), "tests/Cargo.toml", 0),
        ] {
            let problems = publication(&package(&fields), manifest);
            assert_eq!(problems.len(), expected, "{manifest}{fields}: {problems:?}");
        }
    }
}
