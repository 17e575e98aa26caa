//! `cargo xtask data list` and `verify`: what there is to fetch, what is there, and whether it is what it should be.

use std::path::Path;

use indicatif::DecimalBytes;
use serde_json::{Value, json};

use super::catalogue::{Catalogue, How, Source};
use super::integrity::Inspection;
use super::place::{Place, Presence};
use crate::text_table;

/// The table of all sources.
pub(super) fn list(catalogue: &Catalogue, folder: &Path) -> anyhow::Result<String> {
    let mut rows = vec![["name", "size", "state", "how", "licence", "space"].map(str::to_owned)];
    for source in &catalogue.sources {
        let (state, bytes) = state(source, folder)?;
        let state = match state {
            "partial" => format!("partial ({})", DecimalBytes(bytes)),
            state => state.to_owned(),
        };
        let how = match source.how {
            How::Http => "http",
            How::Browser => "browser",
        };
        rows.push([
            source.name.clone(),
            source.size().text(),
            state,
            how.to_owned(),
            source.licence.clone(),
            source.space.clone(),
        ]);
    }
    Ok(text_table::render(&rows))
}

/// All that is known of the sources.
pub(super) fn list_json(catalogue: &Catalogue, folder: &Path) -> anyhow::Result<Value> {
    let mut sources = Vec::new();
    for source in &catalogue.sources {
        let mut value = serde_json::to_value(source)?;
        let (state, bytes) = state(source, folder)?;
        value["state"] = state.into();
        value["bytes"] = bytes.into();
        sources.push(value);
    }
    Ok(json!({ "folder": folder, "sources": sources }))
}

fn state(source: &Source, folder: &Path) -> anyhow::Result<(&'static str, u64)> {
    Ok(match Place::new(folder, source).presence()? {
        Presence::Present(bytes) => ("present", bytes),
        Presence::Partial(bytes) => ("partial", bytes),
        Presence::Absent => ("absent", 0),
    })
}

/// What was found of one source.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    name: String,
    /// `absent`, `partial`, `ok`, `unvouched` (no sha256 is published) or `wrong`.
    pub(super) state: &'static str,
    bytes: Option<u64>,
    sha256: Option<String>,
    problem: Option<String>,
}

impl Verdict {
    /// Looks at one source in a folder.
    pub(super) fn of(source: &Source, folder: &Path) -> anyhow::Result<Self> {
        let (state, bytes) = state(source, folder)?;
        let mut verdict = Self {
            name: source.name.clone(),
            state,
            bytes: (state != "absent").then_some(bytes),
            sha256: None,
            problem: None,
        };
        if state == "present" {
            let found = Inspection::of(&Place::new(folder, source).file(), source)?;
            verdict.state = match (&found.problem, &source.sha256) {
                (Some(_), _) => "wrong",
                (None, Some(_)) => "ok",
                (None, None) => "unvouched",
            };
            verdict.sha256 = Some(found.sha256);
            verdict.problem = found.problem;
        }
        Ok(verdict)
    }

    /// Whether there is no complete file.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.state, "absent" | "partial")
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "state": self.state,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "problem": self.problem,
        })
    }
}

/// All verdicts for people.
pub(super) fn verdicts(verdicts: &[Verdict]) -> String {
    let mut rows = vec![["name", "state", "what was found"].map(str::to_owned)];
    for verdict in verdicts {
        let bytes = verdict.bytes.map(|bytes| format!("{bytes} bytes"));
        let sha256 = verdict
            .sha256
            .as_ref()
            .map(|sha256| format!("sha256 {sha256}"));
        let remark = match verdict.state {
            "ok" => Some("as published".to_owned()),
            "unvouched" => Some("none is published to compare it with".to_owned()),
            _ => verdict.problem.clone(),
        };
        let found: Vec<String> = [bytes, sha256, remark].into_iter().flatten().collect();
        rows.push([
            verdict.name.clone(),
            verdict.state.to_owned(),
            found.join(", "),
        ]);
    }
    text_table::render(&rows)
}
