//! Opening a space by its name or its description, and drawing from it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_random::{Stream, StreamKey};
use ganas_search::ConstrainedSpace;
use ganas_space::{Arch, SearchSpace, custom};

use crate::Error;
use crate::error::Context as _;
use crate::experiment::{computed_constraints, stated_constraints};

/// Streams of this purpose are for drawing from a space only; those of searches have low numbers.
const PURPOSE: u8 = 255;

/// A space with the files that it was read from.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The space.
    pub space: Arc<dyn SearchSpace>,
    /// Its description and the files that this names; none for a space that is built in.
    pub files: Vec<PathBuf>,
}

/// Opens the space of a name, or the one that a `.toml` file describes.
///
/// # Errors
///
/// There is no such space or file, or the description is wrong.
pub fn open(text: &str) -> Result<Arc<dyn SearchSpace>, Error> {
    Ok(open_with_files(text)?.space)
}

/// Opens a space as [`open`] does, and tells the files that it was read from, which an output must not replace.
///
/// # Errors
///
/// As [`open`].
pub fn open_with_files(text: &str) -> Result<Opened, Error> {
    if !text.ends_with(".toml") {
        return Ok(Opened {
            space: ganas_space::by_name(text)?,
            files: Vec::new(),
        });
    }
    let files = RefCell::new(vec![PathBuf::from(text)]);
    let description = std::fs::read_to_string(text)
        .with_context(|| format!("{text}: cannot read the description of a space"))?;
    // Files are named relative to the description.
    let folder = Path::new(text).parent().unwrap_or(Path::new(""));
    let read = |name: &str| {
        let path = folder.join(name);
        files.borrow_mut().push(path.clone());
        std::fs::read_to_string(path).map_err(|error| format!("cannot read this file: {error}"))
    };
    let space = custom::open(text, &description, &read).with_context(|| text)?;
    stated_constraints(&*space)?;
    Ok(Opened {
        space,
        files: files.into_inner(),
    })
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
