//! Opening a space by its name or its description, and drawing from it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_random::{Stream, StreamKey};
use ganas_search::ConstrainedSpace;
use ganas_space::limits::{MAX_DESCRIPTION_BYTES, MAX_LOOKUP_BYTES};
use ganas_space::{Arch, RestrictedSpace, SearchSpace, custom};

use crate::Error;
use crate::error::Context as _;
use crate::experiment::{computed_constraints, stated_constraints};
use crate::restrictions::{Restricted, Restrictions};

/// Streams of this purpose are for drawing from a space only; those of searches have low numbers.
const PURPOSE: u8 = 255;

/// A space, the description that it is made of when it is one of a user, and the files that it was read from.
#[derive(Clone, Debug)]
pub struct Described {
    /// The space.
    pub space: Arc<dyn SearchSpace>,
    /// Its description, with the files that it names.
    #[cfg(feature = "tables")]
    pub description: Option<ganas_table::SpaceDescription>,
    /// Its description and the files that this names; none for a space that is built in.
    pub files: Vec<PathBuf>,
}

/// Opens the space of a name, or the one that a `.toml` file describes.
///
/// # Errors
///
/// There is no such space or file, or the description is wrong.
pub fn open(text: &str) -> Result<Arc<dyn SearchSpace>, Error> {
    Ok(open_described(text)?.space)
}

/// Opens a space as [`open`] does, and keeps its description, and the files that an output must not replace.
///
/// # Errors
///
/// As [`open`].
pub fn open_described(text: &str) -> Result<Described, Error> {
    if !text.ends_with(".toml") {
        return Ok(Described {
            space: ganas_space::by_name(text)?,
            #[cfg(feature = "tables")]
            description: None,
            files: Vec::new(),
        });
    }
    let description = read_at_most(Path::new(text), MAX_DESCRIPTION_BYTES)
        .with_context(|| format!("{text}: cannot read the description of a space"))?;
    // Files are named relative to the description.
    let folder = Path::new(text).parent().unwrap_or(Path::new(""));
    let files = RefCell::new(BTreeMap::new());
    let read = |name: &str| {
        let content = read_at_most(&folder.join(name), MAX_LOOKUP_BYTES)
            .map_err(|error| format!("cannot read this file: {error}"))?;
        files.borrow_mut().insert(name.to_owned(), content.clone());
        Ok(content)
    };
    let space = custom::open(text, &description, &read).with_context(|| text)?;
    stated_constraints(&*space)?;
    let files = files.into_inner();
    let paths = files.keys().map(|name| folder.join(name));
    Ok(Described {
        space,
        files: std::iter::once(PathBuf::from(text)).chain(paths).collect(),
        #[cfg(feature = "tables")]
        description: Some(ganas_table::SpaceDescription {
            // Without its folder, so that a table does not depend on where it was made.
            origin: file_name(text),
            text: description,
            files,
        }),
    })
}

#[cfg(feature = "tables")]
fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Opens the space of a description that a table keeps.
#[cfg(feature = "tables")]
pub(crate) fn of_description(
    description: &ganas_table::SpaceDescription,
) -> Result<Arc<dyn SearchSpace>, Error> {
    let read = |name: &str| {
        let content = description.files.get(name).cloned();
        content.ok_or_else(|| "the table does not keep this file".to_owned())
    };
    let origin = &description.origin;
    let space = custom::open(origin, &description.text, &read).with_context(|| origin)?;
    stated_constraints(&*space)?;
    Ok(space)
}

/// Reads a file, as far as one byte more than may be read: whoever reads the text says then that it is too long.
fn read_at_most(file: &Path, n_bytes: usize) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?
        .take(n_bytes as u64 + 1)
        .read_to_end(&mut bytes)?;
    let is_too_long = bytes.len() > n_bytes;
    String::from_utf8(bytes).or_else(|error| {
        if !is_too_long {
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                error.utf8_error(),
            ));
        }
        // A character may have been cut; the length is what matters.
        Ok(String::from_utf8_lossy(error.as_bytes()).into_owned())
    })
}

/// What is left of a space when choices are fixed and options excluded, each named as `stage1.kernel=3`; nothing, when none
/// are.
///
/// # Errors
///
/// The space has no such choice or option, or nothing is left.
pub fn restricted(
    space: &Arc<dyn SearchSpace>,
    fixed: &[String],
    excluded: &[String],
) -> Result<Option<Arc<RestrictedSpace>>, Error> {
    let mut restrictions = Restrictions::default();
    fixed.iter().for_each(|text| restrictions.fix(text.clone()));
    excluded
        .iter()
        .for_each(|text| restrictions.exclude(text.clone()));
    Ok(restrictions.of(space)?.map(Restricted::into_inner))
}

/// Random architectures, all of which satisfy those constraints of the space that it can tell itself.
///
/// # Errors
///
/// The constraints of the space are contradictory.
pub fn sample(
    space: &Arc<dyn SearchSpace>,
    n: u32,
    seed: u64,
) -> Result<impl Iterator<Item = Arch>, Error> {
    let constraints = computed_constraints(space)?;
    let space: Arc<dyn SearchSpace> = if constraints.is_empty() {
        Arc::clone(space)
    } else {
        Arc::new(ConstrainedSpace::new(Arc::clone(space), constraints)?)
    };
    Ok((0..n).map(move |item| {
        space.sample(&mut Stream::new(StreamKey {
            seed,
            purpose: PURPOSE,
            iteration: 0,
            item,
            step: 0,
        }))
    }))
}
