//! Where the table of a search comes from: a table file, a CSV file, the folder that GANAS_DATA names, or the program
//! itself.
//!
//! A CSV file is imported into the user's cache folder, under a name that holds the sha256 of the file, so that it is
//! imported once.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "benchmarks")]
use ganas_benchmarks::PublishedFormat;
use ganas_formats::source::{check_regular, sha256_hex};
use ganas_space::SearchSpace;
use ganas_table::{ChecksumKind, EMBEDDED, Embedded, ImportRequest, Table, import};

use crate::error::Context as _;
use crate::spaces;
use crate::{DATA_VARIABLE, Error, Folders};

/// What an Arrow IPC file begins with.
const ARROW_MAGIC: &[u8] = b"ARROW1";

/// Opens the table that was asked for, or that of GANAS_DATA. `note` is told about imports.
pub(crate) fn open(
    named: Option<&Path>,
    space: &dyn SearchSpace,
    folders: &Folders,
    note: &dyn Fn(&str),
) -> Result<Table, Error> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => in_data_folder(space, folders)?,
    };
    if let Some(embedded) = embedded(&path) {
        return Ok(embedded.open()?);
    }
    #[cfg(feature = "benchmarks")]
    refuse_official(&path, space)?;
    if is_table_file(&path)? {
        Ok(Table::open(&path)?)
    } else {
        imported(&path, space, folders, note)
    }
}

/// Opens a table file, or one inside the program by its name.
///
/// # Errors
///
/// It is no table file.
pub fn open_table(path: &Path) -> Result<Table, Error> {
    Ok(match embedded(path) {
        Some(embedded) => embedded.open()?,
        None => Table::open(path)?,
    })
}

/// The table inside the program of this name, unless there is a file that is called so.
fn embedded(path: &Path) -> Option<Embedded> {
    let named = Embedded::named(path.to_str()?);
    named.filter(|_| !path.exists())
}

/// The space of a search that does not name one: that of its table file, or of the first table inside the program
/// when it does not name a table either.
pub(crate) fn space_of(named: Option<&Path>) -> Result<Arc<dyn SearchSpace>, Error> {
    let table = match named {
        None => EMBEDDED[0].open()?,
        Some(path) if embedded(path).is_some() || is_table_file(path)? => open_table(path)?,
        Some(path) => {
            return Err(Error::Usage(format!(
                "{} does not say which space it is of: name one with --space",
                path.display()
            )));
        }
    };
    space_of_table(&table)
}

/// The space of a table: a built-in one, or the one whose description the table keeps.
///
/// # Errors
///
/// The table is of a space of a user, and does not keep its description.
pub fn space_of_table(table: &Table) -> Result<Arc<dyn SearchSpace>, Error> {
    let manifest = table.manifest();
    if let Some(description) = &manifest.description {
        let space = spaces::of_description(description).with_context(|| {
            format!(
                "the description of the space that {} keeps",
                table.path().display()
            )
        })?;
        if space.name() == manifest.space {
            return Ok(space);
        }
        return Err(Error::Failed(format!(
            "{} is a table of the space {}, but the description that it keeps is of {}: \
             name the right one with --space, or import the table again",
            table.path().display(),
            manifest.space,
            space.name()
        )));
    }
    let space = &manifest.space;
    let space = ganas_space::by_name(space).with_context(|| {
        format!(
            "{} is a table of the space {space}, which has no name here, and does not keep its description: \
             name that with --space",
            table.path().display()
        )
    })?;
    Ok(space)
}

/// Official files are converted once, by a command of its own: it takes minutes, and makes files of gigabytes.
#[cfg(feature = "benchmarks")]
fn refuse_official(path: &Path, space: &dyn SearchSpace) -> Result<(), Error> {
    // What cannot be read is an error below.
    let Ok(Some(format)) = PublishedFormat::detect(path) else {
        return Ok(());
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Err(Error::Usage(format!(
        "{}: a search reads table files, and this is a file of the format {format}; convert it once with: \
         ganas table import {} --space {} --output {name}.arrow",
        path.display(),
        path.display(),
        space.name()
    )))
}

/// The files of a space in the data folder, the first that is there.
fn known_files(space: &str) -> [String; 3] {
    let stem = match space {
        "nasbench201" => "nb201",
        other => other,
    };
    ["arrow", "csv.gz", "csv"].map(|ending| format!("{space}/{stem}_accuracy.{ending}"))
}

fn in_data_folder(space: &dyn SearchSpace, folders: &Folders) -> Result<PathBuf, Error> {
    let files = known_files(space.name());
    let Some(folder) = &folders.data else {
        return Err(Error::Usage(format!(
            "no table to search on: name one with --table FILE (from `ganas table import`, or a CSV file), \
             or set {DATA_VARIABLE} to a folder that holds {}",
            files[1]
        )));
    };
    let found = files
        .iter()
        .map(|file| folder.join(file))
        .find(|path| path.is_file());
    found.with_context(|| {
        format!(
            "{DATA_VARIABLE} is {}, where none of {} is a file: correct it, or name a table with --table",
            folder.display(),
            files.join(", ")
        )
    })
}

/// Whether a file is a table file already, told by its name or its first bytes.
fn is_table_file(path: &Path) -> Result<bool, Error> {
    if path.extension().is_some_and(|ending| ending == "arrow") {
        return Ok(true);
    }
    check_regular(path).with_context(|| format!("cannot read the table {}", path.display()))?;
    let mut start = [0; ARROW_MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    match read {
        Ok(()) => Ok(start == ARROW_MAGIC),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => {
            Err(error).with_context(|| format!("cannot read the table {}", path.display()))
        }
    }
}

/// Opens a CSV file by way of the cache.
fn imported(
    source: &Path,
    space: &dyn SearchSpace,
    folders: &Folders,
    note: &dyn Fn(&str),
) -> Result<Table, Error> {
    let bytes =
        fs::read(source).with_context(|| format!("cannot read the table {}", source.display()))?;
    let sha256 = sha256_hex(&bytes);
    drop(bytes);
    let folder = folders.cache()?.join("tables");
    // The import of another version of ganas may read names differently.
    let name = format!(
        "{}-{sha256}-{}.arrow",
        space.name(),
        env!("CARGO_PKG_VERSION")
    );
    let output = folder.join(name);
    if output.is_file()
        && let Ok(table) = Table::open(&output)
        && table.manifest().source.sha256 == sha256
        && table.checksums() != ChecksumKind::None
        && table.verify().is_ok()
    {
        return Ok(table);
    }
    note(&format!(
        "importing {} into {}",
        source.display(),
        output.display()
    ));
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create the cache folder {}", folder.display()))?;
    let request = ImportRequest {
        // A damaged file of the cache is replaced.
        overwrite: true,
        max_unpacked: folders.max_unpacked,
        ..ImportRequest::new(source, &output)
    };
    let report = import(&request, space)?;
    if report.manifest.source.sha256 != sha256 {
        return Err(Error::Failed(format!(
            "{} changed while it was imported: try again",
            source.display()
        )));
    }
    note(&format!(
        "imported {} rows of {} classes",
        report.manifest.n_rows, report.manifest.n_classes
    ));
    for column in &report.skipped {
        note(&format!("left out the column {column}"));
    }
    Ok(Table::open(&output)?)
}
