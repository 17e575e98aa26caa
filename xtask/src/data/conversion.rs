//! `cargo xtask data convert`: makes a table of a fetched file, with `ganas table import`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::catalogue::Source;
use super::place::{Place, Presence};

/// The importers that `ganas table import` has, by the name that the catalogue's `convert` gives them. It finds out the
/// format by the content of a file, so none of them needs an argument.
///
/// This is the one place that says which exist: a reader that is added to `ganas` gets a name here.
const IMPORTERS: &[&str] = &[
    "csv",
    "parquet",
    "nasbench101-tfrecord",
    "naslib101-pickle",
    "nats-tar",
    "nats-pickle",
    "nasbench201-pth",
    "nasbench301-results",
];

/// What to run, and what comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conversion {
    /// The arguments of `ganas`.
    pub(super) arguments: Vec<OsString>,
    /// The table file.
    pub(super) output: PathBuf,
}

/// Plans the conversion of a source in a folder.
///
/// # Errors
///
/// When there is nothing to convert, no importer for it, or no file.
pub(super) fn plan(
    source: &Source,
    folder: &Path,
    output: Option<&Path>,
) -> anyhow::Result<Conversion> {
    let Some(name) = &source.convert else {
        bail!(
            "{} is no table of architectures: there is nothing to convert",
            source.name
        );
    };
    if !IMPORTERS.contains(&name.as_str()) {
        bail!(
            "no importer yet: {} needs `{name}`, and `ganas table import` reads {} so far",
            source.name,
            IMPORTERS.join(", ")
        );
    }
    let place = Place::new(folder, source);
    if !matches!(place.presence()?, Presence::Present(_)) {
        bail!(
            "{} is not there; fetch it first: cargo xtask data fetch {}",
            place.file().display(),
            source.name
        );
    }
    let output = output.map_or_else(
        || {
            folder
                .join(&source.space)
                .join(format!("{}.arrow", source.name))
        },
        Path::to_owned,
    );
    let mut arguments: Vec<OsString> = ["table", "import"].map(OsString::from).into();
    arguments.push(place.file().into());
    arguments.extend(["--space", source.space.as_str()].map(OsString::from));
    arguments.push("--output".into());
    arguments.push(output.clone().into());
    Ok(Conversion { arguments, output })
}
