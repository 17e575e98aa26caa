//! What a search starts with: what is known already, and what is to be evaluated first.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_eval::{Fidelity, MetricPair, SearchMetric};
use ganas_formats::source::hex;
use ganas_search::{Budget, Proposal, Trial, TrialNumber, TrialState};
use ganas_space::{Arch, ArchKey, SearchSpace};
use ganas_store::Study;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::restrictions::Restricted;
#[cfg(feature = "tables")]
use crate::tables;
use crate::{Error, Folders};

/// The first bytes of a study.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// What is known, and what is evaluated first.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// What the searcher is told before it proposes anything.
    pub(super) known: Vec<Trial>,
    /// What is evaluated before its first proposal.
    pub(super) first: Vec<Proposal>,
    /// For people: what was read from each file.
    read: Vec<String>,
    /// The sha256 of what is known.
    digest: String,
}

/// For which search evidence is read.
pub(super) struct Asked<'a> {
    /// What is searched.
    pub(super) space: &'a dyn SearchSpace,
    /// The space without constraints and restrictions.
    pub(super) whole: &'a Arc<dyn SearchSpace>,
    /// The choices that are fixed and the options that are excluded.
    pub(super) restricted: Option<&'a Restricted>,
    pub(super) protocol: &'a MetricPair,
    pub(super) folders: &'a Folders,
    pub(super) note: &'a dyn Fn(&str),
}

/// What a file knows of an architecture: its text, and the metric.
type Known = (String, f64);

impl Evidence {
    /// Reads files of what is known, and of what is to be evaluated first.
    ///
    /// # Errors
    ///
    /// A file cannot be read, has nothing for this search, or names what is not in the space.
    pub(super) fn read(
        asked: &Asked<'_>,
        known: &[PathBuf],
        first: &[PathBuf],
    ) -> Result<Self, Error> {
        let mut evidence = Self::default();
        let mut seen = BTreeSet::new();
        for path in known {
            evidence.add_known(asked, path, &mut seen)?;
        }
        let mut digest = Sha256::new();
        for trial in &evidence.known {
            let value = trial.search().map_or(f64::NAN, SearchMetric::value);
            digest.update(trial.key.0.to_be_bytes());
            digest.update(value.to_bits().to_be_bytes());
        }
        evidence.digest = hex(&digest.finalize());
        let mut queued = BTreeSet::new();
        for path in first {
            evidence.add_first(asked, path, &mut queued)?;
        }
        Ok(evidence)
    }

    fn add_known(
        &mut self,
        asked: &Asked<'_>,
        path: &Path,
        seen: &mut BTreeSet<ArchKey>,
    ) -> Result<(), Error> {
        let all = if is_study(path)? {
            of_study(asked, path)?
        } else {
            of_table(asked, path)?
        };
        let (n, before) = (all.len(), self.known.len());
        let direction = asked.protocol.search_direction;
        for (text, value) in all {
            let arch = asked.whole.decode(&text).map_err(|error| {
                Error::Usage(format!(
                    "--warm-start {}: `{text}` is not in the space {}: {error}",
                    path.display(),
                    asked.whole.name()
                ))
            })?;
            // What is known of a class is known of the member of it that can be built.
            let member = asked.space.admitted_member(&arch);
            let Some(arch) = member.filter(|_| value.is_finite()) else {
                continue;
            };
            let proposal = Proposal::new(asked.space, arch);
            if seen.insert(proposal.key) {
                let number = TrialNumber(u32::try_from(self.known.len()).unwrap_or(u32::MAX));
                let search = SearchMetric::new(value, direction);
                self.known.push(Trial::new(number, 0, proposal, Ok(search)));
            }
        }
        let used = self.known.len() - before;
        if used == 0 {
            return Err(Error::Usage(format!(
                "--warm-start {}: none of its {n} values of {} can be used: expected architectures of {} that satisfy all \
                 bounds, --fix and --exclude, with finite values, and are not in another file",
                path.display(),
                asked.protocol.search,
                asked.whole.name()
            )));
        }
        self.read
            .push(format!("{used} of {n} results of {}", path.display()));
        Ok(())
    }

    fn add_first(
        &mut self,
        asked: &Asked<'_>,
        path: &Path,
        queued: &mut BTreeSet<ArchKey>,
    ) -> Result<(), Error> {
        let archs = read_archs(&**asked.whole, path)?;
        let n = archs.len();
        for (line, arch) in archs {
            if let Some(restricted) = asked.restricted {
                restricted.check(&arch, &format!("--enqueue {}, line {line}", path.display()))?;
            }
            if !asked.space.admits(&arch) {
                return Err(Error::Usage(format!(
                    "--enqueue {}, line {line}: the architecture violates a bound: leave it out, or the bound",
                    path.display()
                )));
            }
            let proposal = Proposal::new(asked.space, arch);
            if queued.insert(proposal.key) {
                self.first.push(proposal);
            }
        }
        self.read
            .push(format!("{n} architectures of {} first", path.display()));
        Ok(())
    }

    /// Refuses what cannot be used in this search.
    pub(super) fn check(
        &self,
        budget: Budget,
        has_front: bool,
        has_improvement: bool,
    ) -> Result<(), Error> {
        if !self.known.is_empty() && (has_front || has_improvement) {
            return Err(Error::Usage(
                "--warm-start tells values of one metric that is searched on: leave it out with several objectives and \
                 with --improve"
                    .to_owned(),
            ));
        }
        let (queued, queries) = (self.first.len(), budget.unique_queries());
        if u32::try_from(queued).is_ok_and(|queued| queued > queries) {
            return Err(Error::Usage(format!(
                "--enqueue names {queued} architectures, more than the budget of {queries} queries: raise --budget"
            )));
        }
        Ok(())
    }

    /// Adds what the result depends on to the configuration that is recorded.
    pub(super) fn record(&self, config: &mut Value) {
        if !self.known.is_empty() {
            config["warm_start"] = self.digest.clone().into();
        }
        if !self.first.is_empty() {
            let keys = self.first.iter().map(|proposal| proposal.key.to_string());
            config["enqueued"] = keys.collect::<Vec<String>>().into();
        }
    }

    /// What was read, for people; nothing when nothing was.
    pub(super) fn describe(&self) -> Option<String> {
        (!self.read.is_empty()).then(|| self.read.join("; "))
    }
}

/// The architectures of a file, one text a line, with the numbers of the lines; empty lines and those that begin with `#` are
/// left out.
///
/// # Errors
///
/// The file cannot be read, is empty, or a line is not in the space.
pub(crate) fn read_archs(
    space: &dyn SearchSpace,
    path: &Path,
) -> Result<Vec<(usize, Arch)>, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Failed(format!("cannot read {}: {error}", path.display())))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let archs: Vec<(usize, Arch)> = lines
        .map(|(number, line)| {
            let arch = space.decode(line.trim()).map_err(|error| {
                Error::Usage(format!(
                    "{}, line {number}: expected an architecture of {}: {error}",
                    path.display(),
                    space.name()
                ))
            });
            Ok((number, arch?))
        })
        .collect::<Result<_, Error>>()?;
    if archs.is_empty() {
        return Err(Error::Usage(format!(
            "{} names no architecture: expected one a line, as text of the space {}",
            path.display(),
            space.name()
        )));
    }
    Ok(archs)
}

fn is_study(path: &Path) -> Result<bool, Error> {
    let cannot = |error| Error::Failed(format!("cannot read {}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mut start = Vec::new();
    file.take(SQLITE.len() as u64)
        .read_to_end(&mut start)
        .map_err(cannot)?;
    Ok(start == SQLITE)
}

/// What a study knows of the metric: from the trials of runs that were searched on it, and from all evaluations that returned
/// it.
fn of_study(asked: &Asked<'_>, path: &Path) -> Result<Vec<Known>, Error> {
    let study = Study::open_read_only(path)?;
    let metric = &asked.protocol.search;
    let mut all = Vec::new();
    // What was evaluated with a lower fidelity than the run's highest is no result.
    let mut lower: Vec<Fidelity> = Vec::new();
    for run in study.runs()? {
        if let Some((_, rungs)) =
            (run.spec.rungs.as_ref()).and_then(|r| r.fidelities().split_last())
        {
            lower.extend_from_slice(rungs);
        }
        let protocol = &run.spec.protocol;
        if run.spec.space != asked.whole.name() || protocol.search != *metric {
            continue;
        }
        let (found, wanted) = (protocol.search_direction, asked.protocol.search_direction);
        if found != wanted {
            return Err(Error::Usage(format!(
                "--warm-start {}: the run `{}` was to {found} {metric}, this search is to {wanted} it: say with \
                 --maximize or --minimize which is right, or name another file",
                path.display(),
                run.name
            )));
        }
        for trial in study.trials(run.id)? {
            if trial.missing > 0 {
                continue;
            }
            if let TrialState::Completed(search) = trial.state {
                all.push((trial.arch, search.value()));
            }
        }
    }
    for (spec, evaluations) in study.evaluators()? {
        if spec.space != asked.whole.name() || lower.contains(&spec.fidelity) {
            continue;
        }
        for evaluation in evaluations.all()?.into_values() {
            if let (Some(arch), Some(&value)) =
                (evaluation.arch, evaluation.details.metrics.get(metric))
            {
                all.push((arch, value));
            }
        }
    }
    Ok(all)
}

#[cfg(feature = "tables")]
fn of_table(asked: &Asked<'_>, path: &Path) -> Result<Vec<Known>, Error> {
    let table = tables::open(Some(path), &**asked.whole, asked.folders, asked.note)?;
    let column = table.column(&asked.protocol.search)?;
    let mut all = Vec::new();
    for row in table.rows() {
        if let Some(value) = table.value(column, row) {
            all.push((table.arch_text(row)?.to_owned(), value));
        }
    }
    Ok(all)
}

#[cfg(not(feature = "tables"))]
fn of_table(asked: &Asked<'_>, path: &Path) -> Result<Vec<Known>, Error> {
    let _ = (asked.folders, asked.note);
    Err(Error::Usage(format!(
        "--warm-start {}: expected a study; this build reads no tables",
        path.display()
    )))
}
