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
        let problems = publication(package, &manifest).into_iter();
        findings.extend(problems.map(|problem| Finding::error(&manifest, 1, problem)));
        let targets = package.targets.iter();
        for target in targets.filter(|target| target.is_lib() || target.is_bin()) {
            let path = crate::relative(root, &target.src_path);
            let text = tree.file(&path).map_or("", |file| file.text);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !may_be_unsafe(folder) && !text.contains("#![forbid(unsafe_code)]") {
                findings.push(Finding::error(&path, 1, "add `#![forbid(unsafe_code)]`"));
            }
        }
    }
    findings
}

/// Whether a package may be published.
pub(crate) fn is_published(package: &Package) -> bool {
    package.publish.as_ref().is_none_or(|to| !to.is_empty())
}

/// Crates below `crates/` are published and say what they are; everything else is not published.
fn publication(package: &Package, manifest: &str) -> Vec<String> {
    let is_published = is_published(package);
    if !manifest.starts_with("crates/") || package.name == PRIVATE {
        let problem = "the package is for the workspace only: say `publish = false`";
        return Vec::from_iter(is_published.then(|| problem.to_owned()));
    }
    let fields = [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("repository", package.repository.is_some()),
        (
            "readme, a README.md beside the manifest",
            package.readme.is_some(),
        ),
        ("keywords", !package.keywords.is_empty()),
        ("no `publish = false`", is_published),
    ];
    let missing = fields.into_iter().filter(|(_, is_there)| !is_there);
    missing
        .map(|(field, _)| format!("a crate of the library is published; it needs {field}"))
        .collect()
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
        let most =
            r#", "description": "d", "license": "l", "repository": "r", "readme": "README.md""#;
        let whole = format!(r#"{most}, "keywords": ["k"]"#);
        let (private, member, other) = (r#", "publish": []"#, "crates/a", "tests");
        for (fields, folder, expected) in [
            (whole.clone(), member, 0),
            (format!("{whole}{private}"), member, 1),
            (most.to_owned(), member, 1),
            (String::new(), member, 5),
            (String::new(), other, 1),
            (private.to_owned(), other, 0),
        ] {
            let manifest = format!("{folder}/Cargo.toml");
            let problems = publication(&package(&fields), &manifest);
            assert_eq!(problems.len(), expected, "{manifest}{fields}: {problems:?}");
        }
    }
}
