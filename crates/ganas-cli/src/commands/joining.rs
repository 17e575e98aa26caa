//! `ganas search --join`: one process of several does the search, the others evaluate for it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use ganas::StopFlag;
use ganas::worker::join::{JoinEnd, Leadership, Role, evaluate_for};

use crate::arguments::duration::duration;
use crate::arguments::workers::WorkerArguments;
use crate::printing::exit::Outcome;
use crate::printing::interrupt::Interrupt;
use crate::printing::stderr::message;

/// How processes share a search.
#[derive(Debug, clap::Args)]
pub(crate) struct JoiningArguments {
    /// Evaluates for the process that works on this study, on whatever machine; leads the search when none does, and when that
    /// one dies. The study lies on a file system that all of them see.
    #[arg(long, requires = "evaluator", help_heading = "Evaluator")]
    join: bool,
    /// With --join: who has given no sign of life for so long is taken for dead; longer than a shared file system takes to show
    /// what another machine wrote.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration, requires = "join", help_heading = "Evaluator")]
    join_patience: Duration,
}

/// What this process has to do.
pub(crate) enum Part {
    /// The search, which others may join when it leads.
    Searches(Option<Arc<Leadership>>),
    /// Nothing more.
    Done(Outcome),
}

impl JoiningArguments {
    /// Leads or joins, when that is asked for; who joins comes back when there is nothing more to do, or leads on.
    pub(crate) fn role(
        &self,
        workers: &WorkerArguments,
        study: Option<&Path>,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Part> {
        let (true, Some(study)) = (self.join, study) else {
            return Ok(Part::Searches(None));
        };
        let Some(mut config) = workers.config(Some(study))? else {
            return Ok(Part::Searches(None));
        };
        let stop = StopFlag::default();
        config.stop = stop.shared();
        config.cancel = stop.shared_cancel();
        let _safe_stop = interrupt.stop_safely(&stop, "the others go on".to_owned());
        let folder = folder(study);
        let mut evaluations = 0;
        loop {
            if folder.exists() {
                message(format_args!(
                    "another process leads, or led and was killed: waiting for a sign of life, at most {} s",
                    self.join_patience.as_secs()
                ));
            }
            let role = match Role::find(&folder, self.join_patience, &config.stop) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    return Ok(Part::Done(Outcome::Interrupted));
                }
                role => role.with_context(|| {
                    format!("cannot use {}, where processes join", folder.display())
                })?,
            };
            let leader = match role {
                Role::Leads(leads) => return Ok(Part::Searches(Some(leads))),
                Role::Joins(leader) => leader,
            };
            message(format_args!(
                "joined the search of {}, with {} workers",
                study.display(),
                config.workers
            ));
            let (end, answered) = evaluate_for(&leader, &config)
                .with_context(|| format!("cannot evaluate by {}", folder.display()))?;
            evaluations += answered;
            match end {
                JoinEnd::Finished => {
                    message(format_args!(
                        "the search has ended; evaluations that were done here: {evaluations}"
                    ));
                    return Ok(Part::Done(Outcome::Done));
                }
                JoinEnd::Interrupted => return Ok(Part::Done(Outcome::Interrupted)),
                JoinEnd::Refused(reason) => {
                    return Err(anyhow!(
                        "the workers of this process cannot join the search of {}: {reason}; join with the --evaluator of the \
                         process that leads, or name another --study",
                        study.display()
                    ));
                }
                JoinEnd::LeaderLost => message(
                    "the process that led gave no sign of life; one of those that joined leads on",
                ),
            }
        }
    }
}

/// The folder by which processes join.
fn folder(study: &Path) -> PathBuf {
    let mut folder = study.as_os_str().to_owned();
    folder.push(".join");
    folder.into()
}
