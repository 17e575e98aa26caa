//! `cargo xtask data list`: what there is to fetch, and what is there.

use std::path::Path;

use serde_json::{Value, json};

use super::catalogue::{Catalogue, How, Source, bytes_text};
use super::place::{Place, Presence};
use super::text_table;

/// The table of all sources.
///
/// # Errors
///
/// When the folder cannot be read.
pub(super) fn table(catalogue: &Catalogue, folder: &Path) -> anyhow::Result<String> {
    let mut rows = vec![["name", "size", "state", "how", "licence", "space"].map(str::to_owned)];
    for source in &catalogue.sources {
        rows.push([
            source.name.clone(),
            source.size().text(),
            state(Place::new(folder, source).presence()?),
            how(source.how).to_owned(),
            source.licence.clone(),
            source.space.clone(),
        ]);
    }
    Ok(text_table::render(&rows))
}

/// All that is known of the sources.
///
/// # Errors
///
/// When the folder cannot be read.
pub(super) fn json(catalogue: &Catalogue, folder: &Path) -> anyhow::Result<Value> {
    let sources: anyhow::Result<Vec<Value>> = catalogue
        .sources
        .iter()
        .map(|source| source_json(source, folder))
        .collect();
    Ok(json!({ "folder": folder, "sources": sources? }))
}

fn source_json(source: &Source, folder: &Path) -> anyhow::Result<Value> {
    use super::catalogue::Size;

    let (size, size_about) = match source.size() {
        Size::Exact(bytes) => (Some(bytes), None),
        Size::About(bytes) => (None, Some(bytes)),
        Size::Unknown => (None, None),
    };
    let place = Place::new(folder, source);
    let (state, bytes) = match place.presence()? {
        Presence::Present(bytes) => ("present", bytes),
        Presence::Partial(bytes) => ("partial", bytes),
        Presence::Absent => ("absent", 0),
    };
    Ok(json!({
        "name": source.name,
        "file": source.file,
        "url": source.url,
        "how": how(source.how),
        "size": size,
        "size_about": size_about,
        "sha256": source.sha256,
        "space": source.space,
        "licence": source.licence,
        "citation": source.citation,
        "convert": source.convert,
        "state": state,
        "bytes": bytes,
    }))
}

fn state(presence: Presence) -> String {
    match presence {
        Presence::Present(_) => "present".to_owned(),
        Presence::Partial(bytes) => format!("partial ({})", bytes_text(bytes)),
        Presence::Absent => "absent".to_owned(),
    }
}

fn how(how: How) -> &'static str {
    match how {
        How::Http => "http",
        How::Browser => "browser",
    }
}
