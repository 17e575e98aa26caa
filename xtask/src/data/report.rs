//! `cargo xtask data list` and `verify`: what there is to fetch, what is there, and whether it is what it should be.

use std::path::Path;

use anyhow::ensure;
use ganas_report::tables::TextTable;
use indicatif::DecimalBytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::catalogue::{Catalogue, How, Source};
use super::integrity::Inspection;
use super::place::{Place, Presence};

/// The table of all sources.
pub(super) fn list(catalogue: &Catalogue, folder: &Path) -> anyhow::Result<String> {
    let mut table = TextTable::of_names(["name", "size", "state", "how", "licence", "space"]);
    for source in &catalogue.sources {
        let state = match Place::new(folder, source).presence()?.state() {
            ("partial", bytes) => format!("partial ({})", DecimalBytes(bytes)),
            (state, _) => state.to_owned(),
        };
        let how = match source.how {
            How::Http => "http",
            How::Browser => "browser",
        };
        let (name, size) = (source.name.clone(), source.size().text());
        let (licence, space) = (source.licence.clone(), source.space.clone());
        table.row([name, size, state, how.to_owned(), licence, space]);
    }
    Ok(table.to_text())
}

/// All that is known of the sources.
pub(super) fn list_json(catalogue: &Catalogue, folder: &Path) -> anyhow::Result<Value> {
    let mut sources = Vec::new();
    for source in &catalogue.sources {
        let mut value = serde_json::to_value(source)?;
        let (state, bytes) = Place::new(folder, source).presence()?.state();
        value["state"] = state.into();
        value["bytes"] = bytes.into();
        sources.push(value);
    }
    Ok(json!({ "folder": folder, "sources": sources }))
}

/// What was found of one source.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    name: String,
    /// `absent`, `partial`, `ok`, `unvouched` (no sha256 is published) or `wrong`.
    state: &'static str,
    bytes: Option<u64>,
    sha256: Option<String>,
    problem: Option<String>,
}

impl Finding {
    /// Looks at one source in a folder.
    pub(super) fn of(source: &Source, folder: &Path) -> anyhow::Result<Self> {
        let place = Place::new(folder, source);
        let mut finding = Self {
            name: source.name.clone(),
            state: "absent",
            bytes: None,
            sha256: None,
            problem: None,
        };
        match place.presence()? {
            Presence::Absent => {}
            Presence::Partial(bytes) => {
                (finding.state, finding.bytes) = ("partial", Some(bytes));
            }
            Presence::Present(bytes) => {
                let found = Inspection::of(&place.file(), source)?;
                finding.state = match (&found.problem, &source.sha256) {
                    (Some(_), _) => "wrong",
                    (None, Some(_)) => "ok",
                    (None, None) => "unvouched",
                };
                finding.bytes = Some(bytes);
                finding.sha256 = Some(found.sha256);
                finding.problem = found.problem;
            }
        }
        Ok(finding)
    }
}

/// All findings for people.
pub(super) fn findings(all: &[Finding]) -> String {
    let mut table = TextTable::of_names(["name", "state", "what was found"]);
    for finding in all {
        let remark = match finding.state {
            "ok" => Some("as published".to_owned()),
            "unvouched" => Some("none is published to compare it with".to_owned()),
            _ => finding.problem.clone(),
        };
        let bytes = finding.bytes.map(|bytes| format!("{bytes} bytes"));
        let sha256 = finding.sha256.as_ref().map(|hash| format!("sha256 {hash}"));
        let found: Vec<String> = [bytes, sha256, remark].into_iter().flatten().collect();
        let state = finding.state.to_owned();
        table.row([finding.name.clone(), state, found.join(", ")]);
    }
    table.to_text()
}

/// Fails when a file is wrong, or when one that must be there is not.
pub(super) fn check(all: &[Finding], must_be_there: bool) -> anyhow::Result<()> {
    let count = |states: &[&str]| {
        let counted = all.iter().filter(|finding| states.contains(&finding.state));
        counted.count()
    };
    let (wrong, missing) = (count(&["wrong"]), count(&["absent", "partial"]));
    ensure!(
        wrong == 0,
        "{wrong} file(s) are not what the catalogue says; delete them and fetch them again"
    );
    ensure!(
        missing == 0 || !must_be_there,
        "{missing} of the named files are not there; fetch them with `cargo xtask data fetch`"
    );
    Ok(())
}
