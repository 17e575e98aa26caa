//! `cargo xtask data verify`: whether what is there is what the catalogue says.

use std::fs::File;
use std::path::Path;

use serde_json::{Value, json};

use super::catalogue::{Source, bytes_text};
use super::integrity::{Fingerprint, Mismatch, Sha256Hex};
use super::place::{Place, Presence, explain};
use super::progress::Progress;
use super::text_table;

/// What was found of one source.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    name: String,
    finding: Finding,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    Absent,
    Partial(u64),
    /// The sha256 is the published one.
    Good {
        bytes: u64,
        sha256: Sha256Hex,
    },
    /// There is no published sha256; this is the one it has.
    Unvouched {
        bytes: u64,
        sha256: Sha256Hex,
    },
    Wrong {
        bytes: u64,
        sha256: Sha256Hex,
        mismatch: Mismatch,
    },
}

/// Looks at one source in a folder.
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn verify(
    source: &Source,
    folder: &Path,
    progress: &dyn Progress,
) -> anyhow::Result<Verdict> {
    let place = Place::new(folder, source);
    let finding = match place.presence()? {
        Presence::Absent => Finding::Absent,
        Presence::Partial(bytes) => Finding::Partial(bytes),
        Presence::Present(length) => {
            progress.begin(&source.name, 0, Some(length));
            let path = place.file();
            let fingerprint = File::open(&path)
                .and_then(|file| Fingerprint::of(file, &|bytes| progress.advance(bytes)))
                .map_err(|error| explain(error, "read", &path))?;
            let (bytes, sha256) = (fingerprint.length(), fingerprint.sha256());
            match fingerprint.check(source) {
                Err(mismatch) => Finding::Wrong {
                    bytes,
                    sha256,
                    mismatch,
                },
                Ok(()) if source.sha256.is_some() => Finding::Good { bytes, sha256 },
                Ok(()) => Finding::Unvouched { bytes, sha256 },
            }
        }
    };
    Ok(Verdict {
        name: source.name.clone(),
        finding,
    })
}

impl Verdict {
    /// Whether a file is there and is wrong.
    pub(super) fn is_wrong(&self) -> bool {
        matches!(self.finding, Finding::Wrong { .. })
    }

    /// Whether there is no complete file.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.finding, Finding::Absent | Finding::Partial(_))
    }

    fn words(&self) -> (&'static str, String) {
        match &self.finding {
            Finding::Absent => ("absent", String::new()),
            Finding::Partial(bytes) => ("partial", bytes_text(*bytes)),
            Finding::Good { bytes, sha256 } => {
                ("ok", format!("{bytes} bytes, sha256 {sha256} as published"))
            }
            Finding::Unvouched { bytes, sha256 } => (
                "unvouched",
                format!("{bytes} bytes, sha256 {sha256}, none is published to compare it with"),
            ),
            Finding::Wrong { mismatch, .. } => ("WRONG", mismatch.to_string()),
        }
    }

    pub(super) fn json(&self) -> Value {
        let (state, _) = self.words();
        let (bytes, sha256, problem) = match &self.finding {
            Finding::Absent => (None, None, None),
            Finding::Partial(bytes) => (Some(bytes), None, None),
            Finding::Good { bytes, sha256 } | Finding::Unvouched { bytes, sha256 } => {
                (Some(bytes), Some(sha256), None)
            }
            Finding::Wrong {
                bytes,
                sha256,
                mismatch,
            } => (Some(bytes), Some(sha256), Some(mismatch.to_string())),
        };
        json!({
            "name": self.name,
            "state": state.to_ascii_lowercase(),
            "bytes": bytes,
            "sha256": sha256,
            "problem": problem,
        })
    }
}

/// All verdicts for people.
pub(super) fn table(verdicts: &[Verdict]) -> String {
    let mut rows = vec![["name", "state", "what was found"].map(str::to_owned)];
    for verdict in verdicts {
        let (state, found) = verdict.words();
        rows.push([verdict.name.clone(), state.to_owned(), found]);
    }
    text_table::render(&rows)
}
