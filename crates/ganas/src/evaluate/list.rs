//! Which architectures are evaluated.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_space::{Arch, ArchKey, SearchSpace};
use ganas_store::{RunFilter, Study};

use crate::Error;
use crate::experiment::read_archs;
use crate::restrictions::Restricted;

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

/// The architectures, in the order of the list; one that violates a restriction is refused, or, of a study, left out.
pub(super) fn read(
    listed: &Listed,
    space: &Arc<dyn SearchSpace>,
    restricted: Option<&Restricted>,
) -> Result<Vec<ListedArch>, Error> {
    let check = |arch: &Arch, place: &str| match restricted {
        Some(restricted) => restricted.check(arch, place),
        None => Ok(()),
    };
    let archs = match listed {
        Listed::File(path) => {
            let lines = read_archs(&**space, path)?.into_iter();
            let checked = lines.map(|(line, arch)| {
                check(&arch, &format!("--archs {}, line {line}", path.display()))?;
                Ok(arch)
            });
            checked.collect::<Result<Vec<_>, Error>>()?
        }
        Listed::Top(path, n) => of_study(path, *n, space, restricted)?,
        Listed::Given(archs) => {
            for (n, arch) in (1..).zip(archs) {
                check(arch, &format!("architecture {n} of the list"))?;
            }
            archs.clone()
        }
    };
    let with_names = archs.into_iter().map(|arch| ListedArch {
        text: space.encode(&arch),
        key: space.key(&arch),
        arch,
    });
    Ok(with_names.collect())
}

/// The best classes of the runs of a study in the space, without those that violate a restriction.
fn of_study(
    path: &Path,
    n: usize,
    space: &Arc<dyn SearchSpace>,
    restricted: Option<&Restricted>,
) -> Result<Vec<Arch>, Error> {
    let study = Study::open_read_only(path)?;
    let filter = RunFilter {
        space: Some(space.name().to_owned()),
        ..RunFilter::default()
    };
    let n_read = if restricted.is_some() { usize::MAX } else { n };
    let top = study.top(n_read, &filter)?;
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
    let archs = top
        .iter()
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
        .collect::<Result<Vec<_>, Error>>()?;
    let Some(restricted) = restricted else {
        return Ok(archs);
    };
    let left: Vec<Arch> = (archs.into_iter())
        .filter(|arch| restricted.holds(arch))
        .take(n)
        .collect();
    if left.is_empty() {
        return Err(Error::Usage(format!(
            "--top {}: none of its {} architectures of the space {} satisfies --fix and --exclude",
            path.display(),
            top.len(),
            space.name()
        )));
    }
    Ok(left)
}
