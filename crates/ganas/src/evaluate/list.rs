//! Which architectures are evaluated.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_space::{Arch, ArchKey, SearchSpace};
use ganas_store::{RunFilter, Study};

use crate::Error;
use crate::experiment::read_archs;

/// Where the list comes from.
#[derive(Debug)]
pub(super) enum Listed {
    File(PathBuf),
    Top(PathBuf, usize),
    Given(Vec<Arch>),
}

/// An architecture of the list.
#[derive(Clone, Debug)]
pub(super) struct ListedArch {
    pub(super) arch: Arch,
    pub(super) text: String,
    pub(super) key: ArchKey,
}

/// The architectures, in the order of the list.
pub(super) fn read(
    listed: &Listed,
    space: &Arc<dyn SearchSpace>,
) -> Result<Vec<ListedArch>, Error> {
    let archs = match listed {
        Listed::File(path) => {
            let lines = read_archs(&**space, path)?.into_iter();
            lines.map(|(_, arch)| arch).collect()
        }
        Listed::Top(path, n) => of_study(path, *n, &**space)?,
        Listed::Given(archs) => archs.clone(),
    };
    let with_names = archs.into_iter().map(|arch| ListedArch {
        text: space.encode(&arch),
        key: space.key(&arch),
        arch,
    });
    Ok(with_names.collect())
}

/// The best classes of the runs of a study in the space.
fn of_study(path: &Path, n: usize, space: &dyn SearchSpace) -> Result<Vec<Arch>, Error> {
    let study = Study::open_read_only(path)?;
    let filter = RunFilter {
        space: Some(space.name().to_owned()),
        ..RunFilter::default()
    };
    let top = study.top(n, &filter)?;
    if top.is_empty() {
        let runs = study.runs()?;
        let of_space = runs.iter().filter(|run| filter.matches(run)).count();
        return Err(Error::Usage(format!(
            "--top {}: it has nothing of the space {} that was searched and succeeded: {of_space} of its {} runs are of this \
             space; expected a study of `ganas search`, or a list of architectures with --archs",
            path.display(),
            space.name(),
            runs.len()
        )));
    }
    top.iter()
        .map(|entry| {
            space.decode(&entry.arch).map_err(|error| {
                Error::Usage(format!(
                    "--top {}: trial {} of the run with seed {} is not in the space {}: {error}; name the space that was \
                     searched with --space",
                    path.display(),
                    entry.number.0,
                    entry.seed,
                    space.name()
                ))
            })
        })
        .collect()
}
