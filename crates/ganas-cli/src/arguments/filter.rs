//! Choosing runs of a study by arguments.

use std::sync::Arc;

use ganas::SearchSpace;
use ganas::store::{RunFilter, Study};

use crate::printing::exit::UsageError;

/// Which runs of a study; all, when nothing is given.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct FilterArguments {
    /// Only runs on this search space: its name, or a `.toml` file that describes it.
    #[arg(long)]
    space: Option<String>,
    /// Only runs of this algorithm.
    #[arg(long)]
    algorithm: Option<String>,
    /// Only runs that searched on this metric.
    #[arg(long, value_name = "METRIC")]
    search: Option<String>,
    /// Only runs on the table whose sha256 begins like this.
    #[arg(long, value_name = "HEX")]
    table_sha256: Option<String>,
    /// Only runs with this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the run whose name begins like this; exports say the names.
    #[arg(long, value_name = "NAME")]
    run: Option<String>,
}

impl FilterArguments {
    /// The space that is described in the file that is named, when one is.
    pub(crate) fn described(&self) -> anyhow::Result<Option<Arc<dyn SearchSpace>>> {
        match self.space.as_deref() {
            Some(file) if file.ends_with(".toml") => Ok(Some(ganas::space::open(file)?)),
            _ => Ok(None),
        }
    }

    /// The filter. A run is looked up by its name, which must lead to one run.
    pub(crate) fn resolve(&self, study: &Study) -> anyhow::Result<RunFilter> {
        let run = match &self.run {
            None => None,
            Some(name) => {
                let runs = study.runs()?;
                let mut found = runs
                    .iter()
                    .filter(|run| run.name.starts_with(name.as_str()));
                let problem = match (found.next(), found.next()) {
                    (Some(run), None) => Ok(run.id),
                    (None, _) => Err("no run"),
                    (Some(_), Some(_)) => Err("more than one run"),
                };
                Some(problem.map_err(|what| {
                    UsageError(format!(
                        "the study {} holds {what} whose name begins with `{name}`; `ganas export` says the names",
                        study.path().display()
                    ))
                })?)
            }
        };
        Ok(RunFilter {
            run,
            space: match self.described()? {
                Some(space) => Some(space.name().to_owned()),
                None => self.space.clone(),
            },
            algorithm: self.algorithm.clone(),
            search: self.search.clone(),
            table_sha256: self.table_sha256.clone(),
            seed: self.seed,
        })
    }
}
