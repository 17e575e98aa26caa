//! `--from`: a file that the user has already is checked and copied.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::catalogue::Source;
use super::integrity::{Fingerprint, Sha256Hex, read_all};
use super::part::Part;
use super::place::{Place, Presence, explain};
use super::progress::Progress;

/// Copies a file into its place. `from` is the file, whatever its name, or its folder. Returns its sha256.
///
/// # Errors
///
/// When the file is not there, or is not what the catalogue says; it is never changed.
pub(super) fn copy(
    source: &Source,
    place: &Place,
    from: &Path,
    progress: &dyn Progress,
) -> anyhow::Result<Sha256Hex> {
    let path = find(source, from)?;
    let length = path
        .metadata()
        .map_err(|error| explain(error, "read", &path))?
        .len();
    // The check comes first, so that a wrong file does not cost what an earlier fetch has left.
    progress.begin("checking", 0, Some(length));
    let fingerprint = File::open(&path)
        .and_then(|file| Fingerprint::of(file, &|bytes| progress.advance(bytes)))
        .map_err(|error| explain(error, "read", &path))?;
    fingerprint.check(source).with_context(|| {
        format!(
            "{} is not what the catalogue says; fetch it again",
            path.display()
        )
    })?;
    let _lock = place.lock()?;
    if let Presence::Present(_) = place.presence()? {
        let file = place.file();
        if same_file(&path, &file) {
            return Ok(fingerprint.sha256());
        }
        bail!(
            "{} is there already; check it with `cargo xtask data verify {}`, or move it away and run the command again",
            file.display(),
            source.name
        );
    }
    let mut part = Part::open(place, &|_| ())?;
    part.restart(None)?;
    progress.begin("copying", 0, Some(length));
    let file = File::open(&path).map_err(|error| explain(error, "read", &path))?;
    let mut failed = None;
    read_all(file, &mut |bytes| {
        progress.advance(bytes.len() as u64);
        part.append(bytes).map_err(|error| {
            failed = Some(error);
            std::io::Error::other("stopped")
        })
    })
    .map_err(|error| {
        failed
            .take()
            .unwrap_or_else(|| explain(error, "read", &path))
    })?;
    part.finish(source)
}

fn find(source: &Source, from: &Path) -> anyhow::Result<PathBuf> {
    let path = if from.is_dir() {
        from.join(&source.file)
    } else {
        from.to_owned()
    };
    if !path.is_file() {
        bail!(
            "{} is no file: --from takes the folder that holds {}, or the file itself if it has another name",
            path.display(),
            source.file
        );
    }
    Ok(path)
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
